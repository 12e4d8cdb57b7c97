// How long tests run that could run for ever: shortly in continuous integration, for DPG_SOAK_SECONDS in a soak
// (npm run test:soak, 600 seconds for each such test unless told).

const seconds = Number(process.env.DPG_SOAK_SECONDS ?? 0);
if (!(seconds >= 0))
  throw new Error(`DPG_SOAK_SECONDS is a number of seconds, not ${process.env.DPG_SOAK_SECONDS}`);

export const isSoak = seconds > 0;

/** The amount for continuous integration, or the one for a soak. */
export function soak<Amount>(short: Amount, long: Amount): Amount {
  return isSoak ? long : short;
}

/** How many seconds to go on for: `short` in continuous integration, DPG_SOAK_SECONDS in a soak. */
export function soakSeconds(short: number): number {
  return isSoak ? seconds : short;
}

/** The time limit of a test that goes on for `soakSeconds(short)` and then needs `rest` seconds, in milliseconds. */
export function soakTimeout(short: number, rest = 60): number {
  return (soakSeconds(short) * 2 + rest) * 1000;
}
