drop index artifact_parse_key_idx;
alter table artifact drop constraint artifact_parse_key;
alter table artifact drop column fingerprint;
alter table artifact drop column source_sha256;
delete from artifact where kind not in ('parsed', 'result');
alter table artifact drop constraint artifact_kind;
alter table artifact add constraint artifact_kind check (kind in ('parsed', 'result'));
alter table rule_version drop column options;
