create or replace function dpg_private.is_begun(
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
  leaf regclass := dpg_private.leaf(root, partition_network, action_type);
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
        'and (a.origin_instance_domain = $4 or dpg_private.normalised_url(a.origin_instance_domain) = dpg_private.normalised_url($4))'
    end
  )
  into begun
  using partition_network, action_type, action_id, origin_instance_domain, source, target;
  return begun;
end
$body$;

comment on function dpg_private.is_begun(text, text, uuid, text, dpg.item_ref, dpg.item_ref) is
  'Whether there is this action from source to target; with an origin, whether there is an event of it that was mirrored from there.';
