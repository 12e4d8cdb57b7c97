// What .gmrc says that migrations/current.sql holds at rest. The file is JSON with comments.

export function blankMigration(gmrc: string): string {
  const text = /^\s*blankMigrationContent: ("(?:[^"\\]|\\.)*")/m.exec(gmrc)?.[1];
  if (text === undefined) throw new Error('.gmrc has no blankMigrationContent on a line of its own.');
  return JSON.parse(text);
}
