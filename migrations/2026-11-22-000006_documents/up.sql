-- Settings of a rule's mode; more kinds of artifacts; what makes a parsed document fit for another task.

alter table rule_version add column options jsonb not null default '{}'
    constraint rule_version_options check (jsonb_typeof(options) = 'object');
alter table rule_version alter column options drop default;

alter table artifact drop constraint artifact_kind;
alter table artifact add constraint artifact_kind
    check (kind in ('parsed', 'result', 'rows', 'citations', 'exchange'));
-- The digest of the source, and parser, version and options as one text: both or neither.
alter table artifact add column source_sha256 text;
alter table artifact add column fingerprint text;
alter table artifact add constraint artifact_parse_key
    check ((source_sha256 is null) = (fingerprint is null));
-- Few artifacts have a key: text files are parsed anew each time.
create index artifact_parse_key_idx on artifact (source_sha256, md5(fingerprint)) where source_sha256 is not null;
