// What keeps events from being changed, disabled or gone.

import { describe } from 'vitest';
import { error, faults } from './faults.js';

describe('immutability', () => {
  faults({
    'the trigger of events was dropped, and with it those of the leaves': {
      plant: 'drop trigger action_events_immutable on dpg.action_events',
      found: [error('objects', 'trigger action_events_immutable on dpg.action_events', /missing/)],
    },
    'it was disabled, and with it those of the leaves': {
      plant: 'alter table dpg.action_events disable trigger action_events_immutable',
      found: [error('triggers', 'table dpg.action_events', /action_events_immutable is disabled/)],
    },
    'it was disabled on one leaf': {
      plant: 'alter table dpg.e_p_restoreone_connect disable trigger action_events_immutable',
      found: [error('triggers', 'table dpg.e_p_restoreone_connect', /action_events_immutable is disabled/)],
    },
    'it holds no longer for replicas': {
      plant: 'alter table dpg.e_p_restoreone_connect enable trigger action_events_immutable',
      found: [
        error(
          'triggers',
          'table dpg.e_p_restoreone_connect',
          /action_events_immutable is not enabled always/,
        ),
      ],
    },
    'a leaf can be emptied': {
      plant: 'drop trigger action_events_no_truncate on dpg.e_p_restoreone_visit',
      found: [
        error('triggers', 'table dpg.e_p_restoreone_visit', /lacks the trigger action_events_no_truncate/),
      ],
    },
    'the root can be emptied': {
      plant: 'drop trigger action_events_no_truncate on dpg.action_events',
      found: [error('objects', 'trigger action_events_no_truncate on dpg.action_events', /missing/)],
    },
    'the trigger of events was made anew, and does nothing': {
      plant: `create or replace trigger action_events_immutable before update or delete on dpg.action_events
          for each row when (false) execute function dpg_private.refuse_event_change();
        alter table dpg.action_events enable always trigger action_events_immutable`,
      found: [
        error('shape', 'trigger action_events_immutable on dpg.action_events', /WHEN \(false\).* instead of/),
      ],
    },
    'it was made anew for updates only, and of another function': {
      plant: `create function public.lenient() returns trigger language plpgsql set search_path = public, pg_temp as 'begin return new; end';
        create or replace trigger redactions_append_only before update on dpg.redactions
          for each row execute function public.lenient();
        alter table dpg.redactions enable always trigger redactions_append_only`,
      found: [error('shape', 'trigger redactions_append_only on dpg.redactions', /lenient\(\) instead of/)],
    },
    'that of a leaf against emptying was made anew, and does nothing': {
      plant: `create or replace trigger action_events_no_truncate before truncate on dpg.e_p_restoreone_visit
          for each statement when (false) execute function dpg_private.refuse_event_change();
        alter table dpg.e_p_restoreone_visit enable always trigger action_events_no_truncate`,
      found: [
        error('triggers', 'table dpg.e_p_restoreone_visit', /lacks the trigger action_events_no_truncate/),
      ],
    },
    'the record of redactions is guarded no longer': {
      plant: `drop trigger redactions_append_only on dpg.redactions;
        alter table dpg.redactions disable trigger redactions_no_truncate`,
      found: [
        error('objects', 'trigger redactions_append_only on dpg.redactions', /missing/),
        error('triggers', 'table dpg.redactions', /redactions_no_truncate is disabled/),
      ],
    },
  });
});
