// Parts of SQL text. The statements of an adoption name tables and columns that only the catalogue knows, and their
// constants belong into the text, so that the planner can leave out partitions.

export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A constant of type text, whatever standard_conforming_strings says. */
export function literal(value: string): string {
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return value.includes('\\') ? `E${quoted}` : quoted;
}

/** `a.x = b.x and a.y = b.y` */
export function equal(left: string, right: string, columns: readonly string[]): string {
  return columns.map((column) => `${left}.${column} = ${right}.${column}`).join(' and ');
}

/** An expression with other names of columns; what stands in single quotes stays. */
export function replaceNames(expression: string, names: ReadonlyMap<string, string>): string {
  return expression
    .split(/('(?:[^']|'')*')/)
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part.replace(/"(?:[^"]|"")*"|\b[a-z_][a-z0-9_]*\b/g, (word) => names.get(word) ?? word),
    )
    .join('');
}

/** `a.x, a.y` */
export function listed(alias: string, columns: readonly string[]): string {
  return columns.map((column) => `${alias}.${column}`).join(', ');
}
