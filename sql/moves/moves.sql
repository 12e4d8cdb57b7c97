create table if not exists dpg_private.moves (
  network text not null,
  direction text not null,
  server text not null,
  step text not null,
  detail jsonb not null default '{}',
  started_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  constraint moves_pkey primary key (network),
  constraint moves_direction_check check (direction in ('out', 'in'))
);

comment on table dpg_private.moves is
  'Networks that are moving from here (out) or to here (in): the record by which the command dpg-database move goes on
after it was ended in the middle. A row goes when the move is finished or aborted.';
comment on column dpg_private.moves.network is 'Network, exactly as given.';
comment on column dpg_private.moves.direction is 'out: to server. in: from server.';
comment on column dpg_private.moves.server is 'The other server, as in dpg.homes.';
comment on column dpg_private.moves.step is 'The step that was done last: see sdk/cli/move.';
comment on column dpg_private.moves.detail is 'What the command needs to go on. Holds no password.';
comment on column dpg_private.moves.started_at is 'When the move began.';
comment on column dpg_private.moves.changed_at is 'When the last step was done.';
comment on constraint moves_pkey on dpg_private.moves is 'One move of a network at a time.';
comment on constraint moves_direction_check on dpg_private.moves is 'The directions that there are.';
comment on index dpg_private.moves_pkey is 'For whoever creates a leaf: is the network moving?';

create table if not exists dpg_private.move_markers (
  network text not null,
  marker uuid not null,
  created_at timestamptz not null default clock_timestamp(),
  constraint move_markers_pkey primary key (network)
);

comment on table dpg_private.move_markers is
  'Rows that are replicated behind the rows of a network: where one has arrived, everything that was committed before it
has arrived, too.';
comment on column dpg_private.move_markers.network is
  'The network that moves, exactly as given; no text for the users, whom another subscription carries.';
comment on column dpg_private.move_markers.marker is 'Chosen anew by each who waits for it.';
comment on column dpg_private.move_markers.created_at is 'When it was written.';
comment on constraint move_markers_pkey on dpg_private.move_markers is 'One row of each network.';
comment on index dpg_private.move_markers_pkey is 'For who waits for a marker.';
