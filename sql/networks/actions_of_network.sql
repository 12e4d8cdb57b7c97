create or replace function dpg_private.refuse_undeclared_action(
  network text,
  partition_network text,
  action_type text,
  source dpg.item_ref default null,
  target dpg.item_ref default null
)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  interactions constant jsonb := (
    select n.interactions from dpg.networks n where n.network = refuse_undeclared_action.network
  );
  keys constant jsonb := jsonb_build_object('partition_network', partition_network, 'action_type', action_type);
begin
  if interactions ? action_type then
    perform dpg_private.refuse_not_in_network(
      network, 'interaction',
      format(
        'action %L from %L/%L/%L to %L/%L/%L', action_type,
        source.item_network, source.item_domain, source.item_type,
        target.item_network, target.item_domain, target.item_type
      ),
      array(
        select format(
          '%L from %L/%L%s to %L/%L%s', action_type,
          i ->> 'from_network', i ->> 'from_domain', ' of ' || (i ->> 'from_items'),
          i ->> 'to_network', i ->> 'to_domain', ' of ' || (i ->> 'to_items')
        )
        from jsonb_array_elements(interactions -> action_type) i
      ),
      keys || jsonb_build_object(
        'source_item_network', source.item_network, 'source_item_domain', source.item_domain,
        'source_item_type', source.item_type,
        'target_item_network', target.item_network, 'target_item_domain', target.item_domain,
        'target_item_type', target.item_type
      )
    );
  end if;
  perform dpg_private.refuse_not_in_network(
    network, 'action_type', format('action %L', action_type), array(select jsonb_object_keys(interactions)), keys
  );
end
$body$;

comment on function dpg_private.refuse_undeclared_action(text, text, text, dpg.item_ref, dpg.item_ref) is
  'Raises DP014 for an action type that a registered network does not declare. When it declares the type, raises
DP014 for the interaction from source to target.';

create or replace function dpg_private.check_action_type_declared(root text, partition_network text, action_type text)
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
      where n.network = check_action_type_declared.partition_network
        and not n.interactions ? check_action_type_declared.action_type
    )
    and dpg_private.find_leaf(root, partition_network, action_type) is null
  then
    perform dpg_private.refuse_undeclared_action(partition_network, partition_network, action_type);
  end if;
end
$body$;

comment on function dpg_private.check_action_type_declared(text, text, text) is
  'Raises DP014 when the network is registered and does not declare the action type, unless the type already has
a leaf under this root.';

create or replace function dpg_private.interaction_permits(interaction jsonb, source dpg.item_ref, target dpg.item_ref)
returns boolean
language sql
immutable
parallel safe
security invoker
return interaction ->> 'from_network' = (source).item_network
  and interaction ->> 'from_domain' = (source).item_domain
  and coalesce(interaction -> 'from_items' ? (source).item_type, true)
  and interaction ->> 'to_network' = (target).item_network
  and interaction ->> 'to_domain' = (target).item_domain
  and coalesce(interaction -> 'to_items' ? (target).item_type, true);

comment on function dpg_private.interaction_permits(jsonb, dpg.item_ref, dpg.item_ref) is
  'Whether an interaction of dpg.networks permits an action from source to target. Stored parsed and inlined.';

create or replace function dpg_private.has_action_between(
  partition_network text,
  action_type text,
  action_id uuid,
  origin_instance_domain text,
  source dpg.item_ref,
  target dpg.item_ref
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  root constant text := case when origin_instance_domain is null then 'item_actions' else 'action_events' end;
  leaf regclass := dpg_private.find_leaf(root, partition_network, action_type);
  begun boolean;
begin
  if leaf is null then
    return false;
  end if;
  execute format(
    'select exists (
       select
       from %s a
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3 %s
         and (a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id)
           = (($5).item_network, ($5).item_domain, ($5).item_type, ($5).item_id)
         and (a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id)
           = (($6).item_network, ($6).item_domain, ($6).item_type, ($6).item_id)
     )',
    leaf,
    case
      when origin_instance_domain is not null then
        'and (
           a.origin_instance_domain = $4
           or dpg_private.normalised_url(a.origin_instance_domain) = dpg_private.normalised_url($4)
         )'
    end
  )
  into begun
  using partition_network, action_type, action_id, origin_instance_domain, source, target;
  return begun;
end
$body$;

comment on function dpg_private.has_action_between(text, text, uuid, text, dpg.item_ref, dpg.item_ref) is
  'Whether this action from source to target is here. With an origin: whether an event of it is here that was
mirrored from that origin.';

create or replace function dpg_private.check_interaction(
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  action_id uuid,
  origin_instance_domain text default null
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  refusing dpg.networks;
begin
  -- The target's network decides, if it is registered. If the source's network is another one and registered, it
  -- decides which items it has. Where it declares this action on the target's network, that holds for its items,
  -- too.
  select n.*
  into refusing
  from dpg.networks n
  where n.network in (source.item_network, target.item_network)
    and case
      when n.network <> target.item_network and (n.item_types -> source.item_domain ? source.item_type) is not true then
        true
      when n.network = target.item_network
        or exists (
          select
          from jsonb_array_elements(n.interactions -> check_interaction.action_type) i
          where i ->> 'to_network' = target.item_network
        )
      then
        not exists (
          select
          from jsonb_array_elements(n.interactions -> check_interaction.action_type) i
          where dpg_private.interaction_permits(i, source, target)
        )
    end
  order by n.network = target.item_network desc
  limit 1;

  -- An action that is there already goes on between the same items: a repeated call must find its action, and later
  -- events must follow the first one.
  if not found
    or dpg_private.has_action_between(
      target.item_network, action_type, action_id, origin_instance_domain, source, target
    )
  then
    return;
  end if;
  if refusing.network <> target.item_network
    and (refusing.item_types -> source.item_domain ? source.item_type) is not true
  then
    perform dpg_private.refuse_undeclared_item(source);
  end if;
  perform dpg_private.refuse_undeclared_action(refusing.network, target.item_network, action_type, source, target);
end
$body$;

comment on function dpg_private.check_interaction(text, dpg.item_ref, dpg.item_ref, uuid, text) is
  'Raises DP014 in three cases. The target''s network is registered and does not declare the action from source
to target. Or the source''s network is another one, is registered and does not declare the source. Or it
declares this action on the target''s network, but not from this source to this target.
An action that is there already between the same items is not refused: found by its id, or with an origin by
its mirrored events.';
