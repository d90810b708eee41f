ALTER TABLE sessions
    ADD COLUMN replays smallint NOT NULL DEFAULT 0,
    ADD COLUMN replays_since timestamptz;

UPDATE sessions SET replays = cardinality(replayed_at), replays_since = (SELECT min(moment) FROM unnest(replayed_at) AS moment);

ALTER TABLE sessions DROP COLUMN replayed_at;

COMMENT ON COLUMN sessions.replays IS 'How often the predecessor was honoured since replays_since; at most 3 a day, with SECURITY_PROFILE=strict once.';
COMMENT ON COLUMN sessions.last_used_at IS NULL;

DROP FUNCTION bound_sessions;
