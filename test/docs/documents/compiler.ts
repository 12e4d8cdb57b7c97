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

export function complaints(files: string[], folder: string): Complaint[] {
  const program = ts.createProgram(files, { ...OPTIONS, typeRoots: [`${folder}/node_modules/@types`] });
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => ({
    file: file?.fileName ?? '',
    line: file ? ts.getLineAndCharacterOfPosition(file, start ?? 0).line + 1 : 0,
    message: ts.flattenDiagnosticMessageText(messageText, '\n'),
  }));
}
