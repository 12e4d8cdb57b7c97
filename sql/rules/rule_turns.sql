-- Counting is exact only if nobody else adds to what is counted at the same time. So who adds to it changes a row
-- first, and waits there for whoever has changed it and has not ended. A row and not an advisory lock: in repeatable
-- read the change of a row that has changed since ends in 40001, where a lock would let a count of former times
-- through. And every login can take an advisory lock of any key.
create table if not exists dpg_private.rule_turns (
  turn uuid not null,
  taken_at timestamptz not null,
  constraint rule_turns_pkey primary key (turn)
)
with (fillfactor = 70); -- rows change often: the page has room for the new versions

comment on table dpg_private.rule_turns is
  'One row for each pair of items, source or owner that a rule has counted something of. What is counted is not kept
here: it is counted where it is. A row that is missing is created when it is needed.';
comment on column dpg_private.rule_turns.turn is
  'What is counted: a hash of the rule and its keys. Where two had the same, they would wait for one another; nothing
else.';
comment on column dpg_private.rule_turns.taken_at is 'When somebody last added to it, or tried to.';
comment on constraint rule_turns_pkey on dpg_private.rule_turns is 'One turn for each thing that is counted.';
comment on index dpg_private.rule_turns_pkey is 'For dpg_private.take_turns.';

create or replace function dpg_private.turn_of(what jsonb)
returns uuid
language sql
immutable
parallel safe
security invoker
return left(encode(sha256(convert_to(what::text, 'UTF8')), 'hex'), 32)::uuid;

comment on function dpg_private.turn_of(jsonb) is
  'The turn of what a rule counts: its name and the keys.';

create or replace function dpg_private.take_turns(turns uuid[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  insert into dpg_private.rule_turns as r (turn, taken_at)
  select t.turn, clock_timestamp()
  from (select distinct u.turn from unnest(turns) u(turn)) t
  order by t.turn
  on conflict on constraint rule_turns_pkey do update
  set taken_at = excluded.taken_at;
end
$body$;

comment on function dpg_private.take_turns(uuid[]) is
  'Waits until nobody else adds to what these turns stand for, and keeps others from it until the transaction ends. In
one order, so that no two calls wait for one another; after the locks of items and of actions. What is counted must be
counted in a later statement. In repeatable read 40001 where somebody has taken one of them since.';
