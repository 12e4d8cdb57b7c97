// GitHub draws the diagram of the reference, a site would need a library of a megabyte for it. Here each table becomes a card,
// and each key a line above them.

import type { MarkdownRenderer } from 'vitepress';

interface Diagram {
  keys: { from: string; to: string; column: string }[];
  tables: { name: string; columns: { type: string; name: string; marks: string }[] }[];
}

export function readDiagram(text: string): Diagram {
  const diagram: Diagram = { keys: [], tables: [] };
  for (const line of text.split('\n').slice(1)) {
    const key = /^ {2}(\w+) \S+--\S+ (\w+) : (\w+)$/.exec(line);
    const table = /^ {2}(\w+) \{$/.exec(line);
    const column = /^ {4}(\S+) (\w+) ?(.*)$/.exec(line);
    if (key) diagram.keys.push({ to: key[1] ?? '', from: key[2] ?? '', column: key[3] ?? '' });
    else if (table) diagram.tables.push({ name: table[1] ?? '', columns: [] });
    else if (column)
      diagram.tables.at(-1)?.columns.push({
        type: (column[1] ?? '').replaceAll('_', ' '),
        name: column[2] ?? '',
        marks: column[3] ?? '',
      });
    else if (line.trim() !== '}' && line.trim() !== '') throw new Error(`not understood: ${line}`);
  }
  return diagram;
}

export function entitiesAsHtml(md: MarkdownRenderer): void {
  const { fence } = md.renderer.rules;
  md.renderer.rules.fence = (tokens, index, options, env, self) => {
    const token = tokens[index];
    if (token?.info.trim() !== 'mermaid') return fence?.(tokens, index, options, env, self) ?? '';
    const { keys, tables } = readDiagram(token.content);
    const lines = keys.map(
      ({ from, to, column }) => `<li><code>${from}.${column}</code> → <code>${to}</code></li>`,
    );
    const cards = tables.map(({ name, columns }) => {
      const rows = columns.map(
        (column) => `<tr><td>${column.name}</td><td>${column.type}</td><td>${column.marks}</td></tr>`,
      );
      return `<table><caption>${name}</caption><tbody>${rows.join('')}</tbody></table>`;
    });
    return `<ul>${lines.join('')}</ul><div class="entities">${cards.join('')}</div>`;
  };
}
