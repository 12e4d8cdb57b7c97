// The comment of a function, taken apart: "What it does. Raises DP001, DP002. Example: select …". Its lines are broken for
// psql: those of the text are put together again, those of the example stay.

export interface FunctionComment {
  text: string;
  /** SQLSTATEs. */
  raises: string[];
  /** One statement without its semicolon. */
  example: string;
  /** What the example says that it returns, after two dashes at its end. */
  result: string | undefined;
}

export function parseComment(name: string, comment: string): FunctionComment {
  const match = /^([\s\S]*?)\sExample: ([\s\S]*?)(?: -- ([^\n']+))?$/.exec(comment);
  if (!match) throw new Error(`the comment of dpg.${name} ends without "Example: …"`);
  const [, lines = '', example = '', result] = match;
  const before = oneLine(lines);
  const raised = / Raises ((?:DP\d{3}(?:, )?)+)([^.]*)\.$/.exec(before);
  const [sentence = '', codes = ''] = raised ?? [];
  const isPlain = raised?.[2] === '';
  return {
    text: isPlain ? before.slice(0, -sentence.length) : before,
    raises: codes.split(', ').filter(Boolean),
    example,
    result,
  };
}

/** Text without its line breaks. */
export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}

/** The statement on several lines: as it is written, or broken after commas between arguments where it is wider than that. */
export function wrapped(statement: string, width = 110): string {
  if (statement.length < width || statement.includes('\n')) return `${statement};`;
  const open = statement.indexOf('(', statement.indexOf('dpg.'));
  const close = matching(statement, open);
  const lines: string[] = [];
  for (const part of topLevelParts(statement.slice(open + 1, close))) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 2 < width)
      lines[lines.length - 1] = `${last}, ${part}`;
    else lines.push(part);
  }
  const indented = lines.map((line) => `  ${wrappedDocument(line, width)}`);
  return `${statement.slice(0, open + 1)}\n${indented.join(',\n')}\n${statement.slice(close)};`;
}

/** JSON on several lines, where it is wider than that: between members it may have white space. */
function wrappedDocument(text: string, width: number): string {
  const lines: string[] = [];
  for (const member of text.split(/, (?=")/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + member.length + 2 < width)
      lines[lines.length - 1] = `${last}, ${member}`;
    else lines.push(member);
  }
  return lines.join(',\n    ');
}

function matching(statement: string, open: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = open; at < statement.length; at++) {
    const character = statement[at];
    if (character === "'") quoted = !quoted;
    if (quoted) continue;
    if (character === '(') depth++;
    if (character === ')' && --depth === 0) return at;
  }
  throw new Error(`a bracket is not closed: ${statement}`);
}

function topLevelParts(text: string): string[] {
  const parts = [''];
  let depth = 0;
  let quoted = false;
  for (const character of text) {
    if (character === "'") quoted = !quoted;
    if (!quoted && character === '(') depth++;
    if (!quoted && character === ')') depth--;
    if (character === ',' && !quoted && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.map((part) => part.trim());
}
