create or replace function dpg_private.normalised_url(value text)
returns text
language sql
immutable
parallel safe
security invoker
-- Most URLs are in this form already, and a look at them is cheaper than taking them apart.
return case when value ~ '^https?://[a-z0-9.-]+$' then value else dpg_private.rewritten_url(value) end;

comment on function dpg_private.normalised_url(text) is
  'The form in which URLs of instances are compared, so that the spellings of one URL are one instance: scheme and host in lower case (A to Z), the default port (http 80, https 443) and one slash at the end of the path off. User, other ports, the rest of the path, query and fragment are as they were, and so is what has no scheme with "://". URLs are stored as given; only comparisons use this form. Indexes are made of it: whoever changes what it returns makes those anew. sdk/instance-url.ts is the same function. Stored parsed and inlined.';
