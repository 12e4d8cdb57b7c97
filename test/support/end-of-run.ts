// What a run of everything says last: where the time goes, so that one sees it before it has gone, and what failed, so
// that the end of a log is enough.

import type { Reporter, TestCase, TestModule } from 'vitest/node';

const SHOWN = 15;
/** A few files are looked at by themselves: then nobody asks. */
const FILES = 20;

export class EndOfRun implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    if (modules.length < FILES) return;
    const tests = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        name: `${module.relativeModuleId} > ${test.fullName}`,
        test,
      })),
    );
    const files = modules.map((module) => ({
      name: module.relativeModuleId,
      // with what it takes to start its process and to load it
      milliseconds: Object.entries(module.diagnostic())
        .filter(([name]) => /duration$/i.test(name))
        .reduce((sum, [, value]) => sum + (typeof value === 'number' ? value : 0), 0),
    }));
    const slowest = tests.map(({ name, test }) => ({ name, milliseconds: test.diagnostic()?.duration ?? 0 }));
    console.log(`\nThe slowest files\n${longestFirst(files)}\nThe slowest tests\n${longestFirst(slowest)}`);
    const failed = [
      ...modules.flatMap((module) => failure(module.relativeModuleId, module.errors())),
      ...modules.flatMap((module) =>
        [...module.children.allSuites()].flatMap((suite) =>
          failure(`${module.relativeModuleId} > ${suite.fullName}`, suite.errors()),
        ),
      ),
      ...tests.flatMap(({ name, test }) => failure(name, errorsOf(test))),
    ];
    if (failed.length > 0) console.log(`Failed\n${failed.join('\n')}\n`);
  }
}

function longestFirst(all: { name: string; milliseconds: number }[]): string {
  return all
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SHOWN)
    .map(({ name, milliseconds }) => `${(milliseconds / 1000).toFixed(1).padStart(7)} s  ${name}\n`)
    .join('');
}

function errorsOf(test: TestCase): ReadonlyArray<{ message: string }> {
  const result = test.result();
  return result.state === 'failed' ? result.errors : [];
}

function failure(name: string, errors: ReadonlyArray<{ message: string }>): string[] {
  return errors.length === 0
    ? []
    : [`  ${name}`, ...errors.map(({ message }) => `    ${message.slice(0, 500)}`)];
}
