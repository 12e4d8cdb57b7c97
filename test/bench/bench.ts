// npm run bench: every experiment in turn, its contestants side by side on one server.

import { Databases } from './databases.js';
import type { Bench } from './experiment.js';
import { experiments, scale } from './experiments/all.js';
import { machine, type ServerFacts, serverFacts } from './machine.js';
import { parseOptions } from './options.js';
import { keep, print } from './report.js';
import { summarise } from './summary.js';

const options = parseOptions(process.argv.slice(2));
if (options.charts) {
  await summarise();
  console.log('docs/benchmark.md, test/bench/results/*.svg');
  process.exit(0);
}
const databases = new Databases(options);
const started = performance.now();
const seconds = () => ((performance.now() - started) / 1000).toFixed(0).padStart(4);
const bench: Bench = {
  options,
  databases,
  say: (line) => console.log(`${seconds()} s  ${line}`),
  amount: (full, quick) => (options.quick ? quick : full),
};

const wanted = (options.scale ? [scale] : experiments).filter(({ name }) =>
  options.only.split(',').some((part) => name.includes(part)),
);
if (wanted.length === 0) {
  console.error(
    `There is no experiment ${options.only}, only ${experiments.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(1);
}

try {
  const conditions = { at: new Date().toISOString(), machine: machine(), servers: [] as ServerFacts[] };
  console.log(conditions.machine);
  for (const experiment of wanted) {
    bench.say(experiment.title);
    try {
      const finding = await experiment.run(bench);
      const servers = await databases.running();
      conditions.servers = await Promise.all(servers.map(({ adminUrl }) => serverFacts(adminUrl)));
      print(experiment, finding);
      await keep(experiment, finding, conditions, options);
    } catch (error) {
      // the others may still have something to say
      console.error(`${experiment.name} failed:`, error);
      process.exitCode = 1;
    }
  }
  await summarise();
  for (const facts of conditions.servers) console.log(facts);
} finally {
  await databases.stop();
}
bench.say('done: docs/benchmark.md, test/bench/results');
