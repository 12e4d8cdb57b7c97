create table if not exists dpg_private.instance_url_sightings (
  instance_url text not null,
  first_seen_at timestamptz not null default clock_timestamp()
);

create index if not exists instance_url_sightings_idx
on dpg_private.instance_url_sightings (instance_url);

comment on table dpg_private.instance_url_sightings is
  'Each URL of this instance, as upserts met it. Not unique on purpose: with a unique index every writer of a new
URL would wait for the transaction of the first one. dpg.instance_urls shows each URL once.';
comment on column dpg_private.instance_url_sightings.instance_url is 'URL of this instance.';
comment on column dpg_private.instance_url_sightings.first_seen_at is 'When an upsert met it and found no row of it.';
comment on index dpg_private.instance_url_sightings_idx is
  'For upserts: whether this spelling of a URL is noted.';

create index if not exists instance_url_sightings_form_idx
on dpg_private.instance_url_sightings (dpg_private.normalised_url(instance_url));

comment on index dpg_private.instance_url_sightings_form_idx is
  'For the question whether a URL is one of ours, in whichever spelling: receive_action, receive_transition,
store_event and dpg.peers.';

create table if not exists dpg_private.peer_url_sightings (
  instance_url text not null,
  first_seen_at timestamptz not null default clock_timestamp()
);

create index if not exists peer_url_sightings_idx
on dpg_private.peer_url_sightings (instance_url);

create index if not exists peer_url_sightings_form_idx
on dpg_private.peer_url_sightings (dpg_private.normalised_url(instance_url));

comment on table dpg_private.peer_url_sightings is
  'Each URL by which another instance is known: the source of an action that came from there, or the origin of an
event. No item may be given one of them. Not unique on purpose, as dpg_private.instance_url_sightings. Written by
receive_action and store_event; dpg.forget_instance_url removes one.';
comment on column dpg_private.peer_url_sightings.instance_url is
  'URL of another instance, as it spelled it; each spelling has a row.';
comment on column dpg_private.peer_url_sightings.first_seen_at is 'When a call brought it and found no row of it.';
comment on index dpg_private.peer_url_sightings_form_idx is
  'For the question whether another instance is known by a URL, and how it spells it: a new URL of an item, and
store_event.';
comment on index dpg_private.peer_url_sightings_idx is
  'For receive_action: whether this spelling of a URL is noted.';

create or replace view dpg.instance_urls as
select s.instance_url, min(s.first_seen_at) as first_seen_at
from dpg_private.instance_url_sightings s
group by s.instance_url;

comment on view dpg.instance_urls is
  'The URLs of this instance: every item_instance_url of its items. What comes from another instance may not claim
one of them.';
comment on column dpg.instance_urls.instance_url is 'URL of this instance.';
comment on column dpg.instance_urls.first_seen_at is 'When the first item with this URL was written.';

create or replace function dpg_private.is_instance_url(instance_url text)
returns boolean
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  form constant text := dpg_private.normalised_url(instance_url); -- computed first: then the plan is kept
begin
  return exists (
    select
    from dpg_private.instance_url_sightings s
    where dpg_private.normalised_url(s.instance_url) = form
  );
end
$body$;

comment on function dpg_private.is_instance_url(text) is
  'Whether this is a URL of this instance, in whichever spelling.';

create or replace function dpg_private.check_instance_url(argument text, instance_url text, index integer default null)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not dpg_private.is_instance_url(instance_url)
    and exists (
      select
      from dpg_private.peer_url_sightings p
      where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(check_instance_url.instance_url)
    )
  then
    perform dpg_private.refuse_argument(
      argument, to_jsonb(instance_url), 'is the URL of another instance',
      'An item carries a URL of this instance. An action or an event came from another one under this URL, '
        'which could not act here any more if it were ours. If that was a mistake, dpg_admin strikes it: '
        'dpg.forget_instance_url.',
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_instance_url(text, text, integer) is
  'Raises DP001 for the URL of an item when another instance is known by it, unless it is a URL of ours already.
Called only where this spelling is not noted yet.';

create or replace function dpg_private.register_instance_url(instance_url text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = register_instance_url.instance_url
  ) then
    insert into dpg_private.instance_url_sightings (instance_url)
    values (register_instance_url.instance_url);
  end if;
end
$body$;

comment on function dpg_private.register_instance_url(text) is
  'Notes a URL of this instance when it is new.';

create or replace function dpg_private.note_peer_url(instance_url text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  insert into dpg_private.peer_url_sightings (instance_url)
  values (note_peer_url.instance_url);
end
$body$;

comment on function dpg_private.note_peer_url(text) is
  'Notes a URL by which another instance is known. Called where this spelling is not noted.';
