ALTER TABLE signing_keys DROP COLUMN signs_from;
COMMENT ON TABLE signing_keys IS 'Keys that sign access tokens. The newest signs, all verify.';
