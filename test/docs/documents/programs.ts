// The TypeScript of a document. A block that begins with `// some/file.ts` is that file. The others form programs, whose
// blocks run one by one as the document goes on; one that begins with an import begins a program, others continue it.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Block } from './blocks.js';
import { LOADER } from './project.js';

export interface Program {
  path: string;
  blocks: Block[];
}

export interface Sources {
  files: { path: string; block: Block }[];
  programs: Program[];
}

const STEP = './document-step.js';

/** Waits until the document has come to the block at this line. */
export const STEP_FILE = `
export async function step(line: number): Promise<void> {
  process.stdout.write(\`\\0\${line}\\n\`);
  await new Promise<void>((resolve) => {
    process.stdin.once('data', () => {
      process.stdin.pause();
      resolve();
    });
    process.stdin.resume();
  });
}
`;

export function sourcesOf(blocks: Block[]): Sources {
  const files: Sources['files'] = [];
  const programs: Program[] = [];
  for (const block of blocks) {
    if (block.language !== 'ts' || block.notRun) continue;
    const path = /^\/\/ ([\w./-]+\.ts)$/.exec(block.text.split('\n')[0] ?? '')?.[1];
    if (path) {
      files.push({ path, block });
      continue;
    }
    // what is hidden before the first block that a reader sees belongs to the same program
    const isShown = programs.at(-1)?.blocks.some(({ isHidden }) => !isHidden) ?? true;
    if (programs.length === 0 || (isShown && block.text.startsWith('import '))) {
      programs.push({ path: `program-${programs.length + 1}.ts`, blocks: [] });
    }
    programs.at(-1)?.blocks.push(block);
  }
  return { files, programs };
}

/** Its text, in which each block begins a line after its step. */
export function programText({ blocks }: Program): string {
  const parts = blocks.map(({ text, line }) => `await step(${line});\n${text}`);
  return [`import { step } from '${STEP}';`, ...parts, 'await step(0);', 'process.exit();'].join('\n');
}

/** The line of the document that a line of the program comes from. */
export function documentLine({ blocks }: Program, line: number): number {
  let first = 3;
  for (const block of blocks) {
    const count = block.text.split('\n').length;
    if (line < first + count) return block.line + Math.max(line - first, 0);
    first += count + 1;
  }
  return blocks.at(-1)?.line ?? 0;
}

export interface Running {
  /** Runs the program's next block and returns what it printed. */
  next(): Promise<string>;
  stop(): Promise<void>;
}

/** What runs a program of TypeScript. */
export const nodeCommand = ({ path }: Program): string[] => [process.execPath, '--import', LOADER, path];

/** Starts a program up to its first block. */
export function start([command = '', ...words]: string[], folder: string, env: NodeJS.ProcessEnv): Running {
  const child = spawn(command, words, { cwd: folder, env: { ...env, TSX_DISABLE_CACHE: '1' } });
  const reader = readSteps(child);
  let isStarted = false;
  return {
    async next() {
      if (!isStarted) await reader.step();
      isStarted = true;
      child.stdin.write('\n');
      return await reader.step();
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

function readSteps(child: ChildProcessWithoutNullStreams): { step(): Promise<string> } {
  let [output, errors] = ['', ''];
  let hasEnded = false;
  let notice: () => void = () => undefined;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    notice();
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    errors += text;
  });
  child.once('close', () => {
    hasEnded = true;
    notice();
  });
  return {
    async step() {
      for (;;) {
        const match = /\0\d+\n/.exec(output);
        if (match) {
          const before = output.slice(0, match.index);
          output = output.slice(match.index + match[0].length);
          return before;
        }
        if (hasEnded) throw new Error(`it ended:\n${output}${errors}`);
        await new Promise<void>((resolve) => {
          notice = resolve;
        });
      }
    },
  };
}
