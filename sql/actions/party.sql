create or replace function dpg_private.ownership_roles(
  actor text,
  source_owner text,
  source_is_local boolean,
  target_owner text,
  target_is_local boolean
)
returns text[]
language sql
immutable
parallel safe
security invoker
return array_remove(
  array[
    case when source_is_local and source_owner = actor then 'initiated' end,
    case when target_is_local and target_owner = actor then 'received' end
  ],
  null
);

comment on function dpg_private.ownership_roles(text, text, boolean, text, boolean) is
  'The part of the actor, a user of this instance, in an action or event: initiated (owner of the source), received
(owner of the target), both or none. An owner who lives on another instance is nobody here, whatever the id.';

create or replace function dpg_private.party_refusal(
  party text,
  action dpg.item_actions,
  problem text default 'is no party of',
  hint text default 'Only the owners of its source and target items, as they were when the action was made, '
    'may read or change an action.',
  detail jsonb default '{}'
)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return row(
    'DP005',
    format(
      'user %L %s action %L/%L/%s',
      party, problem, action.partition_network, action.action_type, action.action_id
    ),
    hint,
    jsonb_build_object(
      'actor', party, 'partition_network', action.partition_network,
      'action_type', action.action_type, 'action_id', action.action_id
    ) || detail
  )::dpg_private.refusal;
end
$body$;

comment on function dpg_private.party_refusal(text, dpg.item_actions, text, text, jsonb) is
  'DP005 for the user and the action.';

create or replace function dpg_private.party_searches_sql(
  search text,
  ownership_role text,
  initiated text,
  received text,
  alias text,
  order_by text
)
returns text[]
language sql
immutable
parallel safe
security invoker
return case ownership_role
  when 'initiated' then array[format('%s and %s', search, initiated)]
  when 'received' then array[format('%s and %s', search, received)]
  else array[
    format('%s and %s', search, initiated),
    -- What both find belongs to the first, so that each row comes once. It is left out after the limit: before it, a
    -- search for somebody who is always on both sides would read all of it. What the first has beyond its limit comes
    -- after a whole page.
    format(
      'select %1$s.* from (%2$s and %3$s order by %4$s limit ($2).row_limit) %1$s where not (%5$s)',
      alias, search, received, order_by, initiated
    )
  ]
end;

comment on function dpg_private.party_searches_sql(text, text, text, text, text, text) is
  'The searches of a role, since each has an index in the order of the page. search: a select with a where clause over a
table named alias. initiated, received: what belongs to whom. order_by: of the page. $2 has its row_limit.';

create or replace function dpg_private.check_ownership_role(ownership_role text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (ownership_role in ('initiated', 'received', 'all')) is not true then
    dpg_private.refuse_argument(
      'ownership_role', to_jsonb(ownership_role), 'is no role', 'A role is initiated, received or all.'
    )
end;

comment on function dpg_private.check_ownership_role(text) is
  'Raises DP001 unless ownership_role is initiated, received or all.';
