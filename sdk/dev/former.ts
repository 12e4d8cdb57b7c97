// What a former start has left in the folder: a server that runs under its keeper, one that ends, or one whose keeper was
// killed. PostgreSQL's own file says which process it is; its parent is the keeper, whose arguments name who has started it.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ServerError } from './server-error.js';

export type Former =
  | { state: 'none' }
  /** It answers, and belongs to this process. */
  | { state: 'running'; port: number; starter: number }
  /** It starts or stops: look again. */
  | { state: 'changing' }
  /** Nobody looks after it. */
  | { state: 'left'; pid: number };

export async function former(directory: string): Promise<Former> {
  const data = join(directory, 'data');
  const file = join(data, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => '');
  if (text === '') return { state: 'none' };
  const lines = text.split('\n');
  const pid = Number(lines[0]);
  if (!isServerOf(pid, data)) {
    // After a crash another process may have its number, and PostgreSQL would take that for a server of these files.
    const isSame = text === (await readFile(file, 'utf8').catch(() => ''));
    if (isSame) await rm(file, { force: true });
    return { state: 'none' };
  }
  const [, starter] =
    new RegExp(`keeper ${escaped(directory)} \\w+ (\\d+) `).exec(commandLine(parentOf(pid))) ?? [];
  if (starter === undefined) return { state: 'left', pid };
  if (!isAlive(Number(starter)) || lines[7]?.trim() !== 'ready') return { state: 'changing' };
  return { state: 'running', port: Number(lines[3]), starter: Number(starter) };
}

/** Stops a server that nobody looks after; it writes what it has, so that the next start finds it. */
export async function stopLeft(pid: number, deadline: number): Promise<void> {
  try {
    process.kill(pid, 'SIGINT');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    throw new ServerError(
      `a former server (process ${pid}) still runs on these files, and belongs to another user`,
      {
        hint: `Stop it: sudo kill -INT ${pid}`,
        cause: error,
      },
    );
  }
  while (isAlive(pid)) {
    if (Date.now() > deadline)
      throw new ServerError(`a former server (process ${pid}) does not stop`, {
        hint: `End it, and start again: kill -QUIT ${pid}`,
      });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function isServerOf(pid: number, data: string): boolean {
  return commandLine(pid).includes(`-D ${data} `);
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Of a running process, its arguments separated by spaces; empty where there is none. */
function commandLine(pid: number): string {
  const given = hasProc ? ofProc(pid, 'cmdline').replaceAll('\0', ' ') : ofPs(pid, 'args');
  return `${given.trim()} `;
}

function parentOf(pid: number): number {
  // its name stands in brackets and may hold anything
  return Number(
    hasProc
      ? ofProc(pid, 'stat')
          .replace(/^.*\) \w /s, '')
          .split(' ')[0]
      : ofPs(pid, 'ppid'),
  );
}

/** Slim images have no ps, macOS has no /proc. */
const hasProc = existsSync('/proc/self/cmdline');

function ofProc(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function ofPs(pid: number, column: string): string {
  return spawnSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout;
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
