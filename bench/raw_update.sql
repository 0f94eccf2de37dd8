-- Ends one batch of 512 rows, each only if its epoch is the expected one. For pgbench, one client.
with batch as materialized (select nextval('raw_update_batch') as number)
update raw_task
set status = 'completed', owner = null, result = '{"output_path": "", "output_size": 0, "processing_time": 0.0}',
    finished_at = now()
where id = any (array(select batch.number * 512 + i from batch, generate_series(1, 512) as i)) and attempt_epoch = 1;
