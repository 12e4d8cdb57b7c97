-- A writer waits for nobody here: no index is unique, and it locks a row only where nobody else has (skip locked). A
-- reader does the same. So the order of locks does not matter.
create table if not exists dpg_private.changed_items (
  follower integer not null,
  seq bigint generated always as identity,
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  item_id uuid not null,
  changed_at timestamptz not null default clock_timestamp()
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);

create index if not exists changed_items_order_idx
on dpg_private.changed_items (follower, seq);

create index if not exists changed_items_item_idx
on dpg_private.changed_items (item_id, item_type);

comment on table dpg_private.changed_items is
  'Items that have changed since a subscription last got them: a row for each item and subscription, however often it
changes (two where the item was deleted and created again meanwhile). The triggers items_follow_... of a
leaf write it, in the transaction of the change. dpg.read_item_changes moves it to dpg_private.item_changes.';
comment on column dpg_private.changed_items.follower is
  'The subscription that it waits for: its number in dpg_private.item_followers.';
comment on column dpg_private.changed_items.seq is
  'The order in which rows are handed out. It says nothing about the order of commits.';
comment on column dpg_private.changed_items.item_network is 'Of the item.';
comment on column dpg_private.changed_items.item_domain is 'Of the item.';
comment on column dpg_private.changed_items.item_type is 'Of the item.';
comment on column dpg_private.changed_items.item_id is 'The item.';
comment on column dpg_private.changed_items.changed_at is
  'When the first of the changes was made that the row stands for.';
comment on index dpg_private.changed_items_order_idx is 'For read_item_changes: what waits, in order.';
comment on index dpg_private.changed_items_item_idx is
  'For the triggers: does a change of the item wait already?';

-- A new item. It is not searched for, which would be a third of the cost: so one that is deleted and created again has
-- two rows. Most leaves have one subscription, without a type. Its number is a variable, since an element of tg_argv in
-- the statement costs a quarter more.
create or replace function dpg_private.note_new_item()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  number integer := tg_argv[0];
begin
  if tg_nargs = 1 then
    insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
    values (number, new.item_network, new.item_domain, new.item_type, new.item_id);
    return null;
  end if;
  for argument in 0 .. tg_nargs - 1 by 2 loop
    if tg_argv[argument + 1] in ('', new.item_type) then
      number := tg_argv[argument];
      insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
      values (number, new.item_network, new.item_domain, new.item_type, new.item_id);
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.note_new_item() is
  'Trigger of leaves that a subscription to items covers: notes a new item for the subscriptions that are its arguments
(dpg_private.followers_of_leaf). It waits for nobody.';

create or replace function dpg_private.note_changed_item()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- a plan that was made while nothing waited is kept when much does
as $body$
declare
  number integer;
begin
  for argument in 0 .. greatest(tg_nargs - 2, 0) by 2 loop
    number := tg_argv[argument];
    if tg_nargs = 1 or tg_argv[argument + 1] in ('', new.item_type) then
      -- A row that waits is enough: whoever hands it out reads the item after this transaction has committed, since
      -- the row is locked until then. One that somebody is handing out at this moment is locked: then this change gets
      -- a row of its own. Under serializable nothing is searched for: transactions of different items would fail,
      -- since they would read and write the same page of the index. Nor under repeatable read: a row of the snapshot
      -- that was handed out since ends in 40001, though nobody else has changed the item.
      perform
      from dpg_private.changed_items c
      where c.item_id = new.item_id
        and c.item_type = new.item_type
        and c.item_domain = new.item_domain
        and c.item_network = new.item_network
        and c.follower = number
        and current_setting('transaction_isolation') not in ('repeatable read', 'serializable')
      for share skip locked;
      if not found then
        insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
        values (number, new.item_network, new.item_domain, new.item_type, new.item_id);
      end if;
    end if;
    if new.item_id <> old.item_id or new.item_type <> old.item_type then
      perform dpg_private.note_item_gone(
        number, tg_argv[argument + 1], row(old.item_network, old.item_domain, old.item_type, old.item_id)
      );
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.note_changed_item() is
  'Trigger of leaves that a subscription to items covers: notes that an item was changed, for the subscriptions that are
its arguments (dpg_private.followers_of_leaf). It waits for nobody.';

create or replace function dpg_private.note_item_gone(follower integer, of_type text, item dpg.item_ref)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  waiting tid[] := '{}';
begin
  if of_type not in ('', item.item_type) then
    return;
  end if;
  -- as dpg_private.note_changed_item does it. Of two rows, which a new item has left, the first stays: there are never
  -- more.
  if current_setting('transaction_isolation') not in ('repeatable read', 'serializable') then
    waiting := array(
      select c.ctid
      from dpg_private.changed_items c
      where c.item_id = item.item_id
        and c.item_type = item.item_type
        and c.item_domain = item.item_domain
        and c.item_network = item.item_network
        and c.follower = note_item_gone.follower
      order by c.seq
      for update skip locked
    );
  end if;
  if waiting = '{}' then
    insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
    values (follower, item.item_network, item.item_domain, item.item_type, item.item_id);
  elsif cardinality(waiting) > 1 then
    delete from dpg_private.changed_items c where c.ctid = any (waiting[2:]);
  end if;
end
$body$;

comment on function dpg_private.note_item_gone(integer, text, dpg.item_ref) is
  'Notes for a subscription to items of this type (all when empty or null) that an item is not there any more. It waits
for nobody.';

create or replace function dpg_private.note_items_gone()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  for argument in 0 .. greatest(tg_nargs - 2, 0) by 2 loop
    if tg_op = 'DELETE' then
      perform dpg_private.note_item_gone(
        tg_argv[argument]::integer, tg_argv[argument + 1],
        row(old.item_network, old.item_domain, old.item_type, old.item_id)
      );
    else
      execute format(
        'insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
         select $1, i.item_network, i.item_domain, i.item_type, i.item_id
         from %s i
         where coalesce($2, %L) in (%2$L, i.item_type)',
        tg_relid::regclass, ''
      )
      using tg_argv[argument]::integer, tg_argv[argument + 1];
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.note_items_gone() is
  'Trigger of leaves that a subscription to items covers: notes that an item was deleted, or all by TRUNCATE, for the
subscriptions that are its arguments (dpg_private.followers_of_leaf). It waits for nobody.';
