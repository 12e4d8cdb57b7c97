create or replace function dpg_private.take_searches(network text, contents jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  changed record;
  leaf regclass;
begin
  for changed in
    select coalesce(s.item_domain, w.item_domain) as item_domain
    from (
      select i.* from dpg.item_searches i where i.item_network = take_searches.network
    ) s
    full join jsonb_to_recordset(contents -> 'item_searches')
      w(item_domain text, item_type text, fields text[], language text) using (item_domain, item_type)
    where (s.fields, s.language) is distinct from (w.fields, w.language)
    group by 1
    order by 1
  loop
    insert into dpg_private.searched_domains as d
    values (network, changed.item_domain, 1)
    on conflict on constraint searched_domains_pkey do update
    set version = d.version + 1;
    delete from dpg.item_searches s
    where s.item_network = take_searches.network
      and s.item_domain = changed.item_domain;
    leaf := (
      select to_regclass('dpg.' || p.name)
      from dpg_private.partition_names p
      where p.root = 'items'
        and p.network = take_searches.network
        and p.key = changed.item_domain
        and pg_partition_root(to_regclass('dpg.' || p.name)) = 'dpg.items'::regclass
    );
    insert into dpg.item_searches
    select take_searches.network, w.item_domain, w.item_type, w.fields, w.language, d.version,
      leaf is null or not dpg_private.may_have_items(leaf, w.item_type)
    from jsonb_to_recordset(contents -> 'item_searches')
      w(item_domain text, item_type text, fields text[], language text)
    join dpg_private.searched_domains d on d.item_network = take_searches.network and d.item_domain = w.item_domain
    where w.item_domain = changed.item_domain;
    if leaf is not null then
      perform dpg_private.keep_words(network, changed.item_domain, leaf);
    end if;
  end loop;
end
$body$;

comment on function dpg_private.take_searches(text, jsonb) is
  'On the receiver: makes the searches of a network what contents (dpg_private.network_contents) says. In a leaf that
has rows already, dpg.refresh_search has work afterwards in the domains that have changed.';
