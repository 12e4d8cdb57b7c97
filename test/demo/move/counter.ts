// One line that says how much was written until now: rewritten on a terminal, else said anew every few seconds.

import { count, dim, isTerminal } from '../output.js';

const COLUMNS = 80;

export class Counter {
  #timer: NodeJS.Timeout | undefined;
  #last = { at: performance.now(), writes: 0 };
  #said = 0;

  constructor(
    private readonly asked: () => { writes: number; longest: number; lives: string; step: string },
  ) {}

  start(): void {
    this.#timer = setInterval(() => this.#show(), isTerminal ? 200 : 1000);
  }

  stop(): void {
    clearInterval(this.#timer);
    if (isTerminal) process.stdout.write('\r\u001b[K');
  }

  /** A line above the counter. */
  say(line: string): void {
    if (isTerminal) process.stdout.write('\r\u001b[K');
    process.stdout.write(`${dim(indented(line))}\n`);
  }

  #show(): void {
    const { writes, longest, lives, step } = this.asked();
    const now = performance.now();
    const rate = ((writes - this.#last.writes) * 1000) / (now - this.#last.at);
    this.#last = { at: now, writes };
    const text = short(
      `${count(writes).padStart(8)} writes  ${count(Math.round(rate)).padStart(6)}/s  ` +
        `longest ${count(Math.round(longest)).padStart(5)} ms  on ${lives}  ${step}`,
    );
    if (isTerminal) process.stdout.write(`\r\u001b[K${text}`);
    // a log is no terminal: a line every few seconds is enough
    else if (this.#said++ % 3 === 0) process.stdout.write(`${text}\n`);
  }
}

/** As many lines as it takes. */
export function indented(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < COLUMNS - 4)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `  ${line}`).join('\n');
}

/** The last column stays free: a terminal would begin a new line. */
const short = (text: string): string => (text.length < COLUMNS ? text : `${text.slice(0, COLUMNS - 2)}…`);
