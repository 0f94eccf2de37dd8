-- One batch of 512 new rows. For pgbench, one client.
with batch as materialized (select nextval('raw_insert_batch') as number)
insert into raw_task (id, project_id, status, owner, filename, spec, created_at)
select batch.number * 512 + i, 1, 'pending', 1, 'note-' || i || '.txt', '{}', now()
from batch, generate_series(1, 512) as i;
