-- $USERS accounts of two years: two sessions and two trusted devices each, every fourth invited, every twentieth with a
-- PIN, every hundredth with a picture; and of a day what stays for hours or days: challenges, meters, limits, events.
ALTER TABLE users DISABLE TRIGGER USER;
ALTER TABLE referrals DISABLE TRIGGER USER;

-- Numbers and codes in no order, as people come; identifiers in the order of time, as the service makes them.
CREATE TEMPORARY TABLE people AS
    SELECT number, event_id(at) AS id, at, '+7' || 9000000000 + number * 387420489 % 999999937 AS phone,
           (SELECT string_agg(substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
                                     (number * 1000000007 % 2176782336 / (36 ^ place)::bigint % 36)::integer + 1, 1), '')
            FROM generate_series(0, 5) AS place) AS code
    FROM (SELECT number, now() - interval '2 years' + interval '729 days' * number / $USERS AS at
          FROM generate_series(1::bigint, $USERS) AS number) numbered;
CREATE INDEX ON people (number);
ANALYZE people;

INSERT INTO users (id, phone, invite_code, email, first_name, last_name, created_at, updated_at, last_login_at)
    SELECT id, phone, code, CASE WHEN number % 3 = 0 THEN 'ada.lovelace@example.com' END,
           CASE WHEN number % 2 = 0 THEN 'Ada' END, CASE WHEN number % 2 = 0 THEN 'Lovelace' END, at, at, at
    FROM people ORDER BY number;

CREATE TEMPORARY TABLE logins AS
    SELECT login.at, people.id AS user_id, event_id(login.at) AS session
    FROM (SELECT number, now() - interval '60 days' + interval '59 days' * number / (2 * $USERS) AS at
          FROM generate_series(1::bigint, 2 * $USERS) AS number) AS login
    JOIN people ON people.number = login.number * 1000000007 % $USERS + 1;

INSERT INTO sessions (id, user_id, device_name, user_agent, network, created_at, last_used_at, rotated_at,
                      expires_at, ends_at)
    SELECT session, user_id, 'Ada''s phone', 'okhttp/4.12.0 (Linux; Android 15; Pixel 9)', '203.0.113.0/24', at, at, at,
           now() + interval '20 days', at + interval '180 days'
    FROM logins ORDER BY at;
INSERT INTO device_guard (device, user_id, session_id, created_at, expires_at)
    SELECT gen_random_uuid(), user_id, session, at, at + interval '180 days' FROM logins ORDER BY at;

INSERT INTO referrals (invitee_id, referrer_id, invite_code, invited_at)
    SELECT people.id, referrer.id, referrer.code, people.at
    FROM people JOIN people AS referrer ON referrer.number = (people.number * 1000000007 % people.number) + 1
    WHERE people.number % 4 = 0 AND referrer.number < people.number ORDER BY people.number;
INSERT INTO pins (user_id, hash, last_seen_at)
    SELECT id, '$argon2id$v=19$m=19456,t=2,p=1$' || substr(md5(phone), 1, 22) || '$' || left(md5(code) || md5(phone), 43), at
    FROM people WHERE number % 20 = 0 ORDER BY md5(phone);
INSERT INTO avatars (user_id, content, created_at)
    SELECT id, convert_to(repeat(phone, 1667), 'UTF8'), at FROM people WHERE number % 100 = 0 ORDER BY md5(phone);

INSERT INTO challenge_use (jti, attempts, expires_at, consumed_at)
    SELECT event_id(at), 1, at + interval '5 minutes', at
    FROM (SELECT now() - interval '2 days' + interval '1 day' * number / $USERS AS at
          FROM generate_series(1::bigint, $USERS / 5) AS number) AS tried;
INSERT INTO phone_guard (phone, sends, returned, voided_before)
    SELECT gen_random_uuid(), now(), ARRAY[now()], now() FROM generate_series(1, $USERS / 5);
INSERT INTO rate_limit (key, tat) SELECT gen_random_uuid(), now() - interval '1 minute' FROM generate_series(1, $USERS);
INSERT INTO tombstones (phone, has_activated, kept_until)
    SELECT gen_random_uuid(), true, now() + interval '1 year' FROM generate_series(1, $USERS / 50);
INSERT INTO webhook_endpoints (url, added_at, named_at) VALUES ('https://example.com/hooks', 'epoch', 'epoch');
INSERT INTO events (id, event_type, data, occurred_at, shared_at)
    SELECT event_id(at), 'user.created', jsonb_build_object('user_id', id), at, at FROM people WHERE number % 5 = 0
    ORDER BY number;
INSERT INTO deliveries (event_id, endpoint_id, attempts, due_at, delivered_at, last_outcome)
    SELECT events.id, webhook_endpoints.id, 1, occurred_at, occurred_at, '204' FROM events, webhook_endpoints
    ORDER BY events.id;

ALTER TABLE users ENABLE TRIGGER USER;
ALTER TABLE referrals ENABLE TRIGGER USER;
DROP TABLE people, logins;
