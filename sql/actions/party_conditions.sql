create or replace function dpg_private.party_conditions(ownership_role text, initiated text, received text)
returns text[]
language sql
immutable
parallel safe
security invoker
-- each row once: what both conditions find belongs to the first
return case ownership_role
  when 'initiated' then array[initiated]
  when 'received' then array[received]
  else array[initiated, received || ' and not (' || initiated || ')']
end;

comment on function dpg_private.party_conditions(text, text, text) is
  'The conditions of a role, to be searched one by one, since each has an index in the order of the page.';
