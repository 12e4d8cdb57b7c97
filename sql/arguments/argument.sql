create or replace function dpg_private.refuse_argument(
  argument text,
  value jsonb,
  problem text,
  hint text,
  index integer default null
)
returns void
language plpgsql
stable -- not immutable: PostgreSQL would run a call with constants, and raise, while it plans the caller
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  shown jsonb := coalesce(value, 'null');
begin
  -- a value of megabytes helps nobody in a log
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> array[]::text[], ''), 200) || '...');
  end if;
  raise exception using
    errcode = 'DP001',
    message = dpg_private.text_for_client(
      format(
        '%s%s %s: %s',
        argument,
        case when index is null then '' else format(' (element %s)', index) end,
        problem,
        left(shown::text, 220)
      )
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('argument', argument, 'value', shown)
        || case when index is null then '{}' else jsonb_build_object('index', index) end)::text
    );
end
$body$;

comment on function dpg_private.refuse_argument(text, jsonb, text, text, integer) is
  'Raises DP001 for an argument. problem completes the sentence "argument ...".
index is the position in an array, counted from 0.';

create or replace function dpg_private.check_present(argument text, is_present boolean)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not is_present then
    dpg_private.refuse_argument(argument, null, 'is missing', 'Pass a value for ' || argument || '.')
end;

comment on function dpg_private.check_present(text, boolean) is
  'Raises DP001 when is_present is false.';

create or replace function dpg_private.check_count_or_none(argument text, value integer)
returns void
language sql
stable
parallel safe
security invoker
return case
  when value < 0 then
    dpg_private.refuse_argument(argument, to_jsonb(value), 'is negative', 'update_count starts at 0.')
end;

comment on function dpg_private.check_count_or_none(text, integer) is
  'Raises DP001 for a negative update_count. Null is none.';
