DROP TRIGGER tell_activated ON referrals;
DROP TRIGGER tell_created ON users;
DROP TRIGGER tell_deleted ON users;
DROP TRIGGER tell_phone_changed ON users;
DROP FUNCTION tell_of_referral, tell_of_user;
DROP TABLE deliveries;
DROP FUNCTION is_live, is_named;
DROP TABLE webhook_endpoints, events;
DROP FUNCTION event_id;
