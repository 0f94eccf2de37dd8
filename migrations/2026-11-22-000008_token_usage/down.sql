drop table token_usage;
