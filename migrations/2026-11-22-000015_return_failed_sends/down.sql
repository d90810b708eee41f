DROP FUNCTION return_failed_send;
