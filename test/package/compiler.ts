// What the compiler says of programs that use the package, and of the declarations in it. Those of other packages it reads,
// but does not check: zod's and Node.js's alone would take ten times as long, and drizzle-orm's name drivers that are not
// installed.

import { join } from 'node:path';
import ts from 'typescript';

export function complaints(folder: string, files: string[], more: ts.CompilerOptions): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    typeRoots: [join(folder, 'node_modules/@types')],
    strict: true,
    noEmit: true,
    ...more,
  };
  const program = ts.createProgram(
    files.map((file) => join(folder, file)),
    options,
  );
  const declarations = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.includes('/node_modules/dpg-database/'));
  if (declarations.length === 0) throw new Error(`the package is in none of ${files.join(', ')}`);
  const checked = [...files.map((file) => program.getSourceFile(join(folder, file))), ...declarations];
  return [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...checked.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ].map(({ file, start, messageText }) => {
    const line = file ? ts.getLineAndCharacterOfPosition(file, start ?? 0).line + 1 : 0;
    const name = file?.fileName.replace(`${folder}/`, '') ?? '';
    return `${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
