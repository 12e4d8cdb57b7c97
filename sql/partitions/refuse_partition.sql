create or replace function dpg_private.refuse_partition(
  root text,
  network text,
  key text,
  problem text,
  hint text,
  detail jsonb default '{}'
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP010',
    message = dpg_private.text_for_client(
      format('the partition of %s for %L/%L cannot be made: %s', root, network, key, problem)
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('root', root, 'network', network, 'key', key) || detail)::text
    );
end
$body$;

comment on function dpg_private.refuse_partition(text, text, text, text, text, jsonb) is
  'Raises DP010 for the partition of these keys. problem completes the sentence "the partition of ... cannot be
made: ...".';

create or replace function dpg_private.check_partition_limit(
  root text,
  network text,
  key text,
  limit_name text,
  already bigint
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if already >= dpg_private.limit_of(limit_name) then
    perform dpg_private.refuse_partition(
      root, network, key,
      format('the limit %s of %s is reached', limit_name, dpg_private.limit_of(limit_name)),
      format('Check the keys of the call; dpg_admin can raise the limit %s in dpg.limits.', limit_name),
      jsonb_build_object('reason', 'limit', 'limit', limit_name)
    );
  end if;
end
$body$;

comment on function dpg_private.check_partition_limit(text, text, text, text, bigint) is
  'Raises DP010 when as many partitions are there already as this limit of dpg.limits allows.';
