do $body$
begin
  if pg_catalog.to_regtype('dpg.item_ref') is null then
    create type dpg.item_ref as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid
    );
  end if;
end
$body$;

comment on type dpg.item_ref is
  'Names one item. In SQL: row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'')::dpg.item_ref';
