CREATE TABLE referrals (
    invitee_id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    referrer_id uuid NOT NULL REFERENCES users,
    invite_code text NOT NULL,
    invited_at timestamptz NOT NULL,
    CONSTRAINT referrals_not_own CHECK (invitee_id <> referrer_id)
);

CREATE INDEX referrals_by_referrer ON referrals (referrer_id, invited_at DESC, invitee_id DESC);

COMMENT ON TABLE referrals IS 'Who activated whose invite code. The primary key is the rule "only one code, only once".';
COMMENT ON COLUMN referrals.invite_code IS 'The code as it was activated: it outlives the referrer''s account.';
COMMENT ON INDEX referrals_by_referrer IS 'The order of the pages of invited users.';
