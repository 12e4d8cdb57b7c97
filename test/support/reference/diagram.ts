// The entity diagram, in the language of mermaid, which GitHub draws.

import type { Column, Objects, Relation } from './objects.js';

export function diagram({ relations, keys, references }: Objects): string {
  const tables = relations.filter(({ kind }) => kind === 'table');
  const lines = references.map(({ table, columns, isOptional, referenced }) => {
    const label = columns.at(-1) ?? '';
    return `  ${referenced} ${isOptional ? '|o' : '||'}--o{ ${table} : ${label}`;
  });
  const marks = (table: Relation, column: Column) => {
    const has = (kind: 'primary' | 'unique') =>
      keys.some((key) => key.table === table.name && key.kind === kind && key.columns.includes(column.name));
    const refers = references.some((r) => r.table === table.name && r.columns.includes(column.name));
    return [has('primary') && 'PK', refers && 'FK', has('unique') && 'UK'].filter(Boolean).join(', ');
  };
  for (const table of tables) {
    lines.push(`  ${table.name} {`);
    for (const column of table.columns) {
      lines.push(`    ${typeWord(column.type)} ${column.name} ${marks(table, column)}`.trimEnd());
    }
    lines.push('  }');
  }
  return ['erDiagram', ...lines].join('\n');
}

/** A type as one word: mermaid knows no other. */
function typeWord(type: string): string {
  return type.replace('timestamp with time zone', 'timestamptz').replaceAll(' ', '_');
}
