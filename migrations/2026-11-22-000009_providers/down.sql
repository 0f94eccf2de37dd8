drop table model_provider;
