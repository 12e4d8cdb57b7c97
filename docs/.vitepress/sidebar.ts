// The table "What is where" of README.md, as a sidebar: a row whose first words are bold begins a group.

import { rewritten } from './links.js';

export interface Group {
  text: string;
  items: { text: string; link: string }[];
}

export function sidebarOf(readme: string): Group[] {
  const table = /^## What is where\n+((?:\|.*\n)+)/m.exec(readme)?.[1];
  if (table === undefined) throw new Error('README.md has no table "What is where"');
  const groups: Group[] = [];
  for (const row of table.split('\n').slice(2, -1)) {
    const begins = /^\| \*\*(\w)(\w*)/.exec(row);
    if (begins) groups.push({ text: `${begins[1]?.toUpperCase()}${begins[2]}`, items: [] });
    const group = groups.at(-1);
    for (const [, text = '', page = ''] of row.matchAll(/\[([^\]]+)\]\(([^)#\s]+\.md)\)/g))
      group?.items.push({ text: text.replaceAll('`', ''), link: `/${rewritten(page)}` });
  }
  return groups;
}
