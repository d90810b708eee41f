DROP FUNCTION trust_device, settle_challenge, claim_attempt, return_send, admit_send, gcra_wait;
