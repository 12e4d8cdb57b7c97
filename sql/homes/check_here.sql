create or replace function dpg_private.check_home(network text)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  home dpg.homes;
  is_moving constant boolean := exists (
    select
    from dpg_private.moves m
    where m.network = check_home.network
      and m.direction = 'in'
  );
begin
  select h.* into home from dpg.homes h where h.network = check_home.network;
  if found then
    perform dpg_private.refuse_elsewhere(network, home.server, is_moving);
  end if;
end
$body$;

comment on function dpg_private.check_home(text) is 'Raises DP017 where the home of a network is another server.';

create or replace function dpg_private.refuse_elsewhere(network text, server text, is_moving boolean)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP017',
    message = dpg_private.text_for_client(
      case
        when is_moving then format('the network %L is about to live here, and is not open yet', network)
        else format('the network %L lives on another server: %s', network, server)
      end
    ),
    hint = dpg_private.text_for_client(
      case
        when is_moving then 'Repeat the call here in a moment.'
        else 'Repeat the call there. The SDK does so by itself.'
      end
    ),
    detail = dpg_private.text_for_client(
      (
        jsonb_build_object('network', network, 'server', server)
          || case when is_moving then '{"is_moving": true}' else '{}'::jsonb end
      )::text
    );
end
$body$;

comment on function dpg_private.refuse_elsewhere(text, text, boolean) is
  'Raises DP017. is_moving: the network is moving here, and its leaves are not open yet.';

create or replace function dpg_private.check_here(network text)
returns void
language sql
stable
parallel safe
security invoker
return case when network = any (dpg_private.moved_networks()) then dpg_private.check_home(network) end;

comment on function dpg_private.check_here(text) is
  'Raises DP017 where the home of a network is another server. Inlined: costs a comparison with a constant. The last of
the checks of a call, so that DP001 comes before it and everything else after.';

create or replace function dpg_private.check_still_here(network text)
returns void
language plpgsql
volatile -- as it is now
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if network = any (dpg_private.moved_networks()) then
    perform dpg_private.check_home(network);
    -- the snapshot is older than the row of dpg.homes
    raise serialization_failure using
      message = dpg_private.text_for_client(format('the network %L has moved meanwhile', network)),
      hint = 'Repeat the transaction.';
  end if;
end
$body$;

comment on function dpg_private.check_still_here(text) is
  'The same for who has written definitions or records, which have no leaf and so no trigger: what has waited for the
switch of a move would be lost, since the receiver has read them before. Called behind the last write. Raises DP017;
40001 in repeatable read and serializable.';
