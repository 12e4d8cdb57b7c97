create or replace function dpg_private.check_remote_source(source_item_instance_url text, source_item_owner text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_url('source_item_instance_url', source_item_instance_url),
    dpg_private.check_key('source_item_owner', source_item_owner);
  if dpg_private.is_instance_url(source_item_instance_url) then
    perform dpg_private.refuse_argument(
      'source_item_instance_url', to_jsonb(source_item_instance_url), 'is a URL of this instance',
      'What comes from another instance carries that one''s URL; '
        'for items of this one use perform_action and transition_action.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_remote_source(text, text) is
  'Raises DP001 unless the source lives on another instance and names its owner.';
