create or replace function dpg_private.is_short_document(document jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
-- The text, not the stored form: 1e100000 is stored in a few bytes and read back as 100,001. A level takes two bytes, so that
-- this many hold 512 levels at most: the smallest limit of depth that can be set.
return jsonb_typeof(document) = 'object' and octet_length(document::text) <= 1024;

comment on function dpg_private.is_short_document(jsonb) is
  'Whether document is a JSON object of at most 1,024 bytes, the smallest limit that can be set for documents, and so of 512 levels at most, the smallest limit of their depth: such a one needs no look at the limits. Null for null. Stored parsed and inlined.';
