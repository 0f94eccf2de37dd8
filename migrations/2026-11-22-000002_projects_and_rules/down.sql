drop table rule_version;
drop table rule;
drop table project;
