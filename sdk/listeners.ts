// Functions of the application that are told of something: a log or a measurement that fails ends no call, nor the process.

/** Tells a listener. What it throws, or what its promise rejects with, is its own affair. */
export function tell<Given extends unknown[]>(
  listener: ((...given: Given) => unknown) | undefined,
  ...given: Given
): void {
  try {
    const told = listener?.(...given);
    if (told instanceof Promise) told.catch(() => undefined);
  } catch {
    // as above
  }
}
