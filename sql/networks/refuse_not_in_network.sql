create or replace function dpg_private.refuse_not_in_network(
  network text,
  undeclared text,
  problem text,
  declared text[],
  keys jsonb
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP014',
    message = dpg_private.text_for_client(format('network %L declares no %s', network, problem)),
    hint = dpg_private.text_for_client(format(
      'It declares: %s. dpg_admin replaces its document by dpg.register_network.',
      coalesce(nullif(left(array_to_string(declared, ', '), 500), ''), 'none')
    )),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('network', network, 'undeclared', undeclared) || keys)::text
    );
end
$body$;

comment on function dpg_private.refuse_not_in_network(text, text, text, text[], jsonb) is
  'Raises DP014 for what a registered network does not declare: item_domain, item_type, action_type or interaction. problem completes the sentence "network ... declares no ...", declared is what it does declare.';
