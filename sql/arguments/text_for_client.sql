create or replace function dpg_private.text_for_client(value text)
returns text
language sql
stable
parallel safe
security invoker
-- PostgreSQL answers 22P05 instead of an error that the client cannot read: the client would never see the refusal.
-- We do not try whether its encoding has a character: that takes a subtransaction, which parallel plans forbid. The
-- setting, not pg_client_encoding(): in a worker of a parallel plan that is the encoding of the database.
return case
  when current_setting('client_encoding') in ('UTF8', 'UNICODE', getdatabaseencoding()::text)
    or getdatabaseencoding() <> 'UTF8'
    or octet_length(value) = length(value)
  then
    value
  else
    (
      select string_agg(
        case
          when c.code < 128 then c.letter
          when c.code < 65536 then chr(92) || 'u' || lpad(to_hex(c.code), 4, '0')
          -- two halves, as JSON writes what has no place in four digits
          else concat(
            chr(92), 'u', to_hex(55296 + (c.code - 65536) / 1024), chr(92), 'u', to_hex(56320 + (c.code - 65536) % 1024)
          )
        end,
        '' order by c.position
      )
      from (
        select l.letter, ascii(l.letter) as code, l.position
        from regexp_split_to_table(value, '') with ordinality l(letter, position)
      ) c
    )
end;

comment on function dpg_private.text_for_client(text) is
  'The text of a message, a hint or a DETAIL in a form that every client can read: where the encoding of the client is
neither UTF8 nor that of the database, each character outside ASCII is written as a JSON escape. In JSON it stays the
same value. Null for null.';
