-- The numbers of transactions begin anew in a restored database. A record of an erasure that happens to have the number of
-- the present transaction opens no door to the events.
begin;
select plan(5);

select dpg_test.insert_users('former asha', 'former ravi');
do $body$
begin
  perform dpg.upsert_item(
    'former asha', 'former test', 'student', 'profile', 'https://former.test', 'https://schemas.former.test',
    item_id => '11111111-1111-4111-8111-111111111111'
  );
  perform dpg.upsert_item(
    'former ravi', 'former test', 'tutor', 'profile', 'https://former.test', 'https://schemas.former.test',
    item_id => '22222222-2222-4222-8222-222222222222'
  );
  perform dpg.perform_action(
    'former asha', 'connect', row('former test', 'student', 'profile', '11111111-1111-4111-8111-111111111111'),
    row('former test', 'tutor', 'profile', '22222222-2222-4222-8222-222222222222')
  );
end
$body$;

insert into dpg.redactions (redacted_at, actor, kind, reason, transaction_id)
values (transaction_timestamp() - interval '1 microsecond', 'data officer', 'user', 'long ago', pg_current_xact_id());

select throws_ok(
  $$update dpg.action_events set source_item_owner = 'dpg_erased_user' where partition_network = 'former test'$$, 'DP012', null,
  'no owner of an event gives way'
);
select throws_ok(
  $$update dpg.redactions set actor = 'dpg_erased_user' where actor = 'data officer'$$, 'DP012', null, 'nor one of a record'
);

select lives_ok($$select dpg.erase_user('data officer', 'former asha', 'request')$$, 'an erasure of now does its work');
select results_eq(
  $$select source_item_owner from dpg.action_events where partition_network = 'former test'$$, $$values ('dpg_erased_user')$$,
  'in the events'
);
select results_eq(
  $$select count(*) from dpg.redactions where transaction_id = pg_current_xact_id() and kind = 'user'$$, $$values (2::bigint)$$,
  'there are two records with this number'
);

select * from finish();
rollback;
