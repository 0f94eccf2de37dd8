drop table idempotency_receipt;
drop table api_key;
drop table app_user;
