CREATE FUNCTION lock_user_of(_session uuid, _now timestamptz) RETURNS uuid LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    _user uuid;
BEGIN
    SELECT users.id INTO _user FROM sessions JOIN users ON users.id = sessions.user_id
    WHERE sessions.id = _session AND sessions.expires_at > _now
    FOR UPDATE OF users;
    -- A statement of its own: whoever held the row until now may have ended the session or the account.
    RETURN (
        SELECT users.id FROM sessions JOIN users ON users.id = sessions.user_id
        WHERE sessions.id = _session AND sessions.expires_at > _now AND users.id = _user AND users.deleted_at IS NULL
    );
END $$;

COMMENT ON FUNCTION lock_user_of IS
    'Locks the row of the user of a session, and tells who that is if the session lives once the lock is had. What writes for a session begins with this: looked at beside the lock, a session would be seen as it was before the wait.';

CREATE FUNCTION refuse_past_pin(_user uuid, _silent_since timestamptz, _proven text) RETURNS void
    LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pins WHERE user_id = _user AND (_silent_since IS NULL OR last_seen_at > _silent_since)
                           AND hash IS DISTINCT FROM _proven
    ) THEN
        RAISE EXCEPTION 'a PIN came with the account while its login waited' USING ERRCODE = 'serialization_failure';
    END IF;
END $$;

COMMENT ON FUNCTION refuse_past_pin IS
    'Under the lock of the user''s row: undoes a login that at its beginning saw no PIN in its way, because the account came to the number, or the PIN to the account, while it waited.';

CREATE INDEX events_of_user ON events ((data ->> 'user_id'));

COMMENT ON INDEX events_of_user IS 'For the export of an account.';
