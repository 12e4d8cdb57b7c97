create or replace function dpg_private.page_token(binding text, "position" text)
returns text
language sql
immutable
parallel safe
security invoker
return format(
  'lpad(to_hex(hashtextextended(encode(%2$s, ''hex'') collate "C", %1$s)), 16, ''0'') || encode(%2$s, ''hex'')', binding, "position"
);

comment on function dpg_private.page_token(text, text) is
  'The expression for the token of a row, from the parameter that holds the dpg_private.page_binding and the expression (bytea) for the row''s place in the order, which dpg_private.page_position gives back: 16 hexadecimal digits of a hash over both, then the place in hexadecimal digits. A text, since every row has a token and a function in PL/pgSQL would take longer than the rest of the row. The hash begins with a random value of the database, so that nobody makes a token by hand; it keeps mistakes out, not an attacker, whom a token would give nothing.';
