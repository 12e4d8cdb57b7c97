create or replace function dpg_private.note_step(network text, step text, detail jsonb default '{}')
returns dpg_private.moves
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  noted dpg_private.moves;
begin
  update dpg_private.moves m
  set step = note_step.step,
    detail = m.detail || note_step.detail,
    changed_at = clock_timestamp()
  where m.network = note_step.network
  returning * into noted;
  return noted;
end
$body$;

comment on function dpg_private.note_step(text, text, jsonb) is
  'Notes the step of a move that was just done; detail is added to what is noted already.';

create or replace function dpg_private.begin_move(network text, server text)
returns dpg_private.moves
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  move dpg_private.moves;
begin
  perform
    dpg_private.check_key('network', network),
    dpg_private.check_here(network);

  -- lock: whoever is creating a leaf; from here on check_not_moving refuses
  perform dpg_private.take_partition_turn('items', network, null);

  select m.* into move from dpg_private.moves m where m.network = begin_move.network;
  if not found then
    insert into dpg_private.moves (network, direction, server, step)
    values (begin_move.network, 'out', begin_move.server, 'begun')
    returning * into move;
  elsif move.server <> server then
    perform dpg_private.refuse_argument(
      'server', to_jsonb(server), 'is not where the network is moving',
      format('A move to %s is under way: go on with it, or end it by --abort.', move.server)
    );
  end if;
  return move;
end
$body$;

comment on function dpg_private.begin_move(text, text) is
  'On the sender: notes that a network is moving to a server, and returns the record; the one that is there already
where the move was begun before. From then on no leaf of the network is created (DP010). Raises DP001, DP010, DP017.';
