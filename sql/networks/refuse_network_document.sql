create or replace function dpg_private.refuse_network_document(path text[], value jsonb, problem text, hint text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  pointer text;
  shown jsonb := coalesce(value, 'null');
begin
  select string_agg('/' || replace(replace(p.step, '~', '~0'), '/', '~1'), '' order by p.position)
  into pointer
  from unnest(path) with ordinality p(step, position);
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> array[]::text[], ''), 200) || '...');
  end if;
  raise exception using
    errcode = 'DP001',
    message = dpg_private.text_for_client(
      format('document at %s %s: %s', left(pointer, 500), problem, left(shown::text, 220))
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      jsonb_build_object('argument', 'document', 'path', pointer, 'value', shown)::text
    );
end
$body$;

comment on function dpg_private.refuse_network_document(text[], jsonb, text, text) is
  'Raises DP001 for a part of a network document; path leads to it and becomes a JSON pointer, problem completes the sentence.';
