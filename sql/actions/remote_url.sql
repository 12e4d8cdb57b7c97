create or replace function dpg_private.check_remote_url(source_item_instance_url text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_instance_url(source_item_instance_url) then
    dpg_private.refuse_argument(
      'source_item_instance_url', to_jsonb(source_item_instance_url), 'is a URL of this instance',
      'What comes from another instance carries that one''s URL; '
        || 'for items of this one use perform_action and transition_action.'
    )
end;

comment on function dpg_private.check_remote_url(text) is
  'Raises DP001 for the URL of a source that is said to live on another instance, when it is a URL of this one.';
