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
  'Raises DP010 for the partition of these keys; problem completes the sentence.';
