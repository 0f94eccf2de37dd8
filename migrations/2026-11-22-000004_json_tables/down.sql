drop table mount;
drop table json_segment;
drop table json_table;
