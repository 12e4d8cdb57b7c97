// A document as a program: its code blocks, in order, and what it says about them in comments that a reader does not see.
//
//   <!-- database: empty -->  anywhere: the document begins with an empty database, not with a migrated one
//   <!-- not run: why -->     right before a block: it is not run, nor is the output below it compared
//   <!-- hidden sql           (or ts, python, java, sh) a block that is run and not shown: what a reader is assumed to have;
//   ...                       it ends with the comment
//   -->
//
// A block of `text` is the output of the block before it. `…` in a line stands for anything, `…` on a line of its own for any
// number of lines, none included.

export interface Block {
  language: string;
  text: string;
  /** Line of its first line of code, from 1. */
  line: number;
  /** Why it is not run. */
  notRun: string | undefined;
  isHidden: boolean;
  /** What stands below it as its output. */
  expected: { text: string; line: number } | undefined;
}

const FENCE = /^(\s*)```+\s*([\w-]*)\s*$/;

export function readBlocks(document: string): Block[] {
  const lines = document.split('\n');
  const blocks: Block[] = [];
  let notRun: string | undefined;
  /** Only white space and comments since the last block: then a text is its output. */
  let last: Block | undefined;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const reason = /^\s*<!-- not run: (.+) -->\s*$/.exec(line)?.[1];
    const hidden = /^<!-- hidden (\w+)\s*$/.exec(line)?.[1];
    const fence = FENCE.exec(line);
    if (reason) notRun = reason;
    else if (!hidden && !fence && line.trim() !== '') notRun = undefined;
    if (!hidden && !fence) continue;

    const isEnd = hidden ? /^-->\s*$/ : /^\s*```+\s*$/;
    const end = lines.findIndex((candidate, index) => index > at && isEnd.test(candidate));
    if (end < 0) throw new Error(`line ${at + 1}: the block does not end`);
    const indent = fence?.[1]?.length ?? 0;
    const text = lines
      .slice(at + 1, end)
      .map((each) => each.slice(indent))
      .join('\n');
    const language = hidden ?? fence?.[2] ?? '';
    if (language === 'text' && last && notRun === undefined) {
      if (last.expected) throw new Error(`line ${at + 1}: a second output of the block at line ${last.line}`);
      last.expected = { text, line: at + 2 };
    } else {
      const block = {
        language,
        text,
        line: at + 2,
        notRun,
        isHidden: hidden !== undefined,
        expected: undefined,
      };
      blocks.push(block);
      if (!hidden) last = block;
    }
    notRun = undefined;
    at = end;
  }
  return blocks;
}

/**
 * Whether the text is what the document says, in which `…` stands for anything, as a line for any number of lines, and row
 * counts may be left out.
 */
export function isAsWritten(actual: string, written: string): boolean {
  // each line with its end: a line that may be missing is missing with its end
  const pattern = lines(comparable(written))
    .map((line) =>
      line.trim() === '…' ? '(?:.*\\n)*' : `${line.split('…').map(escaped).join('[\\s\\S]*')}\\n`,
    )
    .join('');
  const text = lines(comparable(actual))
    .map((line) => `${line}\n`)
    .join('');
  return new RegExp(`^${pattern}$`).test(text);
}

const lines = (text: string) => (text === '' ? [] : text.split('\n'));

function comparable(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => !/^\(\d+ rows?\)$/.test(line))
    .join('\n')
    .trim();
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
