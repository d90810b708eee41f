DROP FUNCTION look_for_inviter, activate_invite, room_for_unknown, activation_standing;
DROP TABLE tombstones;
