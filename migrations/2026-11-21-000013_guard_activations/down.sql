DROP FUNCTION activate_invite, has_tombstone;
DROP TABLE tombstones;
