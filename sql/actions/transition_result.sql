do $body$
begin
  if pg_catalog.to_regtype('dpg.transition_result') is null then
    create type dpg.transition_result as (
      index integer,
      action_id uuid,
      action_status text,
      update_count integer,
      code text,
      message text,
      hint text,
      detail jsonb
    );
  end if;
end
$body$;

comment on type dpg.transition_result is
  'What became of one element of dpg.transition_actions: its index, counted from 0, then the action with its status and
update_count of now; or the SQLSTATE, message, HINT and DETAIL of its refusal. Then status and update_count are null,
and action_id is what was sent, where that is a UUID.';
