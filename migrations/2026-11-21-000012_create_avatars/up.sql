CREATE TABLE avatars (
    user_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    hash bytea NOT NULL GENERATED ALWAYS AS (sha256(content)) STORED,
    content bytea NOT NULL CHECK (octet_length(content) BETWEEN 1 AND 262144),
    created_at timestamptz NOT NULL
);

-- What is compressed already is not compressed again.
ALTER TABLE avatars ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE INDEX avatars_hash ON avatars (hash);

COMMENT ON TABLE avatars IS
    'The picture of a user, as it is served. Its lock comes after all others; it is written under the lock of the user''s row.';
COMMENT ON COLUMN avatars.hash IS 'Its address. Two users with the same picture share it, so it is not unique.';
COMMENT ON COLUMN avatars.content IS 'A JPEG made by the service; nothing of the file that was sent is kept.';
