-- The decisions behind the guess budget. Each is called as one statement with a commit of its own, locks what it
-- decides about, decides, and writes: all or nothing, and of parallel calls one after the other. The numbers of the
-- budget are arguments, from src/domain/guess_budget.rs and src/domain/send_limits.rs. An _at of null means now: tests
-- turn it, the service never gives it.
--
-- Locks are taken in one order everywhere: a client's limit on entering codes, challenge, other limits, phone, risk,
-- user, device, session, day, country. Whoever holds one of them waits only for those behind it.

CREATE FUNCTION gcra_wait(_tat timestamptz, _at timestamptz, _every interval, _burst integer) RETURNS interval
    LANGUAGE sql STABLE
    RETURN greatest(_tat, _at) + _every - _at - _every * _burst;

COMMENT ON FUNCTION gcra_wait IS
    'How long until a limit of _burst that regains one per _every has room for one more; not above zero: it has.';

CREATE FUNCTION lock_phone(_phone uuid) RETURNS phone_guard LANGUAGE plpgsql AS $$
DECLARE
    guard phone_guard;
BEGIN
    LOOP
        SELECT * INTO guard FROM phone_guard WHERE phone = _phone FOR UPDATE;
        IF FOUND THEN
            RETURN guard;
        END IF;
        INSERT INTO phone_guard (phone) VALUES (_phone) ON CONFLICT DO NOTHING;
    END LOOP;
END $$;

COMMENT ON FUNCTION lock_phone IS 'The row of a phone, made if there is none, and locked: also against being purged.';

CREATE FUNCTION lock_limits(_keys uuid[]) RETURNS void LANGUAGE sql AS $$
    INSERT INTO rate_limit (key) SELECT DISTINCT key FROM unnest(_keys) AS key ORDER BY key
    ON CONFLICT (key) DO UPDATE SET tat = rate_limit.tat
$$;

COMMENT ON FUNCTION lock_limits IS
    'The same for limits: in one pass, made or locked in the order of their keys, so that nobody waits for who waits for them.';

CREATE FUNCTION returned_lately(_returned timestamptz[], _at timestamptz) RETURNS timestamptz[]
    LANGUAGE sql STABLE
    RETURN ARRAY (SELECT moment FROM unnest(_returned) AS moment WHERE moment > _at - interval '24 hours');

CREATE FUNCTION return_send(_at timestamptz, _phone uuid, _device uuid, _every interval, _most integer) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF _device IS NULL THEN
        UPDATE phone_guard SET
            sends = sends - _every,
            last_sent_at = NULL,
            returned = returned_lately(returned, _at) || _at
        WHERE phone = _phone AND cardinality(returned_lately(returned, _at)) < _most;
    ELSE
        UPDATE device_guard SET
            sends = sends - _every,
            returned = returned_lately(returned, _at) || _at
        WHERE device = _device AND cardinality(returned_lately(returned, _at)) < _most;
    END IF;
END $$;

COMMENT ON FUNCTION return_send IS 'Gives a send back to the lane it was taken from, _most times in any 24 hours.';

CREATE FUNCTION traffic_slot(_phone uuid) RETURNS smallint LANGUAGE sql IMMUTABLE
    RETURN get_byte(uuid_send(_phone), 15) % 16;

COMMENT ON FUNCTION traffic_slot IS 'In which of the rows of its country a phone is counted.';

CREATE FUNCTION take_of_day(_today date, _is_device boolean, _most integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    taken integer;
BEGIN
    INSERT INTO sends_per_day (day) SELECT _today
    WHERE NOT EXISTS (SELECT FROM sends_per_day WHERE day = _today) ON CONFLICT DO NOTHING;
    IF _is_device THEN
        UPDATE sends_per_day SET devices = devices + 1 WHERE day = _today AND devices < _most RETURNING devices INTO taken;
    ELSE
        UPDATE sends_per_day SET strangers = strangers + 1 WHERE day = _today AND strangers < _most
        RETURNING strangers INTO taken;
    END IF;
    RETURN taken;
END $$;

COMMENT ON FUNCTION take_of_day IS 'Takes one of a day''s sends; gives how many were taken, or null when there are none.';

CREATE FUNCTION admit_send(
    _at timestamptz,
    _limited boolean,
    -- the trusted device that asks, if one does, and the number in E.164
    _device uuid, _number text,
    _failures_every interval, _failures_burst integer,
    _device_every interval, _device_burst integer,
    -- the phone, as asked for by a stranger
    _phone uuid, _gap interval, _every interval, _burst integer,
    -- further limits: the networks, the number block; _pair and _phones belong together: a network is charged for one
    -- more phone only when it did not ask for this one lately
    _keys uuid[], _everies interval[], _bursts integer[], _pair uuid, _phones uuid,
    -- the country closes for _closed when less than _percent of at least _enough sends within that time led to logins
    _country text, _country_key uuid, _enough integer, _percent integer, _closed interval,
    -- the day of the deployment: for strangers, and for what devices ask for beyond their first
    _day_strangers integer, _day_devices integer,
    -- null: admitted
    OUT wait interval,
    OUT trusted boolean,
    -- how far the meters lie ahead of now: from them the caller chooses the length of the code
    OUT f4 interval, OUT f6 interval, OUT g4 interval, OUT g6 interval,
    -- after how long the next send fits, as far as this phone goes
    OUT next interval,
    -- of strangers, null unless one was counted
    OUT sends_today integer
) LANGUAGE plpgsql AS $$
DECLARE
    own device_guard;
    own_wait interval;
    guard phone_guard;
    known_until timestamptz;
    phones_wait interval;
    near boolean;
    traffic record;
    closed_until timestamptz;
    today date;
    midnight interval;
BEGIN
    _at := coalesce(_at, now());
    today := (_at AT TIME ZONE 'UTC')::date;
    midnight := (today + 1)::timestamp AT TIME ZONE 'UTC' - _at;
    trusted := false;

    -- The lane of a trusted device. Where it has no room, the device is a stranger.
    -- Without one, no account is looked at.
    IF _device IS NOT NULL THEN
        SELECT device_guard.* INTO own
        FROM device_guard JOIN users ON users.id = device_guard.user_id
        WHERE device_guard.device = _device AND users.phone = _number AND device_guard.expires_at > _at;
    END IF;
    IF own.device IS NOT NULL AND gcra_wait(own.failures, _at, _failures_every, _failures_burst) <= interval '0' THEN
        IF NOT _limited THEN
            trusted := true;
            RETURN;
        END IF;
        own_wait := gcra_wait(own.sends, _at, _device_every, _device_burst);
        IF own.last_own_send_at > _at - _device_every
           AND EXISTS (SELECT FROM sends_per_day WHERE day = today AND devices >= _day_devices) THEN
            own_wait := greatest(own_wait, least(own.last_own_send_at + _device_every - _at, midnight));
        END IF;
        IF own_wait <= interval '0' THEN
            -- In a block of its own: what it locked is let go with it, for the lane of strangers has other locks first.
            BEGIN
                SELECT * INTO own FROM device_guard WHERE device = _device FOR UPDATE;
                IF NOT FOUND OR gcra_wait(own.sends, _at, _device_every, _device_burst) > interval '0' THEN
                    RAISE EXCEPTION USING ERRCODE = 'PA001';
                END IF;
                -- One send in a while is nobody else's business; others come out of a common budget.
                IF own.last_own_send_at > _at - _device_every THEN
                    IF take_of_day(today, true, _day_devices) IS NULL THEN
                        RAISE EXCEPTION USING ERRCODE = 'PA001';
                    END IF;
                ELSE
                    own.last_own_send_at := _at;
                END IF;
                UPDATE device_guard SET
                    sends = greatest(device_guard.sends, _at) + _device_every,
                    last_own_send_at = own.last_own_send_at
                WHERE device = _device RETURNING * INTO own;
                trusted := true;
                next := greatest(gcra_wait(own.sends, _at, _device_every, _device_burst), interval '0');
                RETURN;
            EXCEPTION WHEN SQLSTATE 'PA001' THEN
                -- Another request took the room since it was looked at.
                own_wait := NULL;
            END;
        END IF;
    END IF;

    SELECT min(risk.g4) - _at, min(risk.g6) - _at INTO g4, g6 FROM risk;
    -- Twice: what is refused at sight writes nothing; what is not is looked at again under its locks.
    FOR pass IN 1..2 LOOP
        IF pass = 2 THEN
            -- The country is counted exactly while it is near to be closed, by more than can be under way at once;
            -- others need not queue for its row.
            near := traffic.logins * 100 <= (traffic.sends + 64) * _percent;
            IF near THEN
                _keys := _keys || _country_key;
            END IF;
            PERFORM lock_limits(_keys);
            guard := lock_phone(_phone);
        ELSE
            SELECT * INTO guard FROM phone_guard WHERE phone = _phone;
            IF NOT _limited THEN
                f4 := coalesce(guard.f4 - _at, interval '0');
                f6 := coalesce(guard.f6 - _at, interval '0');
                RETURN;
            END IF;
        END IF;

        known_until := (SELECT tat FROM rate_limit WHERE key = _pair AND tat > _at);
        SELECT greatest(
                   guard.last_sent_at + _gap - _at,
                   gcra_wait(guard.sends, _at, _every, _burst),
                   max(quota.wait) FILTER (WHERE known_until IS NULL OR quota.key NOT IN (_pair, _phones))
               ),
               max(quota.wait) FILTER (WHERE quota.key = _phones)
        INTO wait, phones_wait
        FROM (
            SELECT key, gcra_wait(rate_limit.tat, _at, every, burst) AS wait
            FROM unnest(_keys, _everies, _bursts) AS limits (key, every, burst) LEFT JOIN rate_limit USING (key)
            WHERE every IS NOT NULL
        ) AS quota;

        SELECT coalesce(sum(sends), 0) AS sends, coalesce(sum(logins), 0) AS logins INTO traffic
        FROM country_traffic WHERE country = _country AND since > _at - _closed;
        SELECT tat INTO closed_until FROM rate_limit WHERE key = _country_key;
        IF traffic.sends >= _enough AND traffic.logins * 100 < traffic.sends * _percent
           AND coalesce(closed_until <= _at, true) THEN
            closed_until := _at + _closed;
            -- Written where nothing is locked yet, or this row is.
            IF pass = 1 OR near THEN
                INSERT INTO rate_limit (key, tat) VALUES (_country_key, closed_until)
                ON CONFLICT (key) DO UPDATE SET tat = closed_until;
            END IF;
        END IF;
        -- Once logins come after all, it was no attack: then the country opens early.
        IF traffic.sends = 0 OR traffic.logins * 100 < traffic.sends * _percent THEN
            wait := greatest(wait, closed_until - _at);
        END IF;
        IF EXISTS (SELECT FROM sends_per_day WHERE day = today AND strangers >= _day_strangers) THEN
            wait := greatest(wait, midnight);
        END IF;

        IF wait > interval '0' THEN
            -- By then the network may have forgotten that it asked for this phone.
            IF known_until <= _at + wait THEN
                wait := greatest(wait, phones_wait);
            END IF;
            -- Whichever lane has room first.
            wait := least(wait, own_wait);
            RETURN;
        END IF;
    END LOOP;

    -- The last that can refuse, and only if somebody took the day's last since it was looked at.
    sends_today := take_of_day(today, false, _day_strangers);
    IF sends_today IS NULL THEN
        wait := midnight;
        RETURN;
    END IF;
    wait := NULL;
    f4 := guard.f4 - _at;
    f6 := guard.f6 - _at;
    UPDATE phone_guard SET sends = greatest(phone_guard.sends, _at) + _every, last_sent_at = _at
    WHERE phone = _phone RETURNING * INTO guard;
    UPDATE rate_limit SET tat = greatest(tat, _at) + quota.every
    FROM unnest(_keys, _everies) AS quota (key, every)
    WHERE rate_limit.key = quota.key AND quota.every IS NOT NULL AND (known_until IS NULL OR quota.key NOT IN (_pair, _phones));
    INSERT INTO country_traffic AS counted (country, since, slot, sends)
    VALUES (_country, date_bin('5 minutes', _at, 'epoch'), traffic_slot(_phone), 1)
    ON CONFLICT (since, country, slot) DO UPDATE SET sends = counted.sends + 1;
    next := greatest(_gap, gcra_wait(guard.sends, _at, _every, _burst));
END $$;

COMMENT ON FUNCTION admit_send IS
    'Before a code is sent: admits it and counts it, or says how long to wait and counts nothing.';

CREATE FUNCTION claim_attempt(
    _at timestamptz,
    _jti uuid, _issued timestamptz, _expires_at timestamptz, _allowed smallint,
    _phone uuid,
    -- the trusted device in whose lane the challenge was made; null: a stranger
    _device uuid,
    -- the meter of this length, f4 or f6; null: none counts
    _meter text, _every interval, _burst integer, _risk_every interval, _risk_burst integer,
    -- the client's network; null: not limited
    _network uuid, _network_every interval, _network_burst integer,
    -- how a send is given back
    _send_every interval, _most_returned integer,
    OUT outcome text, OUT attempts smallint, OUT risk_slot smallint, OUT wait interval
) LANGUAGE plpgsql AS $$
DECLARE
    guard phone_guard;
    has_room boolean := true;
BEGIN
    _at := coalesce(_at, now());

    IF _network IS NOT NULL THEN
        INSERT INTO rate_limit AS limits (key, tat) VALUES (_network, _at + _network_every)
        ON CONFLICT (key) DO UPDATE SET tat = greatest(limits.tat, _at) + _network_every
        WHERE gcra_wait(limits.tat, _at, _network_every, _network_burst) <= interval '0';
        IF NOT FOUND THEN
            outcome := 'throttled';
            SELECT gcra_wait(tat, _at, _network_every, _network_burst) INTO wait FROM rate_limit WHERE key = _network;
            RETURN;
        END IF;
    END IF;

    INSERT INTO challenge_use AS used (jti, attempts, expires_at) SELECT _jti, 1, _expires_at
    WHERE NOT EXISTS (SELECT FROM phone_guard WHERE phone = _phone AND voided_before > _issued)
    ON CONFLICT (jti) DO UPDATE SET attempts = used.attempts + 1
    WHERE used.attempts < _allowed AND used.consumed_at IS NULL AND NOT used.upgraded
    RETURNING used.attempts INTO attempts;
    IF NOT FOUND THEN
        outcome := CASE WHEN EXISTS (SELECT FROM challenge_use WHERE jti = _jti AND upgraded)
                        THEN 'upgraded' ELSE 'refused' END;
        RETURN;
    END IF;

    IF _meter IS NOT NULL AND _device IS NOT NULL THEN
        UPDATE device_guard SET failures = greatest(failures, _at) + _every
        WHERE device = _device AND gcra_wait(failures, _at, _every, _burst) <= interval '0';
        has_room := FOUND;
        IF NOT has_room AND NOT EXISTS (SELECT FROM device_guard WHERE device = _device) THEN
            outcome := 'refused';
            RETURN;
        END IF;
    ELSIF _meter IS NOT NULL THEN
        guard := lock_phone(_phone);
        has_room := gcra_wait(
            CASE _meter WHEN 'f4' THEN guard.f4 ELSE guard.f6 END, _at, _every, _burst) <= interval '0';
        IF has_room THEN
            -- A slot with room that nobody is at; the same for all attempts on a challenge, if it can be.
            SELECT slot INTO risk_slot FROM risk
            WHERE gcra_wait(CASE _meter WHEN 'f4' THEN g4 ELSE g6 END, _at, _risk_every, _risk_burst) <= interval '0'
            ORDER BY hashtext(_jti::text || slot) LIMIT 1 FOR UPDATE SKIP LOCKED;
            IF NOT FOUND THEN
                SELECT slot INTO risk_slot FROM risk
                WHERE gcra_wait(CASE _meter WHEN 'f4' THEN g4 ELSE g6 END, _at, _risk_every, _risk_burst) <= interval '0'
                ORDER BY slot LIMIT 1 FOR UPDATE;
            END IF;
            has_room := FOUND;
        END IF;
        IF has_room THEN
            UPDATE risk SET g4 = CASE _meter WHEN 'f4' THEN greatest(g4, _at) + _risk_every ELSE g4 END,
                            g6 = CASE _meter WHEN 'f4' THEN g6 ELSE greatest(g6, _at) + _risk_every END
            WHERE slot = risk_slot;
            UPDATE phone_guard SET f4 = CASE _meter WHEN 'f4' THEN greatest(f4, _at) + _every ELSE f4 END,
                                   f6 = CASE _meter WHEN 'f4' THEN f6 ELSE greatest(f6, _at) + _every END
            WHERE phone = _phone;
        END IF;
    END IF;

    IF has_room THEN
        outcome := 'claimed';
    ELSE
        outcome := 'upgraded';
        -- This attempt was charged to nothing; those before it may still be on their way to a login.
        UPDATE challenge_use AS used SET upgraded = true, attempts = greatest(used.attempts - 1, 1) WHERE jti = _jti;
        PERFORM return_send(_at, _phone, _device, _send_every, _most_returned);
    END IF;
END $$;

COMMENT ON FUNCTION claim_attempt IS
    'Before a code is compared: claims an attempt on the challenge and charges every meter, or says why not.';

CREATE FUNCTION settle_challenge(
    _at timestamptz,
    _now timestamptz, _attempts smallint,
    _phone uuid, _device uuid,
    _meter text, _every interval, _risk_slot smallint, _risk_every interval,
    _send_every interval, _most_returned integer,
    -- whether the send was given back before, because the code had become too short
    _upgraded boolean,
    -- null for a test number, which counts nowhere
    _block uuid, _block_every interval
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    _at := coalesce(_at, now());
    UPDATE rate_limit SET tat = tat - _block_every WHERE key = _block AND _device IS NULL;
    -- Challenges know the millisecond in which they were made.
    _now := date_trunc('milliseconds', _now);
    INSERT INTO phone_guard AS guard (phone, voided_before) VALUES (_phone, _now)
    ON CONFLICT (phone) DO UPDATE SET
        voided_before = greatest(guard.voided_before, _now),
        f4 = CASE WHEN _device IS NULL AND _meter = 'f4' THEN guard.f4 - _every * _attempts ELSE guard.f4 END,
        f6 = CASE WHEN _device IS NULL AND _meter = 'f6' THEN guard.f6 - _every * _attempts ELSE guard.f6 END;
    IF _block IS NULL OR _device IS NOT NULL THEN
        RETURN;
    END IF;
    IF NOT _upgraded THEN
        PERFORM return_send(_at, _phone, NULL, _send_every, _most_returned);
    END IF;
    UPDATE risk SET g4 = CASE _meter WHEN 'f4' THEN g4 - _risk_every * _attempts ELSE g4 END,
                    g6 = CASE _meter WHEN 'f6' THEN g6 - _risk_every * _attempts ELSE g6 END
    WHERE slot = _risk_slot;
END $$;

COMMENT ON FUNCTION settle_challenge IS
    'With a right code: gives back what this challenge charged to its phone and its send, and voids what was made before.';

CREATE FUNCTION trust_device(
    _at timestamptz,
    _device uuid, _user uuid, _session uuid, _now timestamptz, _expires_at timestamptz, _most integer,
    -- whether the challenge was made in the lane of this device, and what it charged there
    _is_lane boolean, _attempts smallint, _every interval, _upgraded boolean, _send_every interval, _most_returned integer
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    _at := coalesce(_at, now());
    IF _is_lane THEN
        UPDATE device_guard SET failures = failures - _every * _attempts WHERE device = _device;
        IF NOT _upgraded THEN
            PERFORM return_send(_at, NULL, _device, _send_every, _most_returned);
        END IF;
    END IF;
    -- A device has one session: its new one takes the place of the one before (ASVS 5.0, 7.2.4).
    DELETE FROM sessions USING device_guard
    WHERE device_guard.device = _device AND sessions.id = device_guard.session_id AND sessions.id <> _session
      AND sessions.user_id = _user;
    INSERT INTO device_guard (device, user_id, session_id, created_at, expires_at)
    VALUES (_device, _user, _session, _now, _expires_at)
    ON CONFLICT (device) DO UPDATE SET
        user_id = excluded.user_id, session_id = excluded.session_id, expires_at = excluded.expires_at;
    DELETE FROM device_guard WHERE user_id = _user AND device NOT IN (
        SELECT device FROM device_guard WHERE user_id = _user ORDER BY expires_at DESC, device DESC LIMIT _most
    );
END $$;

COMMENT ON FUNCTION trust_device IS
    'Trusts a device, anew or on, and ends its session before this one; of more than _most devices of a user those unused the longest go. Called under the lock of the user''s row.';
