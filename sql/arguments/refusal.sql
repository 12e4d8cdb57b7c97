do $body$
begin
  if pg_catalog.to_regtype('dpg_private.refusal') is null then
    create type dpg_private.refusal as (
      code text,
      message text,
      hint text,
      detail jsonb
    );
  end if;
end
$body$;

comment on type dpg_private.refusal is
  'Why a call is refused: SQLSTATE, message, HINT and DETAIL of the error. A call that goes on with others finds it
without raising. code is null where nothing is refused.';

create or replace function dpg_private.raise_refusal(refusal dpg_private.refusal)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if refusal.code is not null then
    raise exception using
      errcode = refusal.code,
      message = dpg_private.text_for_client(refusal.message),
      hint = dpg_private.text_for_client(refusal.hint),
      detail = dpg_private.text_for_client(refusal.detail::text);
  end if;
end
$body$;

comment on function dpg_private.raise_refusal(dpg_private.refusal) is
  'Raises the error that a refusal describes; nothing where its code is null.';
