CREATE FUNCTION event_id(_at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
    -- A random UUID of version 4 with the milliseconds in its first 48 bits, and its version made 7.
    SELECT encode(set_bit(set_bit(overlay(
        uuid_send(gen_random_uuid()) PLACING substring(int8send(floor(extract(epoch FROM _at) * 1000)::bigint) FROM 3)
        FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid
$$;

COMMENT ON FUNCTION event_id IS
    'A UUID of version 7 (RFC 9562, section 5.7) for something that happened at _at.';

CREATE TABLE events (
    id uuid PRIMARY KEY,
    event_type text NOT NULL CHECK (event_type ~ '^[a-z.-]+$'),
    data jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    shared_at timestamptz
);

CREATE INDEX events_unshared ON events (id) WHERE shared_at IS NULL;

COMMENT ON TABLE events IS
    'The outbox: what happened, written in the transaction in which it did, until those who asked to be told were told.';
COMMENT ON COLUMN events.id IS
    'webhook-id: the same in each attempt. UUID of version 7, so that purging walks the primary key.';
COMMENT ON COLUMN events.data IS
    'Identifiers only: what a deletion erases must not live on here.';
COMMENT ON COLUMN events.shared_at IS
    'When it was shared out to the endpoints, or last retried by an operator; null: not yet. It is kept for some days from then.';

CREATE TABLE webhook_endpoints (
    id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    url text NOT NULL UNIQUE,
    added_at timestamptz NOT NULL,
    named_at timestamptz NOT NULL,
    ended_at timestamptz,
    ended_because text,
    CONSTRAINT webhook_endpoints_end_has_a_reason CHECK ((ended_at IS NULL) = (ended_because IS NULL))
);

COMMENT ON TABLE webhook_endpoints IS 'Who is told of events: every URL that WEBHOOK_URLS has named.';
COMMENT ON COLUMN webhook_endpoints.added_at IS 'When it was first named: of what happened before it is not told.';
COMMENT ON COLUMN webhook_endpoints.named_at IS
    'When a running instance last named it. Instances with different settings share what there is to tell; what none has named for an hour was removed.';
COMMENT ON COLUMN webhook_endpoints.ended_at IS
    'It answered 410 and is told nothing more, until an operator starts it again.';

CREATE FUNCTION is_named(_endpoint webhook_endpoints, _now timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT _endpoint.named_at > _now - interval '1 hour'
$$;

COMMENT ON FUNCTION is_named IS 'Whether a running instance names the endpoint, or did within the hour.';

CREATE FUNCTION is_live(_endpoint webhook_endpoints, _now timestamptz) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT _endpoint.ended_at IS NULL AND _endpoint.named_at > _now - interval '1 hour'
$$;

COMMENT ON FUNCTION is_live IS 'Whether the endpoint is told of events.';

CREATE TABLE deliveries (
    event_id uuid NOT NULL REFERENCES events ON DELETE CASCADE,
    endpoint_id integer NOT NULL REFERENCES webhook_endpoints,
    attempts smallint NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL,
    delivered_at timestamptz,
    failed_at timestamptz,
    last_outcome text,
    PRIMARY KEY (event_id, endpoint_id)
) WITH (fillfactor = 70);

-- What was begun before comes before what was not.
CREATE INDEX deliveries_due ON deliveries (endpoint_id, least(attempts, 1::smallint), due_at)
    WHERE delivered_at IS NULL AND failed_at IS NULL;
-- For operators: what they ask for is found among any number of deliveries that were made.
CREATE INDEX deliveries_undelivered ON deliveries (event_id DESC, endpoint_id)
    WHERE delivered_at IS NULL AND failed_at IS NULL;
CREATE INDEX deliveries_failed ON deliveries (event_id DESC, endpoint_id) WHERE failed_at IS NOT NULL;

COMMENT ON TABLE deliveries IS 'One event to one endpoint.';
COMMENT ON COLUMN deliveries.attempts IS 'Counted when one begins; which of them an outcome is of.';
COMMENT ON COLUMN deliveries.due_at IS
    'When the next attempt may begin. Whoever begins one moves it ahead, beyond the time an attempt can take: after a crash another begins then.';
COMMENT ON COLUMN deliveries.failed_at IS 'After the last attempt; none follows unless an operator asks for it.';
COMMENT ON COLUMN deliveries.last_outcome IS 'A status or a few words; nothing of what the endpoint said.';

-- Triggers, so that no statement can forget to tell.

CREATE FUNCTION tell_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    -- When it happened, by the row itself.
    _at timestamptz := CASE TG_ARGV[0]
        WHEN 'user.created' THEN NEW.created_at
        WHEN 'user.deleted' THEN NEW.deleted_at
        ELSE NEW.updated_at
    END;
BEGIN
    INSERT INTO events (id, event_type, data, occurred_at)
    VALUES (event_id(_at), TG_ARGV[0], jsonb_build_object('user_id', NEW.id), _at);
    RETURN NULL;
END $$;

COMMENT ON FUNCTION tell_of_user IS 'Writes the event that the trigger names.';

CREATE TRIGGER tell_created AFTER INSERT ON users
    FOR EACH ROW EXECUTE FUNCTION tell_of_user('user.created');
CREATE TRIGGER tell_deleted AFTER UPDATE OF deleted_at ON users
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
    EXECUTE FUNCTION tell_of_user('user.deleted');
CREATE TRIGGER tell_phone_changed AFTER UPDATE OF phone ON users
    FOR EACH ROW WHEN (OLD.phone <> NEW.phone)
    EXECUTE FUNCTION tell_of_user('phone.changed');

CREATE FUNCTION tell_of_referral() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO events (id, event_type, data, occurred_at)
    VALUES (event_id(NEW.invited_at), 'referral.activated',
            jsonb_build_object('user_id', NEW.invitee_id, 'referrer_id', NEW.referrer_id), NEW.invited_at);
    RETURN NULL;
END $$;

COMMENT ON FUNCTION tell_of_referral IS 'Writes referral.activated.';

CREATE TRIGGER tell_activated AFTER INSERT ON referrals FOR EACH ROW EXECUTE FUNCTION tell_of_referral();
