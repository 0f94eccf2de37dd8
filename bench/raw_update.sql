-- Ends one batch of 512 rows, each only if its epoch is the expected one. For pgbench, one client.
update raw_task
set status = 'completed', owner = null, result = '{"output_path": "", "output_size": 0, "processing_time": 0.0}', finished_at = now()
from (select batch.number * 512 + i as id, 1 as epoch
      from (select nextval('raw_update_batch') as number) as batch, generate_series(1, 512) as i) as ended
where raw_task.id = ended.id and raw_task.attempt_epoch = ended.epoch and raw_task.finished_at is null;
