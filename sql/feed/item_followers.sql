create table if not exists dpg_private.item_followers (
  follower integer generated always as identity,
  subscription text not null,
  home text,
  swept_seq bigint not null default 0,
  sweeping_seq bigint,
  sweeping_behind text[],
  constraint item_followers_pkey primary key (follower),
  constraint item_followers_subscription_key unique (subscription),
  constraint item_followers_subscription_fkey foreign key (subscription) references dpg.subscriptions (subscription)
)
with (fillfactor = 50); -- rows change often: the page has room for the new versions

comment on table dpg_private.item_followers is
  'The subscriptions to changes of items: the number under which triggers note changes for them, and what
dpg.read_item_changes remembers from one call to the next. Written by dpg.create_item_subscription, read_item_changes
and drop_subscription, which lock the row of dpg.subscriptions first.';
comment on column dpg_private.item_followers.follower is
  'The number. The triggers of leaves have it as an argument. It is never given again.';
comment on column dpg_private.item_followers.subscription is 'Name of the subscription: its row in dpg.subscriptions.';
comment on column dpg_private.item_followers.home is
  'The dpg_private.database_identity at the time when changes were handed out last, before that of the
creation: in a dump or on a replica of then, the former home may have handed out positions since.';
comment on column dpg_private.item_followers.swept_seq is
  'Nothing more will wait for this subscription up to this seq of dpg_private.changed_items. So nobody searches there,
among dead rows.';
comment on column dpg_private.item_followers.sweeping_seq is
  'The next swept_seq: the highest seq that was drawn when sweeping_behind was noted.';
comment on column dpg_private.item_followers.sweeping_behind is
  'The transactions (pg_locks.virtualtransaction) that could have drawn a seq up to sweeping_seq and had not ended.';
comment on constraint item_followers_subscription_key on dpg_private.item_followers is
  'One number for each subscription.';
comment on constraint item_followers_subscription_fkey on dpg_private.item_followers is
  'What follows is a subscription.';

create table if not exists dpg_private.item_following (
  is_only boolean not null default true,
  version bigint not null default 1,
  constraint item_following_pkey primary key (is_only),
  constraint item_following_one_row_check check (is_only)
);

insert into dpg_private.item_following (is_only)
values (true)
on conflict do nothing;

comment on table dpg_private.item_following is
  'One row: it changes whenever a subscription to items is created or dropped. Whoever creates a leaf of items under an
older snapshot (repeatable read) locks it: that ends in 40001 where the snapshot does not show all subscriptions.';
comment on column dpg_private.item_following.is_only is 'True: there is only one row.';
comment on column dpg_private.item_following.version is 'Rises with each change.';
