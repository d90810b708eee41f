DROP INDEX events_of_user;
DROP FUNCTION refuse_past_pin, lock_user_of;
