// The documentation as a site, made of the files that a reader of the repository sees. No page is written for it: README.md is
// its first page, and the table "What is where" is its sidebar.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitepress';
import { entitiesAsHtml } from './entities.js';
import { anchorOf, leadLinks, PAGES, rewritten } from './links.js';
import { sidebarOf } from './sidebar.js';

const root = join(import.meta.dirname, '../..');
const { description, repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const address = String(repository.url).replace(/^git\+|\.git$/g, '');
/** Before publishing the address is filled in: until then a link to it leads nowhere. */
const home = address.includes('OWNER') ? undefined : address;

const DOT =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="8" cy="8" r="7" fill="#e3b341"/></svg>';

export default defineConfig({
  title: 'dpg-database',
  description,
  lang: 'en',
  /** Where the site stands: GitHub's Pages put it below the repository's name. */
  base: process.env.DPG_SITE_BASE ?? '/',
  srcDir: root,
  outDir: join(import.meta.dirname, 'dist'),
  // of an example that is installed, its node_modules as well
  srcExclude: ['!(docs|sql|examples)/**/*.md', 'examples/*/*/**'],
  rewrites: Object.fromEntries(PAGES.map((page) => [page, rewritten(page)])),
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(DOT)}` }]],
  transformPageData: (page) => (page.relativePath === 'index.md' ? { titleTemplate: ':title' } : undefined),
  markdown: {
    anchor: { slugify: anchorOf },
    config(md) {
      leadLinks(md, { root, home });
      entitiesAsHtml(md);
    },
  },
  themeConfig: {
    nav: [],
    sidebar: sidebarOf(readFileSync(join(root, 'README.md'), 'utf8')),
    outline: [2, 3],
    search: { provider: 'local' },
    docFooter: { prev: 'Before', next: 'Next' },
    ...(home && { socialLinks: [{ icon: 'github', link: home }] }),
  },
});
