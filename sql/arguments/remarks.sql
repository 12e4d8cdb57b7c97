create or replace function dpg_private.remarks_refusal(remarks text)
returns dpg_private.refusal
language sql
stable
parallel safe
security invoker
return dpg_private.argument_refusal(
  'remarks', to_jsonb(remarks), 'are too long',
  'Remarks are a short note of at most 65,536 bytes; what matters to the event belongs in event_payload.'
);

comment on function dpg_private.remarks_refusal(text) is
  'DP001 for remarks that are longer than 65,536 bytes.';

create or replace function dpg_private.check_remarks_or_none(remarks text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when octet_length(remarks) > 65536 then dpg_private.raise_refusal(dpg_private.remarks_refusal(remarks))
end;

comment on function dpg_private.check_remarks_or_none(text) is
  'Raises DP001 when remarks are longer than 65,536 bytes. Null is none.';

create or replace function dpg_private.check_reason(reason text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (dpg_private.is_visible(reason) and octet_length(reason) <= 65536) is not true then
    dpg_private.refuse_argument(
      'reason', to_jsonb(reason), 'is missing or too long', 'Say why, in at most 65,536 bytes: it is kept on record.'
    )
end;

comment on function dpg_private.check_reason(text) is
  'Raises DP001 unless reason is text of 1 to 65,536 bytes, not all white space.';
