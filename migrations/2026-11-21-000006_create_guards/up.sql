CREATE TABLE phone_guard (
    phone uuid PRIMARY KEY,
    f4 timestamptz NOT NULL DEFAULT 'epoch',
    f6 timestamptz NOT NULL DEFAULT 'epoch',
    sends timestamptz NOT NULL DEFAULT 'epoch',
    last_sent_at timestamptz,
    returned timestamptz[] NOT NULL DEFAULT '{}',
    voided_before timestamptz NOT NULL DEFAULT 'epoch'
) WITH (fillfactor = 70);

COMMENT ON TABLE phone_guard IS
    'What strangers did to a phone. Every meter is one moment: how far it lies ahead of now, in units of one leak, is its level. Logged, never UNLOGGED: a crash must not give tries back.';
COMMENT ON COLUMN phone_guard.phone IS 'The pseudonym of the number: HMAC under the key in guard_keys.';
COMMENT ON COLUMN phone_guard.f4 IS 'Codes of four and five digits tried.';
COMMENT ON COLUMN phone_guard.f6 IS 'Codes of six and seven digits tried.';
COMMENT ON COLUMN phone_guard.sends IS 'Codes sent.';
COMMENT ON COLUMN phone_guard.last_sent_at IS 'Null when that send was given back.';
COMMENT ON COLUMN phone_guard.returned IS 'When sends were given back in the last 24 hours: a log, so that no window of a day has more than it may.';
COMMENT ON COLUMN phone_guard.voided_before IS 'The last login by this phone: challenges made before it are void.';

CREATE TABLE device_guard (
    device uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    session_id uuid NOT NULL,
    failures timestamptz NOT NULL DEFAULT 'epoch',
    sends timestamptz NOT NULL DEFAULT 'epoch',
    last_own_send_at timestamptz,
    returned timestamptz[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 70);

CREATE INDEX device_guard_user_id ON device_guard (user_id);
CREATE INDEX device_guard_expires_at ON device_guard (expires_at);

COMMENT ON TABLE device_guard IS
    'Devices that were logged in on, and the meters of their own lane. Deleting the row ends the trust.';
COMMENT ON COLUMN device_guard.session_id IS
    'The last login on the device. No reference: a session that ran out leaves the device trusted, one that was ended takes it along.';
COMMENT ON COLUMN device_guard.last_own_send_at IS 'The last send that came out of no common budget; a login does not give it back.';
COMMENT ON COLUMN device_guard.failures IS 'Codes tried in the device''s lane.';

CREATE TABLE risk (
    slot smallint PRIMARY KEY,
    g4 timestamptz NOT NULL DEFAULT 'epoch',
    g6 timestamptz NOT NULL DEFAULT 'epoch'
) WITH (fillfactor = 50);

INSERT INTO risk (slot) SELECT generate_series(0, 19);

COMMENT ON COLUMN risk.slot IS 'As many as SLOTS in src/domain/guess_budget.rs.';
COMMENT ON TABLE risk IS
    'Codes tried by strangers in the whole deployment. Each slot holds a twentieth of the budget, so that logins do not queue at one row; together they are exactly the budget.';

CREATE TABLE rate_limit (
    key uuid PRIMARY KEY,
    tat timestamptz NOT NULL DEFAULT 'epoch'
) WITH (fillfactor = 70);

COMMENT ON TABLE rate_limit IS
    'GCRA: one moment per limit. For a country it is the moment until which it is closed.';
COMMENT ON COLUMN rate_limit.key IS 'The pseudonym of kind and value: HMAC under the key in guard_keys.';
COMMENT ON COLUMN rate_limit.tat IS 'Theoretical arrival time: when the limit will be untouched again.';

CREATE TABLE country_traffic (
    country text NOT NULL,
    since timestamptz NOT NULL,
    slot smallint NOT NULL,
    sends integer NOT NULL DEFAULT 0,
    logins integer NOT NULL DEFAULT 0,
    PRIMARY KEY (since, country, slot)
);

COMMENT ON TABLE country_traffic IS 'Codes sent to strangers, and those of them that led to a login, in five minutes from since.';
COMMENT ON COLUMN country_traffic.slot IS 'By the phone: logins of one country do not queue at one row. The sum counts.';
COMMENT ON COLUMN country_traffic.country IS 'ISO 3166-1 alpha-2.';

CREATE TABLE sends_per_day (
    day date PRIMARY KEY,
    strangers integer NOT NULL DEFAULT 0,
    devices integer NOT NULL DEFAULT 0
);

COMMENT ON TABLE sends_per_day IS 'Codes sent on a day of UTC, against the two budgets of the deployment.';
COMMENT ON COLUMN sends_per_day.devices IS 'Those beyond the first in two hours that each trusted device may ask for, whatever others do.';

CREATE TABLE guard_keys (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    sealed_key text NOT NULL,
    created_at timestamptz NOT NULL
);

COMMENT ON TABLE guard_keys IS
    'The key of the pseudonyms, sealed under the root secret. It outlives every root secret, for with it all meters would begin anew.';

ALTER TABLE challenge_use ADD COLUMN upgraded boolean NOT NULL DEFAULT false;

COMMENT ON COLUMN challenge_use.upgraded IS 'The code had become too short for its phone: it opens nothing any more, and its send was given back.';
COMMENT ON COLUMN sessions.replays IS 'How often the predecessor was honoured since replays_since; at most 3 a day, with SECURITY_PROFILE=strict once.';
