CREATE TABLE users (
    id uuid PRIMARY KEY,
    phone text UNIQUE CHECK (phone ~ '^\+[0-9]{7,15}$'),
    invite_code text NOT NULL UNIQUE CHECK (invite_code ~ '^[A-Z0-9]{6}$'),
    email text,
    first_name text,
    last_name text,
    invited_users_count integer NOT NULL DEFAULT 0 CHECK (invited_users_count >= 0),
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    last_login_at timestamptz NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT users_live_has_phone CHECK (deleted_at IS NOT NULL OR phone IS NOT NULL),
    CONSTRAINT users_deleted_is_nobody CHECK (
        deleted_at IS NULL
        OR (phone IS NULL AND email IS NULL AND first_name IS NULL AND last_name IS NULL)
    )
);

COMMENT ON TABLE users IS
    'One row per account. A deleted account leaves its row without anything personal: its invite code stays taken for ever and those it invited keep their reference.';
COMMENT ON COLUMN users.phone IS 'E.164; null once the account is deleted, so that the number is free again.';
COMMENT ON COLUMN users.invite_code IS 'Drawn at random; the unique constraint is what makes it unique, also against deleted accounts.';
COMMENT ON COLUMN users.invited_users_count IS 'How many rows of referrals name this user as the referrer; kept by the statements that write them.';
COMMENT ON COLUMN users.version IS 'Grows with each change of the profile members; the entity tag of the profile.';
