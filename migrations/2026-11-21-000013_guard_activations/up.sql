CREATE TABLE tombstones (
    phone uuid PRIMARY KEY,
    kept_until timestamptz NOT NULL
);

CREATE INDEX tombstones_kept_until ON tombstones (kept_until);

COMMENT ON TABLE tombstones IS
    'Numbers whose account activated an invite code before it was deleted or changed its number: whoever registers with one of them cannot activate another.';
COMMENT ON COLUMN tombstones.phone IS 'The pseudonym of the number: HMAC under the key in guard_keys.';

CREATE FUNCTION has_tombstone(_phone uuid, _now timestamptz) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM tombstones WHERE phone = _phone AND kept_until > _now);
END $$;

COMMENT ON FUNCTION has_tombstone IS
    'Volatile, and so sees what was committed while its caller waited for the row of a user: the end of the account that had the number before.';

CREATE FUNCTION activate_invite(
    _at timestamptz, _now timestamptz,
    -- who enters the code, the number they have, and what its tombstone would be known by
    _user uuid, _number text, _former uuid,
    _code text,
    -- accounts made before that are too old; null: none is
    _window_since timestamptz,
    -- the user's limit on codes that nobody has
    _meter uuid, _every interval, _burst integer,
    OUT outcome text, OUT earlier text, OUT wait interval
) LANGUAGE plpgsql AS $$
DECLARE
    own users;
    referrer uuid;
BEGIN
    _at := coalesce(_at, now());
    INSERT INTO rate_limit AS limits (key) VALUES (_meter) ON CONFLICT (key) DO UPDATE SET tat = limits.tat
    RETURNING gcra_wait(limits.tat, _at, _every, _burst) INTO wait;
    IF wait > interval '0' THEN
        outcome := 'throttled';
        RETURN;
    END IF;
    wait := NULL;

    -- Two activations that together would close a cycle see each other only if one waits for the other.
    PERFORM pg_advisory_xact_lock(hashtext('phone-auth referral tree'));
    SELECT * INTO own FROM users WHERE id = _user AND phone = _number FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'overtaken';
        RETURN;
    END IF;
    SELECT invite_code INTO earlier FROM referrals WHERE invitee_id = _user;

    -- Whose code it is, is looked for last: who cannot activate one cannot look for codes either.
    outcome := CASE
        WHEN earlier = _code THEN 'activated'
        WHEN own.invite_code = _code THEN 'own'
        WHEN earlier IS NOT NULL OR has_tombstone(_former, _now) THEN 'earlier'
        WHEN own.created_at <= _window_since THEN 'closed'
    END;
    IF outcome IS NOT NULL THEN
        RETURN;
    END IF;
    SELECT id INTO referrer FROM users WHERE invite_code = _code AND deleted_at IS NULL;
    IF EXISTS (
        WITH RECURSIVE ancestors AS (
            SELECT referrer AS id
            UNION
            SELECT referrer_id FROM referrals JOIN ancestors ON invitee_id = ancestors.id
        )
        SELECT FROM ancestors WHERE id = _user
    ) THEN
        outcome := 'cycle';
        RETURN;
    END IF;
    -- Its row is waited for only now: whoever deletes an account waits for who invited it, and so never the other way.
    UPDATE users SET invited_users_count = invited_users_count + 1 WHERE id = referrer AND deleted_at IS NULL;
    IF NOT FOUND THEN
        UPDATE rate_limit SET tat = greatest(tat, _at) + _every WHERE key = _meter;
        outcome := 'unknown';
        RETURN;
    END IF;
    INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at) VALUES (_user, referrer, _code, _now);
    outcome := 'activated';
END $$;

COMMENT ON FUNCTION activate_invite IS
    'Enters an invite code for a user, once and for all, or says why not. Only a code that nobody has is counted.';
