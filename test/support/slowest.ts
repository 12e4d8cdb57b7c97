// The files and tests that took longest, at the end of a run of everything. So one sees where the time goes before it has
// gone.

import type { Reporter, TestCase, TestModule } from 'vitest/node';

const SHOWN = 15;
/** A few files are looked at by themselves: then nobody asks. */
const FILES = 20;

export class Slowest implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    if (modules.length < FILES) return;
    const files = modules.map((module) => ({
      name: module.relativeModuleId,
      // with what it takes to start its process and to load it
      milliseconds: Object.entries(module.diagnostic())
        .filter(([name]) => /duration$/i.test(name))
        .reduce((sum, [, value]) => sum + (typeof value === 'number' ? value : 0), 0),
    }));
    const tests = modules.flatMap((module) =>
      [...module.children.allTests()].map((test: TestCase) => ({
        name: `${module.relativeModuleId} > ${test.fullName}`,
        milliseconds: test.diagnostic()?.duration ?? 0,
      })),
    );
    console.log(`\nThe slowest files\n${lines(files)}\nThe slowest tests\n${lines(tests)}`);
  }
}

function lines(all: { name: string; milliseconds: number }[]): string {
  return all
    .sort((a, b) => b.milliseconds - a.milliseconds)
    .slice(0, SHOWN)
    .map(({ name, milliseconds }) => `${(milliseconds / 1000).toFixed(1).padStart(7)} s  ${name}\n`)
    .join('');
}
