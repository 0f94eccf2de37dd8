drop table artifact;
drop table task;
drop table upload;
drop sequence task_id_seq;
drop sequence upload_id_seq;
drop table node;
drop sequence node_epoch_seq;
