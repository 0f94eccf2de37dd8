alter table task drop column spent;
