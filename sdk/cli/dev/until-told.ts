/** Returns when the process is told to end. Until then, or until `over`, it keeps the process alive. */
export function untilTold(over?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    // A terminal sends its Ctrl-C to the runner and to us, and the runner passes its own on: more than one may come.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve());
    // Nothing else keeps the process alive; and where the runner was killed there is nobody to tell us.
    const parent = process.ppid;
    const watch = setInterval(() => process.ppid !== parent && resolve(), 500);
    over?.addEventListener('abort', () => clearInterval(watch));
  });
}
