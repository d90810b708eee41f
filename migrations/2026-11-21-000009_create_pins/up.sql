CREATE TABLE pins (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    hash text NOT NULL,
    failures timestamptz NOT NULL DEFAULT 'epoch',
    last_seen_at timestamptz NOT NULL,
    proven_by uuid
) WITH (fillfactor = 70);

COMMENT ON TABLE pins IS
    'Second steps: one row per user who has set a PIN. Deleting the row is having none. Its lock comes right after that of the user''s row.';
COMMENT ON COLUMN pins.hash IS
    'Argon2id as a PHC string, with a salt of its own and keyed from the key in guard_keys: without that key no PIN can be tried on it.';
COMMENT ON COLUMN pins.failures IS
    'PINs compared and not right: a meter as those of phone_guard. Changing the PIN does not empty it.';
COMMENT ON COLUMN pins.last_seen_at IS
    'The owner''s last sign of life: a login, or within an hour the use of a session. After PIN_RELEASE_DAYS without one the number has changed hands, and a login takes the row away.';
COMMENT ON COLUMN pins.proven_by IS
    'The session whose login gave this PIN last: shortly after it, that session need not give it again. No reference, for sessions end.';

-- A right code whose PIN is missing gives its attempt back: then there may be none.
ALTER TABLE challenge_use DROP CONSTRAINT challenge_use_attempts_check;
ALTER TABLE challenge_use ADD CONSTRAINT challenge_use_attempts_check CHECK (attempts >= 0);

CREATE FUNCTION return_attempt(
    _jti uuid, _phone uuid,
    -- what claim_attempt was called with, and where it charged the deployment
    _device uuid, _meter text, _every interval, _risk_slot smallint, _risk_every interval
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE challenge_use SET attempts = attempts - 1 WHERE jti = _jti AND consumed_at IS NULL AND attempts > 0;
    IF NOT FOUND THEN
        -- The login that consumed it gave all attempts back.
        RETURN false;
    END IF;
    IF _device IS NOT NULL THEN
        UPDATE device_guard SET failures = failures - _every WHERE device = _device AND _meter IS NOT NULL;
    ELSIF _meter IS NOT NULL THEN
        UPDATE phone_guard SET f4 = CASE _meter WHEN 'f4' THEN f4 - _every ELSE f4 END,
                               f6 = CASE _meter WHEN 'f6' THEN f6 - _every ELSE f6 END
        WHERE phone = _phone;
        UPDATE risk SET g4 = CASE _meter WHEN 'f4' THEN g4 - _risk_every ELSE g4 END,
                        g6 = CASE _meter WHEN 'f6' THEN g6 - _risk_every ELSE g6 END
        WHERE slot = _risk_slot;
    END IF;
    RETURN true;
END $$;

COMMENT ON FUNCTION return_attempt IS
    'After a right code that is no login yet: gives back this one attempt and its charges, and nothing else. False: the challenge is consumed.';

CREATE FUNCTION charge_pin(
    _at timestamptz, _user uuid, _every interval, _burst integer,
    -- the hash to compare with; both null: the user has no PIN
    OUT hash text, OUT wait interval
) LANGUAGE plpgsql AS $$
BEGIN
    _at := coalesce(_at, now());
    UPDATE pins SET failures = greatest(failures, _at) + _every
    WHERE user_id = _user AND gcra_wait(failures, _at, _every, _burst) <= interval '0'
    RETURNING pins.hash INTO hash;
    IF NOT FOUND THEN
        SELECT gcra_wait(failures, _at, _every, _burst) INTO wait FROM pins WHERE user_id = _user;
    END IF;
END $$;

COMMENT ON FUNCTION charge_pin IS
    'Before a PIN is compared: charges the user''s meter, or says how long to wait.';

CREATE FUNCTION note_life(_user uuid, _now timestamptz) RETURNS void LANGUAGE sql AS $$
    UPDATE pins SET last_seen_at = _now
    WHERE user_id = (
        SELECT user_id FROM pins WHERE user_id = _user AND last_seen_at < _now - interval '1 hour'
        FOR UPDATE SKIP LOCKED
    )
$$;

COMMENT ON FUNCTION note_life IS
    'A session of the user was used. Written once an hour, and never waits: whoever calls it holds locks that come later.';
