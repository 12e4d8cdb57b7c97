-- What the pgTAP files share, in a schema of its own. It is loaded once in a database, after the migrations and before the
-- files: by the tests' own runner, and before pg_prove by `psql -q -d "$DATABASE_URL" -f test/support/pgtap.sql`.
-- The tests of other roles call it, so everybody may. Nobody's search_path names it: the files write dpg_test.

create schema dpg_test;
grant usage on schema dpg_test to public;

-- Refusals

-- What a statement says when it is refused, null when it is not: code, message, hint, and the detail, as JSON where it is ours.
create function dpg_test.error(statement text)
returns jsonb
language plpgsql
as $body$
declare
  code text;
  message text;
  hint text;
  detail text;
begin
  execute statement;
  return null;
exception
  when others then
    get stacked diagnostics
      code = returned_sqlstate, message = message_text, hint = pg_exception_hint, detail = pg_exception_detail;
    return jsonb_build_object(
      'code', code, 'message', message, 'hint', hint,
      'detail', case when code like 'DP%' then detail::jsonb else to_jsonb(detail) end
    );
end
$body$;

-- What every refusal of ours must have and this one lacks; null when it lacks nothing.
create function dpg_test.missing(error jsonb)
returns text
language sql
as $body$
  select nullif(
    concat_ws(
      ' ',
      case when error ->> 'hint' = '' then 'no hint' end,
      case when jsonb_typeof(error -> 'detail') <> 'object' then 'no object' end,
      case when error ->> 'code' = 'DP001' and not error -> 'detail' ? 'value' then 'no value' end,
      case when error ->> 'code' = 'DP014' and not error -> 'detail' ? 'network' then 'no network' end
    ),
    ''
  )
$body$;

-- In short: the code, then what the detail says of the argument or of what is undeclared, then what is missing. 'no refusal' when the
-- statement is not refused.
create function dpg_test.refusal(statement text)
returns text
language sql
as $body$
  select case
    when e.error is null then 'no refusal'
    when e.error ->> 'code' not like 'DP%' then concat_ws(' ', e.error ->> 'code', e.error ->> 'message')
    else concat_ws(
      ' ', e.error ->> 'code', e.error #>> '{detail, undeclared}', e.error #>> '{detail, argument}',
      e.error #>> '{detail, path}', e.error #>> '{detail, index}', dpg_test.missing(e.error)
    )
  end
  from dpg_test.error(statement) e(error)
$body$;

-- The code, the argument and its value.
create function dpg_test.refused_value(statement text)
returns text
language sql
as $body$
  select case
    when e.error is null then 'no refusal'
    else concat_ws(
      ' ', e.error ->> 'code', e.error #>> '{detail, argument}', e.error #>> '{detail, value}', dpg_test.missing(e.error)
    )
  end
  from dpg_test.error(statement) e(error)
$body$;

-- In short, with the whole detail.
create function dpg_test.full_refusal(statement text)
returns text
language sql
as $body$
  select case
    when e.error is null then 'no refusal'
    when e.error ->> 'code' not like 'DP%' then concat_ws(' ', e.error ->> 'code', e.error ->> 'message')
    else concat_ws(' ', e.error ->> 'code', e.error ->> 'detail', dpg_test.missing(e.error))
  end
  from dpg_test.error(statement) e(error)
$body$;

-- All of it, as psql shows it: code, message, hint and detail, a line each.
create function dpg_test.said(statement text)
returns text
language sql
as $body$
  select case
    when e.error is null then 'no refusal'
    else concat_ws(e'\n', e.error ->> 'code', e.error ->> 'message', e.error ->> 'hint', e.error ->> 'detail')
  end
  from dpg_test.error(statement) e(error)
$body$;

-- The detail alone; null when the statement is not refused.
create function dpg_test.detail(statement text)
returns jsonb
language sql
as $body$
  select dpg_test.error(statement) -> 'detail'
$body$;

create function dpg_test.hint(statement text)
returns text
language sql
as $body$
  select dpg_test.error(statement) ->> 'hint'
$body$;

-- What was written

-- A digest of every table of ours and of "user": every row with all its columns and its place, so that a row that was written
-- anew shows. And which relations there are. A partition is read through its root. The catalogue says which tables and columns
-- there are, so that a new one needs no line here.
create function dpg_test.written()
returns jsonb
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  tables text[];
  name text;
  digest text;
  result jsonb;
begin
  select array_agg(c.oid::regclass::text order by c.oid)
  into tables
  from pg_class c
  where
    (c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace) or c.oid = 'public."user"'::regclass)
    and c.relkind in ('r', 'p')
    and not c.relispartition;
  select jsonb_build_object(
    'relations', md5(string_agg(concat_ws(' ', c.oid, c.relname, c.relkind, c.relispartition), e'\n' order by c.oid))
  )
  into result
  from pg_class c
  where c.relnamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace);
  foreach name in array tables
  loop
    execute format(
      $$select md5(string_agg(concat_ws(' ', r.tableoid, r.ctid, r), e'\n' order by r.tableoid, r.ctid)) from %s r$$, name
    )
    into digest;
    result := result || jsonb_build_object(name, digest);
  end loop;
  return result;
end
$body$;

-- Keeps what is there now, for wrote_nothing.
create function dpg_test.note_written()
returns void
language plpgsql
as $body$
begin
  perform set_config('dpg_test.written', dpg_test.written()::text, true);
end
$body$;

-- A test: nothing has been written since note_written. If it fails, it names the tables.
create function dpg_test.wrote_nothing(description text)
returns text
language plpgsql
as $body$
begin
  return is(
    (
      select string_agg(coalesce(n.key, b.key), ', ' order by coalesce(n.key, b.key))
      from jsonb_each(dpg_test.written()) n
      full join jsonb_each(current_setting('dpg_test.written')::jsonb) b using (key)
      where n.value is distinct from b.value
    ),
    null, description
  );
end
$body$;

-- What is stored, all rows, whoever reads
create function dpg_test.stored_actions()
returns setof dpg.item_actions
language sql
security definer
as $body$
  select * from dpg.item_actions
$body$;

create function dpg_test.stored_events()
returns setof dpg.action_events
language sql
security definer
as $body$
  select * from dpg.action_events
$body$;

-- Users and items

-- Users of those ids: 'actions asha' is called Asha.
create function dpg_test.insert_users(variadic ids text[])
returns void
language sql
as $body$
  insert into public."user" (id, name, email)
  select u.id, initcap(substring(u.id from '[^ ]+$')), replace(u.id, ' ', '.') || '@users.test'
  from unnest(ids) u(id)
$body$;

create function dpg_test.item_id(number integer)
returns uuid
language sql
as $body$
  select ('10000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
$body$;

create function dpg_test.item(domain text, number integer, network text default 'actions test')
returns dpg.item_ref
language sql
as $body$
  select row(network, domain, 'profile_1.0', dpg_test.item_id(number))::dpg.item_ref
$body$;

-- Who acts: Asha, Ravi and Mina. What they act with: students of Asha (1) and Mina (3), tutors of Ravi (2) and Asha (4), a tutor
-- of Ravi in another network (5).
create function dpg_test.insert_items()
returns void
language plpgsql
as $body$
begin
  perform dpg_test.insert_users('actions asha', 'actions ravi', 'actions mina');
  perform dpg.upsert_item(
    i.owner, i.network, i.domain, 'profile_1.0', i.url, 'https://schemas.actions.test', '{}', i.latitude, i.longitude,
    dpg_test.item_id(i.number)
  )
  from (
    values
      ('actions asha', 'actions test', 'student', 1, 'https://student.actions.test', 12.5, 77.5),
      ('actions ravi', 'actions test', 'tutor', 2, 'https://tutor.actions.test', -33.25, 151.125),
      ('actions mina', 'actions test', 'student', 3, 'https://student.actions.test', null, null),
      ('actions asha', 'actions test', 'tutor', 4, 'https://tutor.actions.test', null, null),
      ('actions ravi', 'actions elsewhere', 'tutor', 5, 'https://elsewhere.actions.test', 1.5, 2.5)
  ) i(owner, network, domain, number, url, latitude, longitude);
end
$body$;

-- Actions and events

-- The id of an action, and of whatever else a file numbers.
create function dpg_test.id(number integer)
returns uuid
language sql
as $body$
  select ('20000000-0000-4000-8000-' || lpad(number::text, 12, '0'))::uuid
$body$;

-- Six actions between those items: 1 to 5 of this instance, 6 from another one.
create function dpg_test.perform_actions()
returns void
language plpgsql
as $body$
begin
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 2), action_id => dpg_test.id(1));
  perform dpg.perform_action('actions asha', 'connect', dpg_test.item('student', 1), dpg_test.item('tutor', 4), action_id => dpg_test.id(2));
  perform dpg.perform_action('actions mina', 'book', dpg_test.item('student', 3), dpg_test.item('tutor', 4), action_id => dpg_test.id(3));
  perform dpg.perform_action('actions ravi', 'connect', dpg_test.item('tutor', 2), dpg_test.item('student', 3), action_id => dpg_test.id(4));
  perform dpg.perform_action('actions asha', 'visit', dpg_test.item('student', 1), dpg_test.item('tutor', 5, 'actions elsewhere'), action_id => dpg_test.id(5));
  perform dpg.receive_action('connect', dpg_test.item('student', 9), 'https://far.actions.test', 'far lena', dpg_test.item('tutor', 4), action_id => dpg_test.id(6));
end
$body$;

-- An event of another instance: an action of Asha's student for a tutor there. With other fields, and without some.
create function dpg_test.event(changes jsonb default '{}', without text[] default '{}')
returns jsonb
language sql
as $body$
  select ('{
    "partition_network": "actions test", "action_type": "connect", "event_id": "40000000-0000-4000-8000-000000000001",
    "origin_instance_domain": "https://far.actions.test", "action_id": "20000000-0000-4000-8000-000000000009",
    "action_status": "accepted", "update_count": 3,
    "source_item_network": "actions test", "source_item_domain": "student", "source_item_type": "profile_1.0",
    "source_item_id": "10000000-0000-4000-8000-000000000001", "source_item_instance_url": "https://student.actions.test",
    "source_item_owner": "actions asha", "source_item_latitude": 12.5, "source_item_longitude": 77.5,
    "target_item_network": "actions test", "target_item_domain": "tutor", "target_item_type": "profile_1.0",
    "target_item_id": "10000000-0000-4000-8000-000000000009", "target_item_instance_url": "https://far.actions.test",
    "target_item_owner": "actions ravi", "target_item_latitude": -90, "target_item_longitude": 180,
    "event_payload": {"when": "monday"}, "remarks": "gladly", "created_at": "2026-01-02T03:04:05.000006Z"
  }'::jsonb || changes) - without
$body$;

-- What a list has, briefly: the last digit of an action's id, and the roles; of an event the update as well.
create function dpg_test.brief(action_id uuid, ownership_roles text[])
returns text
language sql
as $body$
  select right(action_id::text, 1) || ' ' || array_to_string(ownership_roles, ' ')
$body$;

create function dpg_test.brief(action_id uuid, update_count integer, ownership_roles text[])
returns text
language sql
as $body$
  select right(action_id::text, 1) || '.' || update_count || ' ' || array_to_string(ownership_roles, ' ')
$body$;

-- How often this transaction has read each leaf, or an index of it.
create function dpg_test.reads(root text)
returns table (leaf text, reads bigint)
language sql
as $body$
  select p.leaf::text, s.seq_scan + coalesce(s.idx_scan, 0)
  from dpg.partitions p
  join pg_stat_xact_all_tables s on s.relid = p.leaf
  where p.root = reads.root
    and p.network in ('actions test', 'actions elsewhere')
$body$;

-- The feed

-- From here on positions count from 1: a rolled back test does not give back the numbers that it drew.
create function dpg_test.count_positions()
returns void
language plpgsql
as $body$
begin
  perform set_config(
    'dpg_test.position',
    (select (s.last_value - 1 + s.is_called::integer)::text from dpg_private.feed_positions_position_seq s), true
  );
end
$body$;

-- Asha and Ravi, and an item of each.
create function dpg_test.begin_feed()
returns void
language plpgsql
as $body$
begin
  perform dpg_test.insert_users('feed asha', 'feed ravi');
  perform dpg.upsert_item('feed asha', 'feed test', 'student', 'p', 'https://feed.test', 's', item_id => dpg_test.item_id(1));
  perform dpg.upsert_item('feed ravi', 'feed test', 'tutor', 'p', 'https://feed.test', 's', item_id => dpg_test.item_id(2));
  perform dpg_test.count_positions();
end
$body$;

-- The position of that number, as the feed has it.
create function dpg_test.at(number integer)
returns bigint
language sql
as $body$
  select current_setting('dpg_test.position')::bigint + number
$body$;

-- An action of that number and type, from here or from another instance.
create function dpg_test.act(number integer, type text default 'connect', source_url text default null)
returns void
language plpgsql
as $body$
declare
  target dpg.item_ref := row('feed test', 'tutor', 'p', dpg_test.item_id(2));
begin
  if source_url is null then
    perform dpg.perform_action(
      'feed asha', type, row('feed test', 'student', 'p', dpg_test.item_id(1))::dpg.item_ref, target,
      action_id => dpg_test.id(number)
    );
  else
    perform dpg.receive_action(
      type, row('feed test', 'student', 'p', dpg_test.item_id(9))::dpg.item_ref, source_url, 'feed asha', target,
      action_id => dpg_test.id(number)
    );
  end if;
end
$body$;

-- What a batch has: the last digit of the action, and the update.
create function dpg_test.batch(subscription text, max_events integer default 1000, lease_seconds double precision default 60)
returns text
language sql
as $body$
  select coalesce(string_agg(right(e.action_id::text, 1) || '.' || e.update_count, ' ' order by e."position"), '')
  from dpg.read_events(subscription, max_events, lease_seconds) e
$body$;

-- Networks

-- Students connect to tutors; a tutor's profile vouches for a tutor's offer.
create function dpg_test.network_document()
returns jsonb
language sql
as $body$
  select '{
    "name": "net test",
    "domains": [
      {"name": "student", "item_schemas": {"profile_1.0": {"type": "object"}}},
      {"name": "tutor", "item_schemas": {"profile_1.0": {"type": "object"}, "offer_1.0": true}}
    ],
    "instances": [{"domain_name": "student", "instance_url": "https://student.net.test"}],
    "actions": {
      "connect": {"interactions": [
        {"from_domain": "student", "to_domain": "tutor", "requirement_schema": {"type": "object"}}
      ]},
      "vouch": {"interactions": [
        {"from_domain": "tutor", "from_items": ["profile_1.0"], "to_domain": "tutor", "to_items": ["offer_1.0"],
          "requirement_schema": {"type": "object"}}
      ]}
    }
  }'::jsonb
$body$;

-- An item of the network of that document.
create function dpg_test.network_item(domain text, number integer, type text default 'profile_1.0', network text default 'net test')
returns dpg.item_ref
language sql
as $body$
  select row(network, domain, type, dpg_test.item_id(number))::dpg.item_ref
$body$;

create function dpg_test.publish(owner text, item dpg.item_ref)
returns dpg.items
language sql
as $body$
  select dpg.upsert_item(
    owner, item.item_network, item.item_domain, item.item_type, 'https://net.test', 'https://schemas.net.test',
    item_id => item.item_id
  )
$body$;
