import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROGRAM = join(fileURLToPath(new URL('../../', import.meta.url)), 'dist/main.js');
/** What the engine compiled for the processes of earlier cases: a killed one keeps nothing, so one that ended well must. */
export const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/pos8583-crash', import.meta.url));
/** How long a line, a screen or an end is waited for before it counts as lost, milliseconds. */
export const PATIENCE_MS = 40_000;

/** Certificates that this machine trusts besides: read at each start of a process, and no case has a line with TLS. */
const { NODE_EXTRA_CA_CERTS: _, ...ENV } = process.env;

/** A process of the program with its output on stderr and its end. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<string>;
  end: string | undefined;
  errors = '';

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [PROGRAM, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...ENV, NODE_COMPILE_CACHE: COMPILED, ...env },
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.ended = new Promise(resolve => {
      this.child.on('error', error => {
        this.end = error.message;
        resolve(error.message);
      });
      this.child.on('close', (code, signal) => {
        this.end = String(code ?? signal);
        resolve(this.end);
      });
    });
  }

  /** Waits for a line of its output. */
  line(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      let text = '';
      const timer = setTimeout(() => reject(new Error(`${pattern} did not come: ${text}`)), PATIENCE_MS);
      this.child.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        const match = pattern.exec(text);
        if (match) {
          clearTimeout(timer);
          resolve(match);
        }
      });
      void this.ended.then(end => {
        clearTimeout(timer);
        reject(new Error(`it ended with ${end} before ${pattern}: ${this.errors}`));
      });
    });
  }

  async stop(signal: NodeJS.Signals): Promise<string> {
    this.child.kill(signal);
    return this.ended;
  }
}
