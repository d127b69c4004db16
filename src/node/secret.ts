import { failed, fault, ok, type Result } from '../fault.ts';

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACES = [0x08, 0x7f];
/** Longest line taken as a secret. */
const SECRET_LENGTH_MAX = 64;

/**
 * Reads one line that nobody may see. At a keyboard `question` is written to standard error and nothing is echoed; from a
 * pipe or file the first line counts. Fault `no-secret` when there is none.
 */
export function readSecret(question: string, done: (secret: Result<string>) => void): void {
  const { stdin, stderr } = process;
  const typed: number[] = [];
  let over = false;
  const finish = (given: boolean): void => {
    if (over) return;
    over = true;
    stdin.off('data', take);
    stdin.off('end', end);
    if (stdin.isTTY) {
      stdin.setRawMode(false);
      stderr.write('\n');
    }
    stdin.pause();
    const secret = String.fromCharCode(...typed);
    typed.fill(0);
    done(
      given && secret !== ''
        ? ok(secret)
        : failed(
            fault('E_ILLEGAL', 'no-secret', 'no password was given', 'Type it, or give it as the first line of input'),
          ),
    );
  };
  const end = (): void => finish(true);
  const take = (chunk: Buffer): void => {
    for (const byte of chunk) {
      if (byte === CTRL_C || byte === CTRL_D) return finish(false);
      if (byte === 0x0a || byte === 0x0d) return finish(true);
      if (BACKSPACES.includes(byte)) typed.pop();
      else if (typed.length < SECRET_LENGTH_MAX) typed.push(byte);
    }
  };
  if (stdin.isTTY) {
    stderr.write(question);
    stdin.setRawMode(true);
  }
  stdin.on('data', take);
  stdin.on('end', end);
  stdin.resume();
}
