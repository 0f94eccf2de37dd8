drop table model_usage;
