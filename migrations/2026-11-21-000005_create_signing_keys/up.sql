CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    algorithm text NOT NULL,
    public_jwk text NOT NULL,
    sealed_private_key text NOT NULL,
    created_at timestamptz NOT NULL
);

COMMENT ON TABLE signing_keys IS 'Keys that sign access tokens. The newest signs, all verify.';
COMMENT ON COLUMN signing_keys.public_jwk IS 'RFC 7517, public members only, as JSON.';
COMMENT ON COLUMN signing_keys.sealed_private_key IS 'The private key, sealed under the root secret: a copy of the database signs nothing.';
