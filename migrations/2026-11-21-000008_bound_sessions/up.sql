CREATE FUNCTION bound_sessions(_user uuid, _session uuid, _now timestamptz, _most integer) RETURNS integer
    LANGUAGE sql AS $$
    WITH surplus AS (
        DELETE FROM sessions WHERE id IN (
            -- The new one is counted but not looked for: whether it can be seen here yet is not said.
            SELECT id FROM sessions WHERE user_id = _user AND id <> _session
            ORDER BY expires_at > _now DESC, created_at DESC, id DESC OFFSET _most - 1
        ) RETURNING expires_at > _now AS was_alive
    )
    SELECT count(*) FILTER (WHERE was_alive)::integer FROM surplus
$$;

COMMENT ON FUNCTION bound_sessions IS
    'With a login: of more than _most sessions of a user those go that have run out, then those of the oldest logins; gives how many of them were alive. Called under the lock of the user''s row.';

-- Counted since the first of them, there could be five in a day: one, two at its end, and three anew.
ALTER TABLE sessions
    ADD COLUMN replayed_at timestamptz[] NOT NULL DEFAULT '{}',
    DROP COLUMN replays,
    DROP COLUMN replays_since;

COMMENT ON COLUMN sessions.replayed_at IS
    'When the predecessor was honoured in the last 24 hours: a log, so that no window of a day has more than it may: three, with SECURITY_PROFILE=strict one.';
COMMENT ON COLUMN sessions.last_used_at IS
    'The last request with a token of this session; written by each refresh, otherwise at most once a minute.';
