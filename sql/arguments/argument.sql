create or replace function dpg_private.argument_refusal(
  argument text,
  value jsonb,
  problem text,
  hint text,
  index integer default null
)
returns dpg_private.refusal
language plpgsql
stable
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
  return row(
    'DP001',
    format(
      '%s%s %s: %s',
      argument,
      case when index is null then '' else format(' (element %s)', index) end,
      problem,
      left(shown::text, 220)
    ),
    hint,
    jsonb_build_object('argument', argument, 'value', shown)
      || case when index is null then '{}' else jsonb_build_object('index', index) end
  )::dpg_private.refusal;
end
$body$;

comment on function dpg_private.argument_refusal(text, jsonb, text, text, integer) is
  'DP001 for an argument. problem completes the sentence "argument ...".
index is the position in an array, counted from 0.';

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
begin
  perform dpg_private.raise_refusal(dpg_private.argument_refusal(argument, value, problem, hint, index));
end
$body$;

comment on function dpg_private.refuse_argument(text, jsonb, text, text, integer) is
  'Raises dpg_private.argument_refusal.';

create or replace function dpg_private.missing_refusal(argument text)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(argument, null, 'is missing', 'Pass a value for ' || argument || '.');

comment on function dpg_private.missing_refusal(text) is
  'DP001 for an argument without a value.';

create or replace function dpg_private.check_present(argument text, is_present boolean)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not is_present then dpg_private.raise_refusal(dpg_private.missing_refusal(argument))
end;

comment on function dpg_private.check_present(text, boolean) is
  'Raises DP001 when is_present is false.';

create or replace function dpg_private.count_refusal(argument text, value integer)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(argument, to_jsonb(value), 'is negative', 'update_count starts at 0.');

comment on function dpg_private.count_refusal(text, integer) is
  'DP001 for a negative update_count.';

create or replace function dpg_private.check_count_or_none(argument text, value integer)
returns void
language sql
stable
parallel safe
security invoker
return case
  when value < 0 then dpg_private.raise_refusal(dpg_private.count_refusal(argument, value))
end;

comment on function dpg_private.check_count_or_none(text, integer) is
  'Raises DP001 for a negative update_count. Null is none.';
