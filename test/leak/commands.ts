import { main } from '../../src/cli/program.ts';

/** What a command wrote and how it ended. */
export interface Answer {
  readonly status: number;
  /** Both streams, in their order. */
  readonly output: string;
}

/** Thrown in place of the end of the process. */
class Exit extends Error {}

/** Runs a command of this program in this very process, with all that belongs to it: its flags, its rim, its errors. */
export async function command(...args: readonly string[]): Promise<Answer> {
  const { argv, exit, exitCode, stdout, stderr } = process;
  const streams = [stdout, stderr].map(stream => ({ stream, write: stream.write, errors: stream.listeners('error') }));
  const pieces: Uint8Array[] = [];
  let status: number | undefined;
  for (const { stream } of streams)
    stream.write = ((chunk: string | Uint8Array, ...rest: readonly unknown[]) => {
      pieces.push(Buffer.from(chunk as string));
      const done = rest.find(one => typeof one === 'function') as (() => void) | undefined;
      done?.();
      return true;
    }) as typeof stream.write;
  process.argv = ['node', 'pos8583', ...args];
  process.exitCode = undefined;
  process.exit = code => {
    status ??= Number(code ?? process.exitCode ?? 0);
    throw new Exit();
  };
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
  } finally {
    status ??= Number(process.exitCode ?? 0);
    Object.assign(process, { argv, exit, exitCode });
    for (const { stream, write, errors } of streams) {
      stream.write = write;
      // A command makes its console anew each time.
      for (const listener of stream.listeners('error'))
        if (!errors.includes(listener)) stream.off('error', listener as () => void);
    }
  }
  return { status, output: Buffer.concat(pieces).toString('utf8') };
}
