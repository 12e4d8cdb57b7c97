// npm run simulate: how a thousand networks of unequal size lie on several servers, as they grow and are moved. No server
// is started. The same seed gives the same answer.
//
//   -- --seed 2     other networks
//   -- --chart      write docs/scaling.svg, too

import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { SETTINGS } from './settings.js';
import { story } from './story.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(SETTINGS.seed) },
    chart: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed);
if (!Number.isSafeInteger(seed)) throw new Error(`--seed ${values.seed}: a whole number is needed.`);

const { text, chart } = story({ ...SETTINGS, seed });
console.log(text);
if (values.chart) await writeFile(new URL('../../docs/scaling.svg', import.meta.url), chart);
