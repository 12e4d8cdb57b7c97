create or replace function dpg_private.network_item_types(document jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(
    (
      select jsonb_object_agg(
        d.domain ->> 'name',
        (
          select coalesce(jsonb_agg(t.item_type order by t.item_type collate "C"), '[]')
          from jsonb_object_keys(d.domain -> 'item_schemas') t(item_type)
        )
      )
      from jsonb_array_elements(document -> 'domains') d(domain)
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.network_item_types(jsonb) is
  'What a network document says of items: the column item_types of dpg.networks. The domains of the document
were checked.';

create or replace function dpg_private.items_of_side(named jsonb, declared jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Without from_items or to_items, or with none in them, all item types are meant. Of this network all of them are
  -- named, because an item type that the domain does not declare has no part in any action.
  if named is null or named = '[]' then
    return declared;
  end if;
  if declared is null then
    return named;
  end if;
  return (
    select coalesce(jsonb_agg(t.item_type order by t.number), '[]')
    from jsonb_array_elements_text(named) with ordinality t(item_type, number)
    where declared ? t.item_type
  );
end
$body$;

comment on function dpg_private.items_of_side(jsonb, jsonb) is
  'The item types of a side of an interaction: what the document names of the ones that its domain declares. declared is
null for a domain of another network: null then means any type.';

create or replace function dpg_private.network_interactions(document jsonb, item_types jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(
    (
      select jsonb_object_agg(
        a.action_type,
        (
          select coalesce(
            jsonb_agg(
              jsonb_strip_nulls(jsonb_build_object(
                'from_network', s.from_network,
                'from_domain', i.interaction -> 'from_domain',
                'from_items', dpg_private.items_of_side(
                  i.interaction -> 'from_items',
                  case
                    when s.from_network = document ->> 'name' then item_types -> (i.interaction ->> 'from_domain')
                  end
                ),
                'to_network', s.to_network,
                'to_domain', i.interaction -> 'to_domain',
                'to_items', dpg_private.items_of_side(
                  i.interaction -> 'to_items',
                  case
                    when s.to_network = document ->> 'name' then item_types -> (i.interaction ->> 'to_domain')
                  end
                )
              ))
              order by i.position
            ),
            '[]'
          )
          from jsonb_array_elements(a.action -> 'interactions') with ordinality i(interaction, position)
          cross join lateral (
            select
              coalesce(i.interaction ->> 'from_network', document ->> 'name') as from_network,
              coalesce(i.interaction ->> 'to_network', document ->> 'name') as to_network
          ) s
        )
      )
      from jsonb_each(document -> 'actions') a(action_type, action)
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.network_interactions(jsonb, jsonb) is
  'What a network document says of actions: the column interactions of dpg.networks. The document was checked.';
