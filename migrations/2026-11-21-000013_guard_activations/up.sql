CREATE TABLE tombstones (
    phone uuid PRIMARY KEY,
    has_activated boolean NOT NULL,
    kept_until timestamptz NOT NULL
);

CREATE INDEX tombstones_kept_until ON tombstones (kept_until);

COMMENT ON TABLE tombstones IS
    'Numbers whose account may activate no invite code any more, because it did or is too old, and was deleted or changed its number: whoever registers with one of them may not either.';
COMMENT ON COLUMN tombstones.phone IS 'The pseudonym of the number: HMAC under the key in guard_keys.';
COMMENT ON COLUMN tombstones.has_activated IS 'Whether the account activated a code; else it was too old for one.';

CREATE FUNCTION activation_standing(
    _now timestamptz, _user uuid, _former uuid, _code text, _window_since timestamptz
) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    own users;
    earlier text;
    has_activated boolean;
    referrer uuid;
BEGIN
    SELECT * INTO own FROM users WHERE id = _user;
    SELECT invite_code INTO earlier FROM referrals WHERE invitee_id = _user;
    IF earlier = _code THEN
        RETURN 'activated';
    ELSIF own.invite_code = _code THEN
        RETURN 'own';
    ELSIF earlier IS NOT NULL THEN
        RETURN 'earlier';
    END IF;
    SELECT tombstones.has_activated INTO has_activated FROM tombstones WHERE phone = _former AND kept_until > _now;
    IF has_activated THEN
        RETURN 'earlier';
    ELSIF NOT has_activated OR own.created_at <= _window_since THEN
        RETURN 'closed';
    END IF;
    -- Whose code it is, is looked for last: who cannot activate one cannot look for codes either.
    SELECT id INTO referrer FROM users WHERE invite_code = _code AND deleted_at IS NULL;
    IF NOT FOUND THEN
        RETURN 'unknown';
    END IF;
    RETURN (
        WITH RECURSIVE ancestors AS (
            SELECT referrer AS id
            UNION
            SELECT referrer_id FROM referrals JOIN ancestors ON invitee_id = ancestors.id
        )
        SELECT 'cycle' FROM ancestors WHERE id = _user
    );
END $$;

COMMENT ON FUNCTION activation_standing IS
    'What stands against the activation of a code by a user; null: nothing. Volatile, so that it sees what was committed while its caller waited for a lock.';

CREATE FUNCTION room_for_unknown(_at timestamptz, _meter uuid, _every interval, _burst integer) RETURNS interval
    LANGUAGE plpgsql AS $$
DECLARE
    wait interval;
BEGIN
    INSERT INTO rate_limit AS limits (key) VALUES (_meter) ON CONFLICT (key) DO UPDATE SET tat = limits.tat
    RETURNING gcra_wait(limits.tat, _at, _every, _burst) INTO wait;
    RETURN wait;
END $$;

COMMENT ON FUNCTION room_for_unknown IS
    'Locks the limit on codes that nobody has and tells how long until it has room for one more; not above zero: it has.';

CREATE FUNCTION activate_invite(
    _at timestamptz, _now timestamptz,
    -- who enters the code, the number they have, and what its tombstone would be known by
    _session uuid, _user uuid, _number text, _former uuid,
    _code text,
    -- accounts made until then are too old; null: none is
    _window_since timestamptz,
    -- the number's limit on codes that nobody has
    _meter uuid, _every interval, _burst integer,
    OUT outcome text, OUT earlier text, OUT wait interval
) LANGUAGE plpgsql AS $$
BEGIN
    _at := coalesce(_at, now());
    wait := room_for_unknown(_at, _meter, _every, _burst);
    IF wait > interval '0' THEN
        outcome := 'throttled';
        RETURN;
    END IF;
    wait := NULL;

    -- Twice: what is refused at sight keeps nobody waiting; what is not is looked at again under its locks.
    FOR pass IN 1..2 LOOP
        IF pass = 2 THEN
            -- Two activations that together would close a cycle see each other only if one waits for the other.
            PERFORM pg_advisory_xact_lock(hashtext('phone-auth referral tree'));
            IF lock_user_of(_session, _now) IS DISTINCT FROM _user
               OR NOT EXISTS (SELECT FROM users WHERE id = _user AND phone = _number) THEN
                outcome := 'overtaken';
                RETURN;
            END IF;
        END IF;
        outcome := activation_standing(_now, _user, _former, _code, _window_since);
        IF outcome = 'unknown' THEN
            UPDATE rate_limit SET tat = greatest(tat, _at) + _every WHERE key = _meter;
        ELSIF outcome = 'earlier' THEN
            SELECT invite_code INTO earlier FROM referrals WHERE invitee_id = _user;
        END IF;
        IF outcome IS NOT NULL THEN
            RETURN;
        END IF;
    END LOOP;

    -- Its row is waited for only now: whoever deletes an account waits for who invited it, and so never the other way.
    WITH referrer AS (
        UPDATE users SET invited_users_count = invited_users_count + 1 WHERE invite_code = _code AND deleted_at IS NULL
        RETURNING id
    )
    INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at) SELECT _user, id, _code, _now FROM referrer;
    outcome := 'activated';
    IF NOT FOUND THEN
        UPDATE rate_limit SET tat = greatest(tat, _at) + _every WHERE key = _meter;
        outcome := 'unknown';
    END IF;
END $$;

COMMENT ON FUNCTION activate_invite IS
    'Enters an invite code for a user, once and for all, or says why not. Only a code that nobody has is counted.';

CREATE FUNCTION look_for_inviter(
    _at timestamptz, _now timestamptz,
    -- the account that was just made, and what a tombstone of its number would be known by
    _user uuid, _former uuid,
    _code text, _meter uuid, _every interval, _burst integer
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    outcome text;
BEGIN
    _at := coalesce(_at, now());
    IF room_for_unknown(_at, _meter, _every, _burst) > interval '0' THEN
        RETURN 'throttled';
    END IF;
    outcome := activation_standing(_now, _user, _former, _code, NULL);
    IF outcome = 'unknown' THEN
        UPDATE rate_limit SET tat = greatest(tat, _at) + _every WHERE key = _meter;
    END IF;
    RETURN outcome;
END $$;

COMMENT ON FUNCTION look_for_inviter IS
    'What stands against the invite code of a first login; null: nothing. Called once the account is made, so that the one that had the number before, if it was waited for, is seen as it ended. Under the same limit as activate_invite.';
