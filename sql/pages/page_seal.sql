create table if not exists dpg_private.page_seal (
  seal uuid not null,
  is_only boolean not null default true,
  constraint page_seal_pkey primary key (is_only),
  constraint page_seal_only_check check (is_only)
);

insert into dpg_private.page_seal (seal)
values (gen_random_uuid())
on conflict do nothing;

comment on table dpg_private.page_seal is
  'One random value that goes into the hash of page tokens, so that nobody makes one by hand.';
comment on column dpg_private.page_seal.seal is 'The value, drawn when the database was migrated; a new one makes all tokens invalid.';
comment on column dpg_private.page_seal.is_only is 'True: there is one row.';
