// Runs a document from its first block to its last, on a database of its own.

import { spawn } from 'node:child_process';
import { temporaryDatabase } from '../../support/test-database.js';
import { type Block, isAsWritten, readBlocks } from './blocks.js';
import { type Complaint, complaints } from './compiler.js';
import { OTHER_LANGUAGES, sourcesIn, withLinesOf } from './other-languages.js';
import {
  documentLine,
  nodeCommand,
  programText,
  type Running,
  STEP_FILE,
  sourcesOf,
  start,
} from './programs.js';
import { makeProject } from './project.js';
import { session } from './session.js';

/** GitHub draws these. */
const ONLY_READ = ['mermaid'];

const RUN = ['sql', 'ts', 'sh', 'json', ...OTHER_LANGUAGES.map(({ name }) => name)];

/** What is wrong with a document, each with its line; nothing when all that it shows is so. */
export async function runDocument(name: string, document: string): Promise<string[]> {
  const blocks = readBlocks(document);
  const project = await makeProject();
  const from = document.includes('<!-- database: empty -->') ? 'empty' : 'migrated';
  const database = await temporaryDatabase({ from });
  // another instance, for what is hidden
  const other = document.includes('OTHER_DATABASE_URL') ? await temporaryDatabase() : undefined;
  const sql = session(database.url);
  const env = environment(project.folder, {
    DATABASE_URL: database.url,
    JDBC_URL: jdbcUrl(database.url),
    // no standby, which is found out: then the primary answers
    REPLICA_URL: database.url,
    YELLOW_URL: database.url,
    ...(other && { OTHER_DATABASE_URL: other.url }),
    PORT: '0',
  });
  const { files, programs } = sourcesOf(blocks);
  const others = OTHER_LANGUAGES.map((language) => ({ language, ...sourcesIn(language, blocks) })).filter(
    ({ sources }) => sources.length > 0,
  );
  const skipped = others.filter(({ language }) => language.missing).map(({ language }) => language);
  for (const { name: language, missing } of skipped)
    console.log(`SKIPPED: the ${language} of ${name} (no ${missing} on this machine)`);
  const running = new Map<string, Running>();
  const at = (line: number, text: string) => `${name}:${line}: ${text}`;

  const run = async (block: Block): Promise<{ output: string; failed: boolean }> => {
    if (block.language === 'sql') return sql.run(block.text);
    if (block.language === 'json') JSON.parse(block.text);
    if (block.language === 'sh') return runCommands(block.text, project.folder, env);
    const program = programs.find((each) => each.blocks.includes(block));
    const language = others.find((each) => each.program.includes(block))?.language;
    const path = program?.path ?? language?.path;
    if (!path) return { output: '', failed: false };
    const command = program ? nodeCommand(program) : (language?.command ?? []);
    const child = running.get(path) ?? start(command, project.folder, env);
    running.set(path, child);
    return { output: await child.next(), failed: false };
  };

  try {
    await project.write('document-step.ts', STEP_FILE);
    for (const program of programs) await project.write(program.path, programText(program));
    for (const file of files) await project.write(file.path, `${file.block.text}\n`);
    for (const { path, lines } of others.flatMap(({ sources }) => sources))
      await project.write(path, lines.map(({ text }) => `${text}\n`).join(''));

    const place = ({ file, line, message }: Complaint) => {
      const path = file.replace(`${project.folder}/`, '');
      const program = programs.find((each) => each.path === path);
      if (program) return at(documentLine(program, line), message);
      const block = files.find((each) => each.path === path)?.block;
      return block ? at(block.line + line - 1, message) : `${file}:${line}: ${message}`;
    };
    const sources = [...programs, ...files].map(({ path }) => `${project.folder}/${path}`);
    const found = sources.length > 0 ? complaints(sources, project.folder).map(place) : [];
    if (found.length > 0) return found;

    for (const block of blocks) {
      if (block.notRun || ONLY_READ.includes(block.language)) continue;
      if (skipped.some((language) => language.name === block.language)) continue;
      if (!RUN.includes(block.language))
        return [at(block.line, `nobody runs '${block.language}': say why, <!-- not run: … -->`)];
      const { output, failed } = await run(block).catch((error: Error) => ({
        output: withDocumentLines(error.message),
        failed: true,
      }));
      if (block.expected && !isAsWritten(output, block.expected.text))
        return [at(block.expected.line, `the output of line ${block.line} is\n${output}`)];
      if (failed && !block.expected) return [at(block.line, output)];
    }
    return [];
  } finally {
    for (const program of running.values()) await program.stop();
    await sql.end();
    await project.remove();
    await database.drop();
    await other?.drop();
  }

  function withDocumentLines(text: string): string {
    const sources = others.flatMap((each) => each.sources);
    return withLinesOf(name, sources, text).replace(/(program-\d+\.ts):(\d+)/g, (found, path, line) => {
      const program = programs.find((each) => each.path === path);
      return program ? `${name}:${documentLine(program, Number(line))}` : found;
    });
  }
}

/** As JDBC wants it: user and password behind the address. */
function jdbcUrl(url: string): string {
  const { host, pathname, username, password, searchParams } = new URL(url);
  searchParams.set('user', decodeURIComponent(username));
  searchParams.set('password', decodeURIComponent(password));
  return `jdbc:postgresql://${host}${pathname}?${searchParams}`;
}

/** As in a terminal of somebody's own: nothing of this test run is in it, and nothing of the machine (support/environment.ts). */
function environment(folder: string, more: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_ENV|TEST$|DEV$|PROD$|TEST_DATABASE_URL)/.test(name),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: `${folder}/node_modules/.bin:${process.env.PATH}`,
    NO_COLOR: '1',
    ...more,
  };
}

async function runCommands(
  text: string,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<{ output: string; failed: boolean }> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', text], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (said) => {
    output += said;
  });
  child.stderr.setEncoding('utf8').on('data', (said) => {
    errors += said;
  });
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  // what a command warns of is for whoever sees it fail
  return code === 0 ? { output, failed: false } : { output: `${output}${errors}`, failed: true };
}
