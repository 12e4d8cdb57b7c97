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
comment on column dpg_private.page_seal.seal is
  'The value, drawn when the database was migrated; a new one makes all tokens invalid.';
comment on column dpg_private.page_seal.is_only is 'True: there is one row.';

create or replace function dpg_private.page_binding(call text, filters jsonb)
returns table (binding bigint)
language sql
stable
parallel safe
security invoker
begin atomic
  select hashtextextended(s.seal::text || page_binding.call || page_binding.filters::text collate "C", 0)
  from dpg_private.page_seal s;
end;

comment on function dpg_private.page_binding(text, jsonb) is
  'What a page token is bound to: a hash over this database, the call and its filters.';

create or replace function dpg_private.page_token_sql(binding text, "position" text)
returns text
language sql
immutable
parallel safe
security invoker
return format(
  'lpad(to_hex(hashtextextended(encode(%2$s, ''hex'') collate "C", %1$s)), 16, ''0'') || encode(%2$s, ''hex'')',
  binding, "position"
);

comment on function dpg_private.page_token_sql(text, text) is
  'The SQL expression for the token of a row. binding: the parameter that holds the dpg_private.page_binding.
position: the expression (bytea) for the place of the row in the order, which dpg_private.page_position returns
again. A token is 16 hexadecimal digits of a hash over both, then the place in hexadecimal digits. The hash begins
with a random value of this database. It finds mistakes; it does not keep out an attacker, who would gain nothing by
a token. SQL text, not a function: every row has a token, and a PL/pgSQL call would take longer than the rest of the
row.';

create or replace function dpg_private.token_of_position(binding bigint, "position" bytea)
returns text
language sql
immutable
parallel safe
security invoker
return lpad(to_hex(hashtextextended(encode("position", 'hex') collate "C", binding)), 16, '0')
  || encode("position", 'hex');

comment on function dpg_private.token_of_position(bigint, bytea) is
  'What dpg_private.page_token_sql writes, as a function: for statements whose plan is kept. In others inlining it
would take longer than the rest of the row.';

create or replace function dpg_private.page_position(binding bigint, page_token text)
returns bytea
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  body constant text := substr(page_token, 17);
begin
  if page_token is null then
    return null;
  end if;
  -- as dpg_private.page_token_sql made it; no genuine one is longer: a few keys and a URL
  if length(body) <= 65536
    and left(page_token, 16) = lpad(to_hex(hashtextextended(body collate "C", binding)), 16, '0')
    and body ~ '^([0-9a-f]{2})+$'
  then
    return decode(body, 'hex');
  end if;
  raise exception using
    errcode = 'DP011',
    message = dpg_private.text_for_client(format('page_token is not one of this call: %L', left(page_token, 80))),
    hint =
      'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
    detail = dpg_private.text_for_client(jsonb_build_object('page_token', left(page_token, 200))::text);
end
$body$;

comment on function dpg_private.page_position(bigint, text) is
  'The place in the order that a token of this binding stands for, as bytes; null for null. Raises DP011 for any other
token.';

create or replace function dpg_private.page_time("position" bytea)
returns timestamptz
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  microseconds constant bigint := ('x' || encode(substr("position", 1, 8), 'hex'))::bit(64)::bigint;
begin
  return case microseconds
    when 9223372036854775807 then 'infinity'
    when -9223372036854775808 then '-infinity'
    else
      -- in two parts, since an interval is multiplied by a float, and by hours, since days are of different lengths
      timestamptz '2000-01-01 00:00:00+00'
        + interval '1 hour' * (microseconds / 3600000000)
        + interval '1 microsecond' * (microseconds % 3600000000)
  end;
end
$body$;

comment on function dpg_private.page_time(bytea) is
  'The time with which a place in the order of a list begins, as timestamptz_send wrote it: microseconds since
2000-01-01 00:00:00 UTC in 8 bytes. Null for null.';

create or replace function dpg_private.page_id("position" bytea)
returns uuid
language sql
immutable
parallel safe
security invoker
return encode(substr("position", 9, 16), 'hex')::uuid;

comment on function dpg_private.page_id(bytea) is
  'The id in a place in the order of a list, the 16 bytes after the time. Null for null.';
