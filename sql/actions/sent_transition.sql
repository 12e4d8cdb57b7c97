do $body$
begin
  if pg_catalog.to_regtype('dpg_private.sent_transition') is null then
    create type dpg_private.sent_transition as (
      index integer,
      partition_network text,
      action_type text,
      action_id uuid,
      action_status text,
      expected_update_count integer,
      event_payload jsonb,
      remarks text,
      event_id uuid,
      performed_by text,
      refusal dpg_private.refusal
    );
  end if;
end
$body$;

comment on type dpg_private.sent_transition is
  'An element of transition_actions as a row: its index, counted from 0, then the arguments of transition_action, and
why it is refused where it is malformed. Then only action_id is filled, where it is a UUID.';

create or replace function dpg_private.transition_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
-- in the order in which transition_action checks its arguments
return array[
  'partition_network', 'action_type', 'action_id', 'action_status', 'expected_update_count', 'remarks',
  'event_payload', 'performed_by', 'event_id'
];

comment on function dpg_private.transition_fields() is
  'The fields that an element of transition_actions may have.';

create or replace function dpg_private.element_refusal(element jsonb)
returns dpg_private.refusal
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  field text;
  value jsonb; -- JSON null is no value
  given text;
  refusal dpg_private.refusal;
begin
  if jsonb_typeof(element) <> 'object' then
    return dpg_private.argument_refusal(
      'transitions', element, 'is not a JSON object',
      'Each element is an object whose fields are the arguments of dpg.transition_action, without actor.'
    );
  end if;

  if element - dpg_private.transition_fields() <> '{}' then
    field := (select min(k.field) from jsonb_object_keys(element - dpg_private.transition_fields()) k(field));
    return dpg_private.argument_refusal(
      left(field, 120), element -> field, 'is not a field of a transition',
      format('An element may have the fields %s.', array_to_string(dpg_private.transition_fields(), ', '))
    );
  end if;

  foreach field in array dpg_private.transition_fields() loop
    value := nullif(element -> field, 'null');
    given := value #>> '{}';
    -- of the JSON type of the argument: refused in the words of transition_action; else, as fields of JSON are
    refusal := case
      when field in ('partition_network', 'action_type', 'action_status', 'performed_by') then case
        when jsonb_typeof(value) <> 'string' then dpg_private.field_refusal(field, 'key', value)
        when dpg_private.is_key(given) or (value is null and field = 'performed_by') then null
        else dpg_private.key_refusal(field, given)
      end
      when field in ('action_id', 'event_id') then case
        when value is null then case when field = 'action_id' then dpg_private.missing_refusal(field) end
        when jsonb_typeof(value) <> 'string' or not dpg_private.is_uuid(given)
          then dpg_private.field_refusal(field, 'uuid', value)
      end
      when field = 'expected_update_count' then case
        when jsonb_typeof(value) <> 'number' then dpg_private.field_refusal(field, 'count', value)
        when given::numeric % 1 <> 0 or abs(given::numeric) > 2147483647
          then dpg_private.field_refusal(field, 'count', value)
        when given::numeric < 0 then dpg_private.count_refusal(field, given::numeric::integer)
      end
      when field = 'remarks' then case
        when jsonb_typeof(value) <> 'string' then dpg_private.field_refusal(field, 'remarks', value)
        when octet_length(given) > 65536 then dpg_private.remarks_refusal(given)
      end
      when field = 'event_payload' and not dpg_private.is_short_document(value)
        then dpg_private.document_refusal(field, value)
    end;
    if refusal.code is not null then
      return refusal;
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.element_refusal(jsonb) is
  'DP001 for an element of transition_actions that is malformed: what transition_action says of its arguments. Else
null.';

create or replace function dpg_private.read_transition(element jsonb, index integer)
returns dpg_private.sent_transition
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  sent dpg_private.sent_transition;
  action_id constant text := element ->> 'action_id';
begin
  sent.index := index;
  sent.refusal := dpg_private.element_refusal(element);
  if (sent.refusal).code is null then
    sent.partition_network := element ->> 'partition_network';
    sent.action_type := element ->> 'action_type';
    sent.action_status := element ->> 'action_status';
    sent.expected_update_count := (element ->> 'expected_update_count')::numeric;
    sent.event_payload := nullif(element -> 'event_payload', 'null');
    sent.remarks := element ->> 'remarks';
    sent.event_id := element ->> 'event_id';
    sent.performed_by := element ->> 'performed_by';
  end if;
  if dpg_private.is_uuid(action_id) then
    sent.action_id := action_id;
  end if;
  return sent;
end
$body$;

comment on function dpg_private.read_transition(jsonb, integer) is
  'An element of transition_actions as a row. index is its position, counted from 0.';
