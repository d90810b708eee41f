CREATE TABLE challenge_use (
    jti uuid PRIMARY KEY,
    attempts smallint NOT NULL CHECK (attempts > 0),
    expires_at timestamptz NOT NULL,
    consumed_at timestamptz
);

COMMENT ON TABLE challenge_use IS
    'What was tried on a challenge, from its first verify until it expires. Logged, never UNLOGGED: a crash must not give tries back. Neither the challenge nor its code is here.';
COMMENT ON COLUMN challenge_use.jti IS 'UUID of version 7: made in the order of time, so that purging walks the primary key and needs no second index.';
COMMENT ON COLUMN challenge_use.attempts IS 'Codes compared, or about to be: claimed in a commit of its own before each comparison.';
COMMENT ON COLUMN challenge_use.consumed_at IS 'When the right code was entered; set once.';
