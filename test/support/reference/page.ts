// docs/reference.md.

import type postgres from 'postgres';
import { toDpgError } from '../../../sdk/errors.js';
import { fileTexts, listedFiles } from '../migrations.js';
import { diagram } from './diagram.js';
import { parseComment } from './example.js';
import {
  type Argument,
  type Described,
  type FunctionObject,
  type Objects,
  type Relation,
  readObjects,
} from './objects.js';

/** Subjects, which are the folders of sql/, in the order of the page; others follow. */
const TITLES: Record<string, string> = {
  users: 'Users',
  items: 'Items',
  geo: 'Places',
  search: 'Search',
  actions: 'Actions',
  events: 'Events',
  feed: 'Feed of events',
  networks: 'Networks',
  partitions: 'Partitions',
  redactions: 'Redaction and erasure',
  limits: 'Limits',
};

/** What arguments mean that are no columns and occur everywhere. */
const MEANINGS: Record<string, string> = {
  actor: 'Id of the user on whose behalf the call is made, whom the caller has authenticated.',
  latitude: 'Degrees, -90 to 90: of the centre.',
  longitude: 'Degrees, -180 to 180: of the centre.',
  radius_meters: 'Metres along the great circle.',
  item_domains: 'Several domains instead of one; without either, all of the network.',
  ownership_role: '`initiated`, `received` or `all`.',
  expected_update_count: 'Another one now is DP007.',
  expected_updated_at: 'Another one now is DP007.',
  max_events: 'Events a call, 1 to 10,000.',
  lease_seconds: 'For how long they are leased.',
  retry_seconds: 'When it comes again, 0 to 86,400.',
  max_attempts: 'Failures after which it is dead.',
  error: 'What went wrong; no secrets.',
  page_size: 'Rows a page, 1 to 1,000.',
  page_token: '`next_page_token` of the row to continue after.',
};

const HEAD = `# Reference

<!-- Written by \`npm run generate\` out of the comments in the database. Do not edit it here. -->

Everything in schema \`dpg\`: the functions by subject, each with its arguments, errors and an example, and the tables, views and
types that they return. The text is that of the comments in the database. An argument with a default may be left out; all are best
called by name (\`item_type => 'profile_1.0'\`). What the errors mean and which class the SDK has for each: [Errors](errors.md). How to
call the functions from TypeScript: [The SDK](sdk.md#functions-and-methods); from Python, Java and others:
[Other languages](other-languages.md).`;

const DIAGRAM = `## Entities

The tables of schema \`dpg\` with their keys, and the users. \`items\`, \`item_actions\` and \`action_events\` are partitioned by
network and then by domain or action type. The keys from actions to items are declared network by network; an action whose source
is of another instance or network has no \`source_local_item_id\` and is not checked against it. Events name their action by
its key without a foreign key, since mirrored ones tell of actions that live elsewhere.`;

export async function referencePage(sql: postgres.Sql): Promise<string> {
  const objects = await readObjects(sql);
  const subjects = await subjectsOf(objects);
  const parts = [HEAD, contents(subjects), DIAGRAM, fenced('mermaid', diagram(objects))];
  for (const { name, functions, relations } of subjects) {
    parts.push(`## ${titleOf(name)}`);
    for (const object of functions) parts.push(...functionParts(object, objects, name));
    for (const relation of relations) parts.push(...relationParts(relation, objects));
  }
  return `${parts.filter(Boolean).join('\n\n')}\n`;
}

interface Subject {
  name: string;
  functions: FunctionObject[];
  relations: Relation[];
}

/** An object's subject is the folder of the file that creates it; within it the order is that of sql/all.sql. */
async function subjectsOf({ functions, relations }: Objects): Promise<Subject[]> {
  const files = [...(await fileTexts(await listedFiles()))];
  const fileOf = (name: string) => {
    const creation = new RegExp(
      `^ *create (or replace )?(function|table|view|type) (if not exists )?(dpg|public)\\."?${name}"?[ (]`,
      'm',
    );
    const index = files.findIndex(([, text]) => creation.test(text));
    if (index < 0) throw new Error(`no file of sql/ creates ${name}`);
    return index;
  };
  const sorted = <Named extends { name: string }>(all: Named[]) =>
    [...all].sort((left, right) => fileOf(left.name) - fileOf(right.name));
  const subjectOf = ({ name }: { name: string }) => files[fileOf(name)]?.[0].split('/')[0] ?? '';
  const names = new Set([...functions, ...relations].map(subjectOf));
  const known = Object.keys(TITLES).filter((name) => names.delete(name));
  return [...known, ...[...names].sort()].map((name) => ({
    name,
    functions: sorted(functions.filter((object) => subjectOf(object) === name)).sort(forWhom),
    relations: sorted(relations.filter((object) => subjectOf(object) === name)),
  }));
}

/** What is for administrators alone comes last. */
function forWhom(left: FunctionObject, right: FunctionObject): number {
  const isRare = ({ roles }: FunctionObject) => (roles.includes('dpg_app') ? 0 : 1);
  return isRare(left) - isRare(right);
}

function titleOf(subject: string): string {
  return TITLES[subject] ?? `${subject.slice(0, 1).toUpperCase()}${subject.slice(1)}`;
}

function contents(subjects: Subject[]): string {
  const rows = subjects.map(({ name, functions, relations }) => {
    const title = titleOf(name);
    return [
      `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`,
      functions.map((object) => `[${object.name}](#${object.name})`).join(', '),
      relations.map(relationLink).join(', '),
    ];
  });
  return table(['subject', 'functions', 'tables, views, types'], rows);
}

function functionParts(object: FunctionObject, objects: Objects, subject: string): string[] {
  const { text, raises, example, result } = parseComment(object.name, object.comment);
  const returned = relationOf(object.returns.replace('SETOF ', ''), objects)?.name;
  const many = object.returns.startsWith('SETOF ');
  const meaning = (argument: Argument) => meaningOf(argument, objects, subject, returned);
  const rows = object.arguments.map((argument) => [
    `\`${argument.name}\``,
    typeText(argument.type, objects),
    argument.default === null ? 'required' : `\`${shortDefault(argument.default)}\``,
    meaning(argument),
  ]);
  const returns = `${many ? 'rows of ' : ''}${typeText(object.returns.replace('SETOF ', ''), objects)}`;
  const facts = [
    `- returns ${returns}`,
    raises.length > 0 && `- raises ${raises.map(errorText).join(', ')}`,
    `- may be called by ${object.roles.map((role) => `\`${role}\``).join(', ')}`,
  ];
  const statement = `${example};${result === undefined ? '' : ` -- ${result}`}`;
  return [
    `### ${object.name}`,
    escaped(text),
    table(['argument', 'type', 'default', 'meaning'], rows),
    facts.filter(Boolean).join('\n'),
    fenced('sql', statement),
  ];
}

/** What the column of the same name means, of what the call returns or of a table of the subject. */
function meaningOf(
  { name, type }: Argument,
  objects: Objects,
  subject: string,
  returned: string | undefined,
): string {
  const { relations } = objects;
  const composite = relationOf(type, objects);
  if (composite) return escaped(composite.comment.split('. ')[0] ?? '');
  const tables = [
    'items',
    'item_actions',
    'action_events',
    'action_definitions',
    'subscriptions',
    'feed_event',
  ];
  const near = [returned, subject, ...tables];
  for (const relation of near) {
    const columns = relations.find((candidate) => candidate.name === relation)?.columns ?? [];
    const column = columns.find((candidate) => candidate.name === name && candidate.type === type);
    if (column?.comment) return escaped(column.comment);
  }
  return MEANINGS[name] ?? '';
}

function relationParts(relation: Relation, objects: Objects): string[] {
  const { kind, comment, columns, constraints, indexes, rules, readers, partitionKeys } = relation;
  const rows = columns.map((column) => [
    `\`${column.name}\``,
    typeText(column.type, objects),
    ...(kind === 'table'
      ? [column.isNullable ? 'yes' : '', column.default === null ? '' : `\`${shortDefault(column.default)}\``]
      : []),
    escaped(column.comment ?? ''),
  ]);
  const head = ['column', 'type', ...(kind === 'table' ? ['null', 'default'] : []), 'meaning'];
  const facts = [
    partitionKeys.length > 0 && `- partitioned by \`${partitionKeys.join(', ')}\``,
    ...constraints.map((object) => describedLine(object, `\`${object.definition}\``)),
    ...indexes
      .filter((index) => !constraints.some((constraint) => constraint.name === index.name.split('.').at(-1)))
      .map((object) => describedLine(object, `index \`${object.definition}\``)),
    ...rules.map((object) => describedLine(object, `${object.definition} \`${object.name}\``)),
    readers.length > 0 && `- may be read by ${readers.map((role) => `\`${role}\``).join(', ')}`,
  ];
  return [
    `### ${headingOf(relation)}`,
    escaped(comment),
    table(head, rows),
    facts.filter(Boolean).join('\n'),
  ];
}

function describedLine({ comment }: Described, definition: string): string {
  return `- ${definition.replace(/\s+/g, ' ')}${comment ? `: ${escaped(comment)}` : ''}`;
}

function errorText(code: string): string {
  const error = toDpgError(Object.assign(new Error(), { code })) as Error;
  return `[${code}](errors.md) \`${error.name}\``;
}

function typeText(type: string, objects: Objects): string {
  const ours = relationOf(type, objects);
  return ours ? relationLink(ours) : type.replace('timestamp with time zone', 'timestamptz');
}

function relationOf(type: string, { relations }: Objects): Relation | undefined {
  return relations.find(({ name }) => type === `dpg.${name}`);
}

/** Without the cast that PostgreSQL adds: `NULL::text`. */
function shortDefault(expression: string): string {
  return expression.replace(/^(NULL|'[^']*'|\d+)::[a-z ]+(\[\])?$/, '$1').replace(/^NULL$/, 'null');
}

/** The table items has a heading of its own beside the subject Items. */
function headingOf({ kind, name }: Relation): string {
  return `${kind} ${name}`;
}

function relationLink(relation: Relation): string {
  return `[${relation.name}](#${headingOf(relation).replaceAll(' ', '-')})`;
}

function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

function table(head: string[], rows: string[][]): string {
  if (rows.length === 0) return '';
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}

/** Text of a comment, in which Markdown would see marks of its own. */
function escaped(text: string): string {
  return text.replace(/[<>*_[\]]/g, (mark, at: number) =>
    mark === '_' && /\w/.test(text[at - 1] ?? '') && /\w/.test(text[at + 1] ?? '') ? mark : `\\${mark}`,
  );
}
