DROP FUNCTION note_life, charge_pin, return_attempt;
DROP TABLE pins;
UPDATE challenge_use SET attempts = 1 WHERE attempts = 0;
ALTER TABLE challenge_use DROP CONSTRAINT challenge_use_attempts_check;
ALTER TABLE challenge_use ADD CONSTRAINT challenge_use_attempts_check CHECK (attempts > 0);
