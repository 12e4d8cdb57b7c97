create or replace function dpg_private.check_domain_declared(item_network text, item_domain text)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
      select
      from dpg.networks n
      where n.network = check_domain_declared.item_network
        and not n.item_types ? check_domain_declared.item_domain
    )
    and dpg_private.leaf('items', item_network, item_domain) is null
  then
    perform dpg_private.refuse_undeclared_item(row(item_network, item_domain, null, null));
  end if;
end
$body$;

comment on function dpg_private.check_domain_declared(text, text) is
  'Raises DP014 when the network is registered and does not declare the domain, unless the domain has a leaf already.';
