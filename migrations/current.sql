-- The limit json_depth_per_document: the checks of dpg.limits know its name and its range. Only where they do not yet; then
-- dpg.limits is locked (ACCESS EXCLUSIVE) until the migration is committed, and calls that look at a limit wait: those with
-- a document of more than 1,024 bytes, and those that make a partition.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_constraint c
    where c.conrelid = 'dpg.limits'::regclass
      and c.conname = 'limits_name_check'
      and pg_catalog.pg_get_constraintdef(c.oid) like '%json_depth_per_document%'
  ) then
    alter table dpg.limits
      drop constraint limits_name_check,
      drop constraint limits_value_check,
      add constraint limits_name_check check (
        limit_name in (
          'leaves_per_network', 'networks', 'json_bytes_per_document', 'json_depth_per_document',
          'partition_lock_seconds', 'partition_queue_seconds'
        )
      ),
      add constraint limits_value_check check (
        case
          when limit_name = 'json_bytes_per_document' then limit_value between 1024 and 268435455
          when limit_name = 'json_depth_per_document' then limit_value between 512 and 2048
          when limit_name in ('partition_lock_seconds', 'partition_queue_seconds') then limit_value between 1 and 3600
          else limit_value between 0 and 1000000
        end
      );
  end if;
end
$body$;

-- Statements for one migration only go above this line; see README.md, "Develop".
--!include all.sql
