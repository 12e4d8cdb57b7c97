import type { Check, Finding } from './check.js';

interface Sequence {
  name: string;
  table: string | null;
  column: string | null;
  last: string | null;
  maximum: string;
  is_widest: boolean;
  cycles: boolean;
}

const NEAR_PERCENT = 80n;

export const sequences: Check = {
  name: 'sequences',
  async find(sql, { declarations: { roots } }) {
    const rows = await sql<Sequence[]>`
      select s.seqrelid::regclass::text as name, d.refobjid::regclass::text as table, a.attname as column,
        pg_sequence_last_value(s.seqrelid)::text as last, s.seqmax::text as maximum,
        s.seqmax = 9223372036854775807 as is_widest, s.seqcycle as cycles
      from pg_sequence s
      join pg_class c on c.oid = s.seqrelid
      join pg_namespace n on n.oid = c.relnamespace and n.nspname in ('dpg', 'dpg_private')
      left join pg_depend d
        on d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.refclassid = 'pg_class'::regclass
        and d.deptype in ('a', 'i') and d.refobjsubid > 0
        -- ours are of primary keys; to compare one that an application has added would read every leaf
        and d.refobjid <> all (array(select to_regclass(name) from unnest(${roots}::text[]) name)::oid[])
      left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
      order by 1`;
    const findings: Finding[] = [];
    for (const sequence of rows) {
      findings.push(...endFindings(sequence));
      if (sequence.table === null || sequence.column === null) continue;
      // by the primary key
      const [row] = await sql<{ highest: string | null }[]>`
        select max(${sql(sequence.column)})::text as highest from ${sql(sequence.table)}`;
      findings.push(...behindFindings(sequence, row?.highest ?? null));
    }
    return findings;
  },
};

function endFindings({ name, last, maximum, is_widest, cycles }: Sequence): Finding[] {
  const findings: Finding[] = [];
  const used = last === null ? 0n : (BigInt(last) * 100n) / BigInt(maximum);
  if (used >= NEAR_PERCENT) {
    findings.push({
      severity: 'error',
      object: `sequence ${name}`,
      problem: is_widest
        ? `It has used ${used} % of its numbers, of which nobody needs so many: find out who has set it; when they end, nothing is written any more.`
        : `It has used ${used} % of its numbers up to ${maximum}; when they end, nothing is written any more.`,
      mend: is_widest ? [] : [`alter sequence ${name} as bigint no maxvalue;`],
      mend_with: 'sql',
    });
  }
  if (cycles) {
    findings.push({
      severity: 'error',
      object: `sequence ${name}`,
      problem: 'It begins anew at its end, and gives numbers that were given.',
      mend: [`alter sequence ${name} no cycle;`],
      mend_with: 'sql',
    });
  }
  return findings;
}

function behindFindings({ name, table, column, last }: Sequence, highest: string | null): Finding[] {
  if (highest === null || BigInt(last ?? 0) >= BigInt(highest)) return [];
  return [
    {
      severity: 'error',
      object: `sequence ${name}`,
      problem: `Its next number is not beyond the highest of ${table}.${column}, ${highest}: inserts fail.`,
      mend: [`select setval('${name}', ${highest});`],
      mend_with: 'sql',
    },
  ];
}
