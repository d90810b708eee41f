CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    generation integer NOT NULL DEFAULT 0,
    device_name text,
    user_agent text,
    network text NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    rotated_at timestamptz NOT NULL,
    replays smallint NOT NULL DEFAULT 0,
    replays_since timestamptz,
    expires_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL
);

CREATE INDEX sessions_user_id ON sessions (user_id);

COMMENT ON TABLE sessions IS 'One row per login. Ending a session deletes its row.';
COMMENT ON COLUMN sessions.id IS 'UUID of version 7: made in the order of time, so that purging walks the primary key. sid in the tokens.';
COMMENT ON COLUMN sessions.generation IS 'Which refresh token is the live one; a refresh is a compare-and-set on it.';
COMMENT ON COLUMN sessions.network IS 'The client''s network, IPv4 /24 or IPv6 /48: where the predecessor of the refresh token is forgiven.';
COMMENT ON COLUMN sessions.rotated_at IS 'When the live refresh token was made; its predecessor is honoured for 30 seconds from then.';
COMMENT ON COLUMN sessions.replays IS 'How often the predecessor was honoured since replays_since; at most 3 a day.';
COMMENT ON COLUMN sessions.expires_at IS 'End by idleness, moved by each refresh, never beyond ends_at.';
COMMENT ON COLUMN sessions.ends_at IS 'The absolute end, fixed at login.';
