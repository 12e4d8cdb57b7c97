import { type Check, type Finding, queryCheck } from './check.js';

/** A step takes minutes; only the copying of a large network takes hours, and what is left to be read from a feed. */
const LATE_HOURS = 24;

const statement = queryCheck(
  'moves',
  `
  with leaves as (
    select p.network, p.is_closed, to_regclass('dpg.' || p.name) as leaf, h.server, m.direction,
      t.oid as trigger, coalesce(t.tgenabled <> 'D', false) as is_guarded
    from dpg_private.partition_names p
    left join dpg.homes h on h.network = p.network
    left join dpg_private.moves m on m.network = p.network
    left join pg_trigger t on t.tgrelid = to_regclass('dpg.' || p.name) and t.tgname = 'network_closed'
    where p.key is not null
      and pg_partition_root(to_regclass('dpg.' || p.name)) = to_regclass('dpg.' || p.root)
  ),
  findings as (
    select 1 as place, 'warning' as severity, 'network ' || quote_literal(m.network) as object,
      format('Its move %s %s has stood at the step %s since %s: look at it with --status, and go on with it, or end it by %s.',
        case m.direction when 'out' then 'to' else 'from' end, m.server, m.step,
        to_char(m.changed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI "UTC"'),
        case when m.step in ('closed', 'opened') then '--finish' else '--abort' end) as problem,
      array[]::text[] as mend
    from dpg_private.moves m
    where m.changed_at < clock_timestamp() - interval '${LATE_HOURS} hours'
    union all
    select 2, 'error', 'function dpg_private.moved_networks()',
      'It is not what dpg.homes says: calls for these networks are not told where they live, or those for others are.',
      array['update dpg.homes set server = server where false;']
    where dpg_private.moved_networks() is distinct from array(select h.network from dpg.homes h order by h.network collate "C")
    union all
    select 3, 'error', 'network ' || quote_literal(l.network),
      format('Its leaves are closed (%s, for one), and dpg.homes does not say where it lives: no call finds its rows, and none says why.', min(l.leaf::text)),
      '{}'
    from leaves l
    where l.is_closed
      and l.server is null
    group by l.network
    union all
    select 4, 'error', 'network ' || quote_literal(l.network),
      format('dpg.homes says that it lives on %s, and its leaves here are open (%s, for one): calls write here what is not there. Decide which of the two it is.',
        min(l.server), min(l.leaf::text)),
      '{}'
    from leaves l
    where not l.is_closed
      and l.server is not null
    group by l.network
    union all
    select 5, 'error', 'table ' || l.leaf,
      'It is closed, since its network lives on another server, and its trigger network_closed is missing or disabled: statements of your own can write what nobody will see there.',
      array[format('select dpg_private.close_leaf(%L, %L, %L, %L);', l.leaf, l.network, l.server, coalesce(l.direction, 'out'))]
    from leaves l
    where l.is_closed
      and l.server is not null
      and not l.is_guarded
    union all
    select 6, 'error', 'table ' || l.leaf,
      'Its network lives here, and its trigger network_closed refuses every write: a move has not ended as it should.',
      array[format('select dpg_private.open_leaf_again(%L);', l.leaf)]
    from leaves l
    where not l.is_closed
      and l.server is null
      and l.is_guarded
  )
  select severity, object, problem, mend
  from findings
  order by place, object`,
);

const kept = queryCheck(
  statement.name,
  `
  select 'warning' as severity, 'user ' || quote_literal(k.id) as object,
    'The home of the users has deleted the user, who still owns items here: the row was kept, without name and e-mail. Erase the user here, then delete the row.' as problem,
    array[
      format('select dpg.erase_user(%1$L, %1$L, %2$L);', k.id, 'the home of the users has deleted the user'),
      format('delete from public."user" where id = %L;', k.id)
    ] as mend
  from dpg_private.kept_users k
  where exists (select from public."user" u where u.id = k.id)
  order by k.id`,
);

/** Networks that are moving, or have moved, and what is left of users: docs/moving.md. */
export const moves: Check = {
  name: statement.name,
  async find(sql, expected): Promise<Finding[]> {
    const [there] = await sql`
      select to_regclass('dpg.homes') is not null and to_regclass('dpg_private.moves') is not null
        and to_regclass('dpg_private.kept_users') is not null and to_regclass('public."user"') is not null
        and to_regclass('dpg_private.partition_names') is not null
        and to_regprocedure('dpg_private.moved_networks()') is not null as is_there`;
    if (!there?.is_there) return []; // objects.ts says so
    const found = await statement.find(sql, expected);
    // the users are an application's table, with expressions that may fail: read only where there is a reason
    const [row] = await sql`select exists (select from dpg_private.kept_users) as are_kept`;
    return row?.are_kept ? [...found, ...(await kept.find(sql, expected))] : found;
  },
};
