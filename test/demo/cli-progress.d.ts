// What the demo uses of a package that has no types.

declare module 'cli-progress' {
  interface Options {
    format: string;
    stream: NodeJS.WritableStream;
    barCompleteChar: string;
    barIncompleteChar: string;
    hideCursor: boolean;
    clearOnComplete: boolean;
    gracefulExit: boolean;
  }
  class SingleBar {
    constructor(options: Partial<Options>);
    start(total: number, value: number, payload: Record<string, string>): void;
    update(value: number, payload: Record<string, string>): void;
    stop(): void;
  }
  const cliProgress: { SingleBar: typeof SingleBar };
  export default cliProgress;
}
