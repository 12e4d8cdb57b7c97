// Links between documents are written for the repository. On the site a page leads to a page, anything else to the repository.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import type { MarkdownRenderer } from 'vitepress';

const docs = readdirSync(join(import.meta.dirname, '..')).filter((name) => name.endsWith('.md'));

/** The files that are pages, by their paths in the repository. */
export const PAGES = [
  'README.md',
  'sql/README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'examples/tutors/README.md',
  ...docs.map((name) => `docs/${name}`),
];

/** The page of a file: its folder's first one, if it is a README. */
export function rewritten(page: string): string {
  return page.replace(/README\.md$/, 'index.md');
}

/** As GitHub names a heading; the second of a name gets `-1` behind it. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

interface Place {
  root: string;
  /** The repository's address; undefined where it is not known. */
  home: string | undefined;
}

export function leadLinks(md: MarkdownRenderer, { root, home }: Place): void {
  md.core.ruler.push('lead_links', ({ tokens, env }) => {
    const from = relative(root, env.realPath ?? env.path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      if (token.type !== 'link_open') continue;
      const href = token.attrGet('href') ?? '';
      if (/^(\w+:|#|\/)/.test(href)) continue;
      const [file = '', anchor] = href.split('#');
      const path = normalize(join(dirname(from), file));
      if (PAGES.includes(path)) {
        token.attrSet('href', `/${rewritten(path)}${anchor ? `#${anchor}` : ''}`);
        continue;
      }
      if (!existsSync(join(root, path))) throw new Error(`${from}: no file ${path}`);
      token.attrs = home
        ? [['href', `${home}/${statSync(join(root, path)).isDirectory() ? 'tree' : 'blob'}/main/${path}`]]
        : [['title', `${path}, in the repository`]];
    }
  });
}
