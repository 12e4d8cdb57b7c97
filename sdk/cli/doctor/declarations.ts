// What the migrations declare, read out of their text. Every statement there can be run again at any time, so that the
// part of a file that creates an object is also what brings it back.

/** Something that must be there: `create …` at the beginning of a line. */
export interface Declared {
  kind: 'schema' | 'type' | 'table' | 'view' | 'function' | 'index' | 'trigger' | 'policy' | 'constraint';
  /** With its schema; a trigger, policy or constraint without. */
  name: string;
  /** The table of an index, a trigger, a policy or a constraint. */
  on: string | null;
  /** What brings it back. */
  statement: string;
}

export interface DeclaredFunction extends Declared {
  kind: 'function';
  /** As pg_proc.prosrc has it; null where PostgreSQL keeps it parsed. */
  body: string | null;
  isDefiner: boolean;
  /** As pg_proc.proconfig has them: `search_path=pg_catalog, pg_temp`. */
  settings: string[];
}

export interface DeclaredPolicy extends Declared {
  kind: 'policy';
  /** Whom it is for. */
  roles: string[];
}

export interface Declarations {
  /** In the order of the migrations. */
  objects: Declared[];
  functions: DeclaredFunction[];
  policies: DeclaredPolicy[];
  /** Tables that are partitioned. */
  roots: string[];
  /** `table trigger` of those that hold under session_replication_role = replica, too. */
  always: string[];
  /** Tables with row level security. */
  guarded: string[];
}

const SCHEMA = /^create schema if not exists (\w+);/gm;
const TYPE = /^\s*create type ([\w.]+) as\b/gm;
const TABLE = /^create table if not exists ([\w.]+) \(\n([\s\S]*?)\n\)([\s\S]*?);$/gm;
const VIEW = /^create or replace view ([\w.]+)/gm;
const INDEX = /^create (?:unique )?index if not exists (\w+)\s+on ([\w.]+)[\s\S]*?;$/gm;
/** Also within a block that asks first whether it is there. */
const TRIGGER = /^ *create (?:or replace )?trigger ((\w+)[^;]*?\bon ([\w.]+)[^;]*;)/gm;
const POLICY = /^create policy (\w+) on ([\w.]+)[\s\S]*?\bto ([\w,\s]+)\nusing\b/gm;
const FUNCTION =
  /^create or replace function ([\w.]+)(\([\s\S]*?)^(?:as \$(\w*)\$([\s\S]*?)\$\3\$;|return\b|begin atomic\b)/gm;
const ALWAYS = /^ *(alter table ([\w.]+) enable always trigger (\w+);)/gm;
const GUARDED = /^alter table ([\w.]+) enable row level security;/gm;
const SETTING = /^set (\w+) = (.*?)(?: --.*)?$/gm;
const CONSTRAINT = /^constraint (\w+) /;
/** Where the next object of a file begins, with the comment above it. */
const NEXT = /\n\n(?=(?:--.*\n)*(?:create |do \$))/;

export function declarationsOf(files: ReadonlyMap<string, string>): Declarations {
  const found: Declarations = {
    objects: [],
    functions: [],
    policies: [],
    roots: [],
    always: [],
    guarded: [],
  };
  for (const text of files.values()) {
    readPolicies(text, found); // those of a table together
    for (const part of text.split(NEXT)) read(part, found);
  }
  return found;
}

function read(text: string, found: Declarations): void {
  const add = (kind: Declared['kind'], name = '', on: string | null = null, statement = text.trim()) =>
    found.objects.push({ kind, name, on, statement });

  for (const [, name] of text.matchAll(SCHEMA)) add('schema', name);
  for (const [, name] of text.matchAll(TYPE)) add('type', name);
  for (const [, name = '', columns = '', rest = ''] of text.matchAll(TABLE)) {
    add('table', name);
    if (/\bpartition by\b/.test(rest)) found.roots.push(name);
    for (const entry of entries(columns)) {
      const constraint = CONSTRAINT.exec(entry)?.[1];
      if (constraint) add('constraint', constraint, name, `alter table ${name} add ${entry};`);
    }
  }
  for (const [, name] of text.matchAll(VIEW)) add('view', name);
  for (const [statement, name, table = ''] of text.matchAll(INDEX))
    add('index', `${table.split('.')[0]}.${name}`, table, statement);
  const always = [...text.matchAll(ALWAYS)];
  for (const [, definition = '', name, table = ''] of text.matchAll(TRIGGER)) {
    const holds = always.find(([, , on, trigger]) => on === table && trigger === name);
    const statement = [`create or replace trigger ${definition.replace(/\n +/g, '\n')}`, holds?.[1]];
    add('trigger', name, table, statement.filter(Boolean).join('\n\n'));
  }
  for (const [, , table, trigger] of always) found.always.push(`${table} ${trigger}`);
  for (const [, name = '', header = '', , body] of text.matchAll(FUNCTION)) {
    found.functions.push({
      kind: 'function',
      name,
      on: null,
      statement: text.trim(),
      body: body ?? null,
      isDefiner: /^security definer$/m.test(header),
      settings: [...header.matchAll(SETTING)].map(([, setting, value]) => `${setting}=${value}`),
    });
    add('function', name);
  }
}

function readPolicies(text: string, found: Declarations): void {
  const statement = text.trim();
  for (const [, name = '', on = '', list = ''] of text.matchAll(POLICY)) {
    const roles = list.split(',').map((role) => role.trim());
    found.objects.push({ kind: 'policy', name, on, statement });
    found.policies.push({ kind: 'policy', name, on, statement, roles });
  }
  for (const [, table = ''] of text.matchAll(GUARDED)) found.guarded.push(table);
}

/** The columns and constraints of a table: what stands between its commas, but those within parentheses. */
function entries(columns: string): string[] {
  const result = [''];
  let depth = 0;
  for (const character of columns) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ',' && depth === 0) result.push('');
    else result[result.length - 1] += character;
  }
  return result.map((entry) => entry.trim());
}
