// A document that shows what is not so is found out, and the line named.

import { expect, test, vi } from 'vitest';
import { OTHER_LANGUAGES } from './documents/other-languages.js';
import { runDocument } from './documents/run.js';

// compilers and processes: on a busy machine they take their time
vi.setConfig({ testTimeout: 600_000 });

const fence = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\`\n`;
const run = (...parts: string[]) => runDocument('page.md', parts.join('\n'));

test('what is so', async () => {
  const said = await run(
    'A table, by two statements.',
    fence('sql', `create table t (n integer, word text);\ninsert into t values (1, 'one; two'), (20, null);`),
    fence('sql', 'table t;'),
    fence('text', ' n  |   word\n----+----------\n  1 | one; two\n 20 |\n(2 rows)'),
    'A refusal, with a part left out.',
    fence('sql', 'select dpg.get_item(null, null, null, null);'),
    fence('text', 'ERROR:  item_network …\nDETAIL:  {"value": null, "argument": "item_network"}\n…'),
    'A program in two parts, around a statement that sees the first.',
    '<!-- hidden ts\nconst assumed: number = 20;\n-->',
    fence(
      'ts',
      `import { createDpg } from 'dpg-database';
const dpg = createDpg(process.env.DATABASE_URL!);
await dpg.sql\`delete from t where n = \${assumed}\`;
console.log('deleted');`,
    ),
    fence('text', 'deleted'),
    fence('sql', 'select count(*) from t;'),
    fence('text', ' count\n-------\n     1'),
    fence('ts', `console.log((await dpg.sql\`select word from t\`)[0]?.word);\nsetInterval(() => {}, 1000);`),
    fence('text', 'one; two'),
    'A file, and a command.',
    fence('ts', '// said.ts\nexport const said: string = process.argv[2] ?? "";\nconsole.log(said);'),
    fence('sh', 'npx tsx said.ts hello'),
    fence('text', 'hello'),
    '<!-- not run: it is only an example -->',
    fence('sh', 'rm -r /nowhere'),
    fence('text', 'this is not compared'),
  );
  expect(said).toEqual([]);
});

test('a statement that fails', async () => {
  expect(await run(fence('sql', 'select 1;\nselect 1 / 0;'))).toEqual([
    'page.md:2: ERROR:  division by zero',
  ]);
});

test('another output of a statement', async () => {
  const [said] = await run(fence('sql', 'select 1 as n;'), fence('text', ' n\n---\n 2'));
  expect(said).toBe('page.md:6: the output of line 2 is\n n\n---\n 1');
});

test('a statement that should have failed', async () => {
  const [said] = await run(fence('sql', 'select 1 as n;'), fence('text', 'ERROR:  no'));
  expect(said).toContain('page.md:6: the output of line 2 is');
});

test('a program that the compiler refuses', async () => {
  const said = await run('', fence('ts', `const n: number = 1;\nconst text: string = n;`));
  expect(said).toEqual([`page.md:4: Type 'number' is not assignable to type 'string'.`]);
});

test('a program that throws', async () => {
  const [said] = await run(
    fence('ts', 'console.log(1);'),
    fence('ts', `const n = 1;\nif (n === 1) throw new Error('n is 1');`),
  );
  expect(said).toContain('page.md:6: it ended:');
  expect(said).toContain('n is 1');
  expect(said).toContain('page.md:7');
});

test('a command that fails', async () => {
  expect(await run(fence('sh', 'echo before\nfalse\necho after'))).toEqual(['page.md:2: before\n']);
});

test('another output of a command', async () => {
  const [said] = await run(fence('sh', 'echo one'), fence('text', 'two'));
  expect(said).toBe('page.md:6: the output of line 2 is\none\n');
});

test('a block that nobody can run, and an output of nothing', async () => {
  expect(await run(fence('yaml', 'a: b'))).toEqual([
    `page.md:2: nobody runs 'yaml': say why, <!-- not run: … -->`,
  ]);
  expect(await run(fence('text', 'so it is'))).toEqual([
    `page.md:2: nobody runs 'text': say why, <!-- not run: … -->`,
  ]);
});

test('JSON that is none', async () => {
  const [said] = await run(fence('json', '{"a": }'));
  expect(said).toContain('page.md:2: ');
});

const isMissing = (name: string) => OTHER_LANGUAGES.find((each) => each.name === name)?.missing;
for (const { name, missing } of OTHER_LANGUAGES)
  if (missing) console.log(`SKIPPED: mistakes in ${name} are found (no ${missing} on this machine)`);

test.skipIf(isMissing('python'))('what is so in Python, and a program that raises', async () => {
  const said = await run(
    fence('python', '# words.py\ndef word():\n    return 1 / 0'),
    fence('python', 'import psycopg\nfrom words import word\nprint("one")'),
    fence('text', 'one'),
    fence('sql', 'select 1;'),
    fence('python', 'print("two")'),
    fence('text', 'three'),
  );
  expect(said).toEqual(['page.md:26: the output of line 22 is\ntwo\n']);
  const [raised] = await run(
    fence('python', '# words.py\ndef word():\n    return 1 / 0'),
    fence('python', 'from words import word\nword()'),
  );
  expect(raised).toMatch(/^page.md:8: [\s\S]*page.md:9[\s\S]*page.md:4[\s\S]*ZeroDivisionError/);
});

test.skipIf(isMissing('java'))('what is so in Java, and a program that the compiler refuses', async () => {
  const said = await run(
    fence('java', '// Word.java\nclass Word { static String word() { return "one"; } }'),
    fence('java', 'import java.util.List;\nvar words = List.of(Word.word());\nSystem.out.println(words);'),
    fence('text', '[one]'),
    fence('java', 'System.out.println(words.size());'),
    fence('text', '2'),
  );
  expect(said).toEqual(['page.md:21: the output of line 17 is\n1\n']);
  const [refused] = await run(fence('java', 'int n = 1;\nString text = n;'));
  expect(refused).toMatch(/^page.md:2: [\s\S]*page.md:3: error: incompatible types/);
});
