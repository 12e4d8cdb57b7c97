// SQL as psql takes it: one statement after the other.

/** The statements of a text, without their semicolons. A semicolon within quotes, comments or BEGIN ATOMIC ends none. */
export function statementsOf(text: string): string[] {
  // a quoted text, a quoted name, a dollar-quoted text, comments, or any one character
  const token =
    /'(?:[^']|'')*'|"(?:[^"]|"")*"|(\$\w*\$)[\s\S]*?\1|--[^\n]*|\/\*[\s\S]*?\*\/|[A-Za-z_]\w*|[\s\S]/g;
  const statements: string[] = [];
  let current = '';
  let atomic = false;
  for (const [part] of text.matchAll(token)) {
    if (/^atomic$/i.test(part) && /begin\s+$/i.test(current)) atomic = true;
    if (atomic && /^end$/i.test(part)) atomic = false;
    if (part === ';' && !atomic) {
      statements.push(current);
      current = '';
    } else current += part;
  }
  statements.push(current);
  return statements.map((statement) => statement.trim()).filter((statement) => !isEmpty(statement));
}

function isEmpty(statement: string): boolean {
  return statement.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, '').trim() === '';
}
