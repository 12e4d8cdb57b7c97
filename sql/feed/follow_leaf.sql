create or replace function dpg_private.followers_of_leaf(item_network text, item_domain text)
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
  select case
    when count(distinct f.follower) = 1 and max(s.item_type) is null then array[max(f.follower)::text]
    else array_agg(a.argument order by f.follower, a.number)
  end
  from dpg_private.item_followers f
  join dpg.subscriptions s on s.subscription = f.subscription
  cross join lateral unnest(array[f.follower::text, coalesce(s.item_type, '')]) with ordinality a(argument, number)
  where coalesce(s.item_network, followers_of_leaf.item_network) = followers_of_leaf.item_network
    and coalesce(s.item_domain, followers_of_leaf.item_domain) = followers_of_leaf.item_domain
$body$;

comment on function dpg_private.followers_of_leaf(text, text) is
  'The subscriptions that cover a leaf of items, as the arguments of its triggers: for each its number and its item
type, empty for all. The number alone where there is one, for all types. Null when there is none.';

create or replace function dpg_private.is_followed(leaf regclass, followers text[])
returns boolean
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
  select case
    when followers is null then count(*) = 0
    else count(*) = 4
      and bool_and(
        t.tgenabled in ('O', 'A')
        -- arguments are stored one after the other, each with a zero byte behind it
        and t.tgargs = (
          select string_agg(convert_to(a.argument, getdatabaseencoding()) || decode('00', 'hex'), '' order by a.number)
          from unnest(followers) with ordinality a(argument, number)
        )
      )
  end
  from pg_trigger t
  where t.tgrelid = leaf
    and t.tgname in ('items_follow_insert', 'items_follow_update', 'items_follow_delete', 'items_follow_truncate')
    and (followers is not null or t.tgenabled <> 'D')
$body$;

comment on function dpg_private.is_followed(regclass, text[]) is
  'Whether the triggers of a leaf note changes for these followers and no others; for null, whether they note none.';

create or replace function dpg_private.follow_leaf(leaf regclass, followers text[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  trigger_of record;
begin
  for trigger_of in
    select v.name, v.events, v.called
    from (values
      ('items_follow_insert', 'after insert on %s for each row', 'note_new_item'),
      ('items_follow_update', 'after update on %s for each row', 'note_changed_item'),
      ('items_follow_delete', 'after delete on %s for each row', 'note_items_gone'),
      ('items_follow_truncate', 'before truncate on %s for each statement', 'note_items_gone')
    ) v(name, events, called)
  loop
    if followers is not null then
      execute format(
        'create or replace trigger %I %s execute function dpg_private.%I(%s)',
        trigger_of.name, format(trigger_of.events, leaf), trigger_of.called,
        (
          select string_agg(quote_literal(a.argument), ', ' order by a.number)
          from unnest(followers) with ordinality a(argument, number)
        )
      );
      execute format(
        'comment on trigger %I on %s is %L', trigger_of.name, leaf,
        'Notes changes of items for the subscriptions that are its arguments: dpg_private.followers_of_leaf.'
      );
    elsif exists (
      select
      from pg_trigger t
      where t.tgrelid = leaf
        and t.tgname = trigger_of.name
    ) then
      execute format('alter table %s disable trigger %I', leaf, trigger_of.name);
    end if;
  end loop;
end
$body$;

comment on function dpg_private.follow_leaf(regclass, text[]) is
  'Lets the triggers of a leaf note changes for these followers: creates them anew, or disables them for null (dropping
them would lock out readers). They do not fire where changes come by replication. For a caller that has locked the leaf
(SHARE ROW EXCLUSIVE), or has created it.';

create or replace function dpg_private.follow_new_leaf(item_network text, item_domain text, leaf regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  followers text[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    perform f.version from dpg_private.item_following f where f.is_only for share;
  end if;
  followers := dpg_private.followers_of_leaf(item_network, item_domain);
  if followers is not null then
    perform dpg_private.follow_leaf(leaf, followers);
  end if;
end
$body$;

comment on function dpg_private.follow_new_leaf(text, text, regclass) is
  'Creates the triggers of a leaf that was just created, where a subscription covers it. For a caller that has the lock
of dpg_private.take_partition_turn. Ends in 40001 where an older snapshot does not show the subscriptions of now.';

create or replace function dpg_private.find_leaves_to_follow(item_network text, item_domain text)
returns table (leaf regclass, followers text[])
language plpgsql
volatile -- so that it sees what is committed now
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return query
    select l.leaf, l.followers
    from (
      select dpg_private.find_open_leaf('items', p.network, p.key) as leaf, p.name,
        dpg_private.followers_of_leaf(p.network, p.key) as followers
      from dpg_private.partition_names p
      where p.root = 'items'
        and p.key is not null
        and p.network = coalesce(find_leaves_to_follow.item_network, p.network)
        and p.key = coalesce(find_leaves_to_follow.item_domain, p.key)
      offset 0
    ) l
    where l.leaf is not null
      and not dpg_private.is_followed(l.leaf, l.followers)
    order by l.name collate "C";
end
$body$;

comment on function dpg_private.find_leaves_to_follow(text, text) is
  'The leaves of a network (of all for null) and domain (likewise) whose triggers do not note changes for the
subscriptions that there are, and for which they ought to.';

create or replace function dpg_private.follow_leaves(subscription text, item_network text, item_domain text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaves constant regclass[] := array(
    select l.leaf from dpg_private.find_leaves_to_follow(item_network, item_domain) l
  );
begin
  if leaves = '{}' then
    return;
  end if;
  perform dpg_private.lock_leaves(
    leaves, item_network, item_domain, format('the triggers for subscription %L cannot be changed', subscription)
  );
  perform dpg_private.follow_leaf(l.leaf, l.followers)
  from dpg_private.find_leaves_to_follow(item_network, item_domain) l;
end
$body$;

comment on function dpg_private.follow_leaves(text, text, text) is
  'Changes the triggers of the leaves of a network (of all for null) and domain (likewise) as the subscriptions demand
that there are now; subscription is for the refusal. Waits for whoever is writing in these leaves. For a caller that has
the lock of dpg_private.take_following_turn.
Raises DP010.';

create or replace function dpg_private.take_following_turn(subscription text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  seconds constant bigint := coalesce(dpg_private.limit_of('partition_queue_seconds'), 10);
  caller_timeout constant text := current_setting('lock_timeout');
begin
  perform set_config('lock_timeout', seconds || 's', true);
  lock table dpg_private.partition_turn in share update exclusive mode;
  perform set_config('lock_timeout', caller_timeout, true);
  update dpg_private.item_following f
  set version = f.version + 1
  where f.is_only;
exception
  when lock_not_available then
    raise exception using
      errcode = 'DP010',
      message = dpg_private.text_for_client(format(
        'subscription %L cannot be created or dropped: another transaction is making partitions and has not ended '
          'for %s s', subscription, seconds
      )),
      hint = 'Repeat the call later. A transaction that makes a partition holds up this call until it ends.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'subscription', subscription, 'reason', 'queue',
        'blocked_by', (
          select jsonb_agg(l.pid)
          from pg_locks l
          where l.locktype = 'relation'
            and l.relation = 'dpg_private.partition_turn'::regclass
            and l.database = (select d.oid from pg_database d where d.datname = current_database())
            and l.granted
        )
      )::text);
end
$body$;

comment on function dpg_private.take_following_turn(text) is
  'Lets one transaction at a time create or drop subscriptions to items, and no leaf be created meanwhile, until it
ends: the lock of dpg_private.take_partition_turn. subscription is for the refusal.
Raises DP010 after partition_queue_seconds of dpg.limits.';
