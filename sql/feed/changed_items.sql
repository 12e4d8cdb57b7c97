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
changes (two where the item was deleted and created again meanwhile). The triggers items_follow and
items_follow_truncate of a leaf write it, in the transaction of the change. dpg.read_item_changes moves it to
dpg_private.item_changes.';
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

create or replace function dpg_private.note_item_change()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  waiting tid[];
begin
  if tg_op = 'TRUNCATE' then
    for argument in 0 .. tg_nargs - 1 by 2 loop
      execute format(
        'insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
         select $1, i.item_network, i.item_domain, i.item_type, i.item_id
         from %s i
         where $2 in (%L, i.item_type)',
        tg_relid::regclass, ''
      )
      using tg_argv[argument]::integer, tg_argv[argument + 1];
    end loop;
    return null;
  end if;

  -- One statement for each follower: one over all would be planned anew at each call.
  for argument in 0 .. tg_nargs - 1 by 2 loop
    -- A new item. It is not searched for, which would be a third of the cost. So one that was deleted and is created
    -- again has two rows.
    if tg_op = 'INSERT' then
      if tg_argv[argument + 1] = '' or tg_argv[argument + 1] = new.item_type then
        insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
        values (tg_argv[argument]::integer, new.item_network, new.item_domain, new.item_type, new.item_id);
      end if;
      continue;
    end if;

    -- A row that waits is enough: whoever hands it out reads the item after this transaction has committed, since the
    -- row is locked until then. One that somebody is handing out at this moment is locked: then this change gets a row
    -- of its own. Under serializable the search would make transactions of different items fail, since they read and
    -- write the same page of the index.
    if tg_op = 'UPDATE' and (tg_argv[argument + 1] = '' or tg_argv[argument + 1] = new.item_type) then
      if current_setting('transaction_isolation') <> 'serializable' then
        perform
        from dpg_private.changed_items c
        where c.item_id = new.item_id
          and c.item_type = new.item_type
          and c.item_domain = new.item_domain
          and c.item_network = new.item_network
          and c.follower = tg_argv[argument]::integer
        for share skip locked;
      end if;
      if current_setting('transaction_isolation') = 'serializable' or not found then
        insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
        values (tg_argv[argument]::integer, new.item_network, new.item_domain, new.item_type, new.item_id);
      end if;
    end if;

    -- What was there is there no more. Of two rows the first one stays, so there are never more than two.
    if (tg_op = 'DELETE' or (new.item_id, new.item_type) <> (old.item_id, old.item_type))
      and (tg_argv[argument + 1] = '' or tg_argv[argument + 1] = old.item_type)
    then
      waiting := '{}';
      if current_setting('transaction_isolation') <> 'serializable' then
        waiting := array(
          select c.ctid
          from dpg_private.changed_items c
          where c.item_id = old.item_id
            and c.item_type = old.item_type
            and c.item_domain = old.item_domain
            and c.item_network = old.item_network
            and c.follower = tg_argv[argument]::integer
          order by c.seq
          for update skip locked
        );
      end if;
      if waiting = '{}' then
        insert into dpg_private.changed_items (follower, item_network, item_domain, item_type, item_id)
        values (tg_argv[argument]::integer, old.item_network, old.item_domain, old.item_type, old.item_id);
      elsif cardinality(waiting) > 1 then
        delete from dpg_private.changed_items c where c.ctid = any (waiting[2:]);
      end if;
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.note_item_change() is
  'Trigger of leaves that a subscription to items covers: notes that the item has changed. Its arguments are two for
each subscription (dpg_private.followers_of_leaf): the number, and the item type, empty for all. It waits for nobody.
TRUNCATE notes every item of the leaf.';
