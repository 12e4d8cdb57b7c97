import { queryCheck } from './check.js';

const NEAR = 0.9;

export const limits = queryCheck(
  'limits',
  `
  with present as (
    select p.root, p.network, p.key
    from dpg_private.partition_names p
    where to_regclass('dpg.' || p.name) is not null
  ),
  counts as (
    select 'leaves_per_network' as limit_name, format('network %L of dpg.%I', p.network, p.root) as object,
      count(*) as number, 'leaves' as what
    from present p
    where p.key is not null
    group by p.root, p.network
    union all
    select 'networks', format('table dpg.%I', p.root), count(*), 'networks'
    from present p
    where p.key is null
    group by p.root
  )
  select 'warning' as severity, c.object,
    format('It has %s of the %s %s that %s allows; beyond them calls that need another end in DP010.', c.number, l.limit_value, c.what, c.limit_name) as problem,
    array[format('update dpg.limits set limit_value = %s where limit_name = %L;', c.number * 2, c.limit_name)] as mend
  from counts c
  join dpg.limits l using (limit_name)
  where c.number >= ${NEAR} * l.limit_value
  order by c.number desc, c.object`,
);
