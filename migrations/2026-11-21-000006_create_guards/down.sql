ALTER TABLE challenge_use DROP COLUMN upgraded;
DROP TABLE guard_keys, sends_per_day, country_traffic, rate_limit, risk, device_guard, phone_guard;
