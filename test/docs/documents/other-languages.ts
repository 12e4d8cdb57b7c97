// The Python and the Java of a document. A block that begins with `# some_file.py` or `// SomeFile.java` is that file. The
// others of a language form one program, whose blocks run one by one as the document goes on: in Java they are the statements
// of its main, and what they import. A language whose programs are not on this machine is left out, and that is said.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Block } from './blocks.js';

export interface Language {
  name: string;
  /** What is missing on this machine; undefined where it can be run. */
  missing: string | undefined;
  /** The path in the first line of a block that is a file. */
  file: RegExp;
  /** The program of the blocks that are no files. */
  path: string;
  text(blocks: Block[]): Line[];
  /** What starts the program, once each file is written. */
  command: string[];
}

/** A line of a program, and that of the document that it comes from. */
export interface Line {
  text: string;
  line: number;
}

const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import psycopg']).status === 0,
);

// Debian's libpostgresql-jdbc-java
const JDBC = '/usr/share/java/postgresql.jar';
// of programs that run for seconds: a third less
const QUICK = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
const hasJava = ['java', 'javac'].every((command) => spawnSync(command, ['-version']).status === 0);

export const OTHER_LANGUAGES: Language[] = [
  {
    name: 'python',
    missing: python ? undefined : 'python3 with psycopg',
    file: /^# ([\w./-]+\.py)$/,
    path: 'program.py',
    text: (blocks) => [
      ...own('import os, sys'),
      ...own('def step(line):'),
      ...own('    sys.stdout.write(f"\\0{line}\\n")'),
      ...own('    sys.stdout.flush()'),
      ...own('    sys.stdin.readline()'),
      ...blocks.flatMap((block) => [...own(`step(${block.line})`), ...linesOf(block)]),
      ...own('step(0)'),
    ],
    command: [python ?? 'python3', '-B', 'program.py'],
  },
  {
    name: 'java',
    missing: hasJava && existsSync(JDBC) ? undefined : `javac with ${JDBC}`,
    file: /^\/\/ ([\w./-]+\.java)$/,
    path: 'Program.java',
    text: (blocks) => {
      const isImport = ({ text }: Line) => text.startsWith('import ');
      return [
        ...blocks.flatMap((block) => linesOf(block).filter(isImport)),
        ...own('class Program {'),
        ...own('static void step(int line) throws Exception {'),
        ...own('System.out.print("\\0" + line + "\\n"); System.out.flush(); System.in.read(); }'),
        ...own('public static void main(String[] _arguments) throws Exception {'),
        ...blocks.flatMap((block) => [
          ...own(`step(${block.line});`),
          ...linesOf(block).filter((line) => !isImport(line)),
        ]),
        ...own('step(0); } }'),
      ];
    },
    command: [
      'sh',
      '-c',
      `javac ${QUICK.map((option) => `-J${option}`).join(' ')} -proc:none -cp '${JDBC}' *.java &&
        exec java ${QUICK.join(' ')} -cp '${JDBC}:.' Program`,
    ],
  },
];

function linesOf({ text, line }: Block): Line[] {
  return text.split('\n').map((each, index) => ({ text: each, line: line + index }));
}

/** A line that the document has not: what it says of itself is about the line after it. */
function own(text: string): Line[] {
  return [{ text, line: 0 }];
}

export interface Source {
  path: string;
  lines: Line[];
}

/** The files of a language in a document, its program last; none where it has no block of it. */
export function sourcesIn(language: Language, blocks: Block[]): { sources: Source[]; program: Block[] } {
  const mine = blocks.filter((block) => block.language === language.name && !block.notRun);
  const pathOf = ({ text }: Block) => language.file.exec(text.split('\n')[0] ?? '')?.[1];
  const program = mine.filter((block) => !pathOf(block));
  const files = mine.flatMap((block) => {
    const path = pathOf(block);
    return path ? [{ path, lines: linesOf(block) }] : [];
  });
  if (program.length === 0) return { sources: files, program };
  return { sources: [...files, { path: language.path, lines: language.text(program) }], program };
}

/** A text of an interpreter, with the lines of the document for those of its sources. */
export function withLinesOf(name: string, sources: Source[], text: string): string {
  return text.replace(
    /(?:File "(?:[^"]*\/)?|\b)([\w-]+\.(?:py|java))(?:", line |:)(\d+)/g,
    (found, path, line) => {
      const source = sources.find((each) => each.path === path);
      const from = source?.lines[Number(line) - 1]?.line;
      return from ? `${name}:${from}` : found;
    },
  );
}
