DROP FUNCTION trust_device, settle_challenge, claim_attempt, admit_send, return_send, lock_limits, lock_phone, gcra_wait;
