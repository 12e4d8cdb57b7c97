create or replace function dpg_private.check_rules(rules jsonb, allowed text[])
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  unknown text;
  rule record;
begin
  if jsonb_typeof(rules) <> 'object' then
    perform dpg_private.refuse_argument(
      'rules', rules, 'is not a JSON object', format('Pass an object with some of: %s.', array_to_string(allowed, ', '))
    );
  end if;
  perform dpg_private.check_document('rules', rules);
  select k.name
  into unknown
  from jsonb_object_keys(rules) k(name)
  where k.name <> all (allowed)
  order by k.name
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      'rules.' || left(unknown, 120), rules -> unknown, 'is no rule here',
      format('The rules are: %s.', array_to_string(allowed, ', '))
    );
  end if;
  for rule in
    select r.name, r.value
    from jsonb_each(rules) r(name, value)
    where r.value <> 'null'
    order by r.name
  loop
    if rule.name = 'different_owners' then
      if jsonb_typeof(rule.value) <> 'boolean' then
        perform dpg_private.refuse_field('rules.different_owners', 'boolean', rule.value);
      end if;
    elsif rule.name = 'final_statuses' then
      if jsonb_typeof(rule.value) <> 'array'
        or exists (
          select
          from jsonb_array_elements(rule.value) s(status)
          where not dpg_private.is_field('key', s.status)
        )
      then
        perform dpg_private.refuse_argument(
          'rules.final_statuses', rule.value, 'is no array of statuses',
          'Pass an array of statuses, such as ["accepted", "declined"]; [] where none is final.'
        );
      end if;
    elsif not dpg_private.is_rule_limit(rule.value) then
      perform dpg_private.refuse_argument(
        'rules.' || rule.name, rule.value, 'is no limit', 'A limit is a whole number from 1 to 1,000,000.'
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_rules(jsonb, text[]) is
  'Raises DP001 unless rules is an object with rules of these names: limits (1 to 1,000,000), different_owners (a
boolean), final_statuses (an array of keys). Each may be null.';

create or replace function dpg_private.is_rule_limit(value jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
return coalesce(
  case when jsonb_typeof(value) = 'number' then
    (value #>> '{}')::numeric between 1 and 1000000 and (value #>> '{}')::numeric % 1 = 0
  end,
  false
);

comment on function dpg_private.is_rule_limit(jsonb) is
  'Whether value is a whole number from 1 to 1,000,000, as a JSON number.';

create or replace function dpg_private.calling_role()
returns name
language sql
stable
parallel safe
security invoker
-- "set role" of the caller; within a function of ours current_user is its owner
return case current_setting('role') when 'none' then session_user else current_setting('role')::name end;

comment on function dpg_private.calling_role() is
  'The role in whose name the session calls.';

create or replace function dpg_private.check_registered_rules_stay(
  what text,
  former jsonb,
  rules jsonb,
  registered_rules jsonb,
  detail jsonb
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  changed text;
begin
  if registered_rules is null or pg_has_role(dpg_private.calling_role(), 'dpg_admin', 'usage') then
    return;
  end if;
  select r.name
  into changed
  from jsonb_object_keys(registered_rules) r(name)
  where coalesce(former -> r.name, registered_rules -> r.name) <> coalesce(rules -> r.name, registered_rules -> r.name)
  order by r.name
  limit 1;
  if found then
    raise exception using
      errcode = 'insufficient_privilege',
      message = dpg_private.text_for_client(
        format('the registered document of the network sets the rule %s of %s', changed, what)
      ),
      hint = 'Only dpg_admin may change it: by dpg.define_action, or by another document.',
      detail = dpg_private.text_for_client((jsonb_build_object('rule', changed) || detail)::text);
  end if;
end
$body$;

comment on function dpg_private.check_registered_rules_stay(text, jsonb, jsonb, jsonb, jsonb) is
  'Raises 42501 where a caller who is not dpg_admin changes a rule that a registered document sets: former are the rules
by hand of before, rules the wanted ones.';
