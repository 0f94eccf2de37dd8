-- What language models took for all attempts of a task that have ended: tokens and, where a price is known, cost_usd.

alter table task add column spent jsonb;
