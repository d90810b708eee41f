DROP FUNCTION trust_device, settle_challenge, claim_attempt, admit_send, take_of_day, traffic_slot, return_send,
    returned_lately, lock_limits, lock_phone, gcra_wait;
