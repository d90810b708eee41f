CREATE FUNCTION return_failed_send(
    -- when it was admitted
    _at timestamptz,
    -- the trusted device in whose lane it was; null: a stranger's
    _device uuid, _device_every interval,
    _phone uuid, _every interval,
    -- the limits that get it back; _pair and _phones among them or not, and charged only if the network was charged
    -- for one more phone
    _keys uuid[], _everies interval[], _pair uuid, _pair_every interval, _phones uuid,
    _country text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    today date := (_at AT TIME ZONE 'UTC')::date;
    was_own boolean;
    was_new boolean;
BEGIN
    IF _device IS NOT NULL THEN
        SELECT last_own_send_at = _at INTO was_own FROM device_guard WHERE device = _device FOR UPDATE;
        UPDATE device_guard SET
            sends = sends - _device_every,
            last_own_send_at = nullif(last_own_send_at, _at)
        WHERE device = _device;
        IF was_own IS NOT TRUE THEN
            UPDATE sends_per_day SET devices = devices - 1 WHERE day = today AND devices > 0;
        END IF;
        RETURN;
    END IF;

    -- In the order in which everybody locks them.
    PERFORM FROM rate_limit WHERE key = ANY (_keys) ORDER BY key FOR UPDATE;
    was_new := EXISTS (SELECT FROM rate_limit WHERE key = _pair AND tat = _at + _pair_every);
    UPDATE rate_limit SET tat = tat - quota.every
    FROM unnest(_keys, _everies) AS quota (key, every)
    WHERE rate_limit.key = quota.key AND (was_new OR quota.key NOT IN (_pair, _phones));
    UPDATE phone_guard SET sends = sends - _every, last_sent_at = nullif(last_sent_at, _at) WHERE phone = _phone;
    UPDATE sends_per_day SET strangers = strangers - 1 WHERE day = today AND strangers > 0;
    UPDATE country_traffic SET sends = sends - 1
    WHERE country = _country AND since = date_bin('5 minutes', _at, 'epoch') AND slot = traffic_slot(_phone) AND sends > 0;
END $$;

COMMENT ON FUNCTION return_failed_send IS
    'Gives back everything that admit_send took for a message of which it is certain that it did not go. Called once for each.';
