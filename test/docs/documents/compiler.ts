// What the compiler says of a document's TypeScript.

import ts from 'typescript';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
};

export interface Complaint {
  file: string;
  line: number;
  message: string;
}

/** What was parsed for one document is there for the next: the library, and the packages by their real paths. */
const parsed = new Map<string, ts.SourceFile | undefined>();

export function complaints(files: string[], folder: string): Complaint[] {
  const options = { ...OPTIONS, typeRoots: [`${folder}/node_modules/@types`] };
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile;
  host.getSourceFile = (name, ...how) => {
    if (name.startsWith(folder)) return parse(name, ...how);
    if (!parsed.has(name)) parsed.set(name, parse(name, ...how));
    return parsed.get(name);
  };
  const program = ts.createProgram(files, options, host);
  // of the document alone: what it imports of sdk/ is checked once, by npm run typecheck
  const found = files.flatMap((name) => ts.getPreEmitDiagnostics(program, program.getSourceFile(name)));
  return found.map(({ file, start, messageText }) => ({
    file: file?.fileName ?? '',
    line: file ? ts.getLineAndCharacterOfPosition(file, start ?? 0).line + 1 : 0,
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
}
