create or replace function dpg_private.item_preconditions(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_instance_url text
)
returns table (is_user boolean, is_undeclared boolean, leaf regclass, is_known_url boolean)
language sql
stable
parallel safe
security invoker
begin atomic
  select
    exists (select from public."user" u where u.id = item_preconditions.actor),
    exists (
      select
      from dpg.networks n
      where n.network = item_preconditions.item_network
        and (n.item_types -> item_preconditions.item_domain ? item_preconditions.item_type) is not true
    ),
    (select l.leaf from dpg_private.leaf_of('items', item_preconditions.item_network, item_preconditions.item_domain) l),
    exists (
      select
      from dpg_private.instance_url_sightings s
      where s.instance_url = item_preconditions.item_instance_url
    );
end;

comment on function dpg_private.item_preconditions(text, text, text, text, text) is
  'What dpg.upsert_item has to know before it writes: whether the actor is a user, whether a registered network does not declare the domain or type, the leaf (null where there is none), whether the URL was met before. Stored parsed and inlined: one statement instead of four.';
