create or replace function dpg_private.digest_of_action(action dpg.item_actions)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates in every session
return sha256(
  convert_to(
    jsonb_build_array(
      action.requirements_snapshot, action.source_item_is_local,
      action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
      action.source_item_owner,
      action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
      -- what a remote source says of itself; a local one is read from its item, which may change
      case
        when not action.source_item_is_local then
          jsonb_build_array(action.source_item_instance_url, action.source_item_latitude, action.source_item_longitude)
      end
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_action(dpg.item_actions) is
  'SHA-256 of what the repetition of a call that makes an action must have the same: the unchanging columns. For dpg_private.sent_contents.';
