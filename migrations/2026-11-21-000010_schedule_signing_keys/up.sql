ALTER TABLE signing_keys ADD COLUMN signs_from timestamptz;
UPDATE signing_keys SET signs_from = created_at;
ALTER TABLE signing_keys ALTER COLUMN signs_from SET NOT NULL;

COMMENT ON TABLE signing_keys IS 'Keys that sign access tokens. Of those whose signs_from has come the newest signs; all are published and verify.';
COMMENT ON COLUMN signing_keys.signs_from IS 'From when on it signs. Before, it is only published, so that whoever keeps a copy of the published keys has it in time.';
