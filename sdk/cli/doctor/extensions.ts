import { queryCheck } from './check.js';

export const extensions = queryCheck(
  'extensions',
  `
  select
    case when wanted.is_required then 'error' else 'notice' end as severity,
    'extension ' || wanted.name as object,
    case
      when wanted.is_required then 'The extension is missing: whatever has to do with places fails.'
      else 'The extension is missing: queries that you write with it fail; no function of ours needs it.'
    end as problem,
    -- earthdistance finds cube only in its own schema
    array[format('create extension %I schema %I;', wanted.name, coalesce(place.nspname, 'public'))] as mend
  from (values ('cube', true, 1), ('earthdistance', false, 2), ('pgcrypto', false, 3)) wanted (name, is_required, place)
  left join pg_extension cube on cube.extname = 'cube'
  left join pg_namespace place on place.oid = cube.extnamespace
  where not exists (select from pg_extension e where e.extname = wanted.name)
    and (wanted.is_required or exists (select from pg_available_extensions a where a.name = wanted.name))
  order by wanted.place`,
);
