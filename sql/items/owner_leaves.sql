create table if not exists dpg_private.owner_leaves (
  owner text not null,
  item_network text not null,
  item_domain text not null
);

create index if not exists owner_leaves_idx
on dpg_private.owner_leaves (owner, item_network, item_domain);

comment on table dpg_private.owner_leaves is
  'In which domains a user has, or has had, items, so that find_own_items reads only those leaves. Not unique on
purpose: a unique index would make a writer wait for another''s transaction to end.';
comment on column dpg_private.owner_leaves.owner is 'The user: created_by of an item.';
comment on column dpg_private.owner_leaves.item_network is 'First partition key of the leaf.';
comment on column dpg_private.owner_leaves.item_domain is 'Second partition key of the leaf.';
comment on index dpg_private.owner_leaves_idx is
  'For find_own_items, and for the trigger that asks whether a row is there.';

create or replace function dpg_private.note_owner_leaf()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from dpg_private.owner_leaves o
    where o.owner = new.created_by
      and o.item_network = new.item_network
      and o.item_domain = new.item_domain
  ) then
    insert into dpg_private.owner_leaves (owner, item_network, item_domain)
    values (new.created_by, new.item_network, new.item_domain);
  end if;
  return null;
end
$body$;

comment on function dpg_private.note_owner_leaf() is
  'Trigger: notes in which leaf the owner of a new item, or the new owner of an item, has one.';

-- Only where they are not there: PostgreSQL would lock the root and every leaf, even to create the same triggers again.
-- What was there before is noted leaf by leaf. Writers wait meanwhile: their items would not be noted.
do $body$
declare
  leaf record;
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.items'::pg_catalog.regclass
      and t.tgname = 'items_note_owner'
  ) then
    create trigger items_note_owner
    after insert or update of created_by on dpg.items
    for each row
    execute function dpg_private.note_owner_leaf();

    for leaf in
      select p.relid as name
      from pg_catalog.pg_partition_tree('dpg.items') p
      where p.isleaf
    loop
      execute pg_catalog.format(
        'insert into dpg_private.owner_leaves (owner, item_network, item_domain)
         select o.owner, k.item_network, k.item_domain
         from (select distinct i.created_by as owner from %1$s i) o
         cross join (select i.item_network, i.item_domain from %1$s i limit 1) k',
        leaf.name
      );
    end loop;
  end if;
end
$body$;

comment on trigger items_note_owner on dpg.items is
  'Keeps dpg_private.owner_leaves, so that find_own_items reads only leaves in which the actor has items.';
