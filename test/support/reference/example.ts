// The comment of a function, taken apart. Its last parts begin lines of their own:
//
//   What it does and what it returns.
//   Raises DP001, DP002.
//   Example: select …

export interface FunctionComment {
  /** Without the line breaks that psql needs. */
  text: string;
  /** SQLSTATEs. */
  raises: string[];
  /** One statement without its semicolon, on one or several lines. */
  example: string;
  /** What the example says that it returns, after two dashes at its end. */
  result: string | undefined;
}

export function parseComment(name: string, comment: string): FunctionComment {
  const match = /^([\s\S]+)\nRaises (DP\d{3}(?:, DP\d{3})*)\.\nExample: ([\s\S]+?)(?: -- ([^\n']+))?$/.exec(
    comment,
  );
  if (!match)
    throw new Error(
      `the comment of dpg.${name} does not end with the lines "Raises DP001, ….", "Example: select …"`,
    );
  const [, lines = '', codes = '', example = '', result] = match;
  return { text: oneLine(lines), raises: codes.split(', '), example, result };
}

/** Text without its line breaks. */
export function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ');
}
