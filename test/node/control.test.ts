import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CONTROL_CONNECTIONS_MAX, CONTROL_LINE_MAX } from '../../src/limits.ts';
import {
  askCounter,
  type ControlLine,
  type ControlSocket,
  controlPath,
  hasControl,
  openControl,
} from '../../src/node/control.ts';

/** The socket itself; what the lines mean is another test's business. */

let folder = '';
let journal = '';
let open: ControlSocket[] = [];
let servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pos8583-control-'));
  journal = join(folder, 'shop.db');
  open = [];
  servers = [];
});
afterEach(() => {
  for (const one of open) one.close();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

const echo = ({ line, answer }: ControlLine): void => answer(`<${line}>`);

/** Opens a control socket and waits until somebody can connect. */
async function listening(take: (line: ControlLine) => void = echo): Promise<ControlSocket> {
  const control = openControl(journal, take, f => {
    throw new Error(f.cause);
  });
  open.push(control);
  await reachable();
  return control;
}

/** Tries until a connection is made: there is nothing to wait for outside of the socket. */
function reachable(): Promise<void> {
  return new Promise(resolve => {
    const go = (): void => {
      const socket = connect(controlPath(journal));
      socket.on('connect', () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', () => setImmediate(go));
    };
    go();
  });
}

/** Why no control socket can be opened. */
const refused = (path = journal): Promise<string> =>
  new Promise(resolve => open.push(openControl(path, echo, f => resolve(f.name))));

const asked = (line: string, path = journal): Promise<string> =>
  new Promise(resolve => askCounter(path, line, answer => resolve(answer.ok ? answer.value : answer.fault.name)));

/** All that comes back for some bytes, until the other side closes. */
function sent(...pieces: readonly (string | Uint8Array)[]): Promise<string> {
  return new Promise(resolve => {
    const socket = connect(controlPath(journal));
    let text = '';
    socket.on('connect', () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on('data', chunk => (text += chunk.toString('utf8')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(text));
  });
}

const listenOn = (path: string): Promise<Server> =>
  new Promise(resolve => {
    const server = createServer(() => undefined);
    servers.push(server);
    server.listen(path, () => resolve(server));
  });

describe('place', () => {
  test('beside the journal, for this user only; gone when it is closed', async () => {
    const control = await listening();
    expect(statSync(controlPath(journal)).mode & 0o777).toBe(0o600);
    expect(hasControl(journal)).toBe(true);
    control.close();
    expect(existsSync(controlPath(journal))).toBe(false);
    expect(await asked('x')).toBe('control-missing');
  });

  test('one that somebody listens on, and a file of another kind, stay where they are', async () => {
    await listenOn(controlPath(journal));
    expect(await refused()).toBe('control-path-taken');
    expect(existsSync(controlPath(journal))).toBe(true);
    const file = join(folder, 'other.db');
    writeFileSync(controlPath(file), 'precious');
    expect(await refused(file)).toBe('control-path-taken');
    expect(existsSync(controlPath(file))).toBe(true);
  });

  test('a path that is too long for a socket is said before anything is made', async () => {
    const long = join(folder, 'x'.repeat(120));
    expect(await refused(long)).toBe('control-path-long');
    expect(await asked('x', long)).toBe('control-missing');
  });
});

describe('lines', () => {
  test('one after the other, in pieces, in any script; the answer to each', async () => {
    await listening();
    expect(await asked('退货')).toBe('<退货>');
    const bytes = Buffer.from('退货\n', 'utf8');
    const socket = connect(controlPath(journal));
    const got: string[] = [];
    await new Promise<void>(resolve => {
      socket.on('data', chunk => {
        got.push(chunk.toString('utf8'));
        if (got.length === 1) {
          socket.write(bytes.subarray(0, 2));
          socket.write(bytes.subarray(2));
        } else resolve();
      });
      socket.write('one\n');
    });
    socket.destroy();
    expect(got.join('')).toBe('<one>\n<退货>\n');
  });

  test.each([
    ['a line over the bound', ['x'.repeat(CONTROL_LINE_MAX + 1), '\n']],
    ['a line over the bound without an end', ['x'.repeat(CONTROL_LINE_MAX + 1)]],
    ['two lines at once', ['one\ntwo\n']],
    ['bytes that are no UTF-8', [new Uint8Array([0xff, 0xfe, 0x0a])]],
  ])('%s: refused with one line, and the connection ends', async (_, pieces) => {
    let taken = 0;
    await listening(() => taken++);
    const text = await sent(...pieces);
    expect(JSON.parse(text)).toMatchObject({ ok: false, fault: { name: 'control-line' } });
    expect(taken).toBe(0);
  });

  test('a line of exactly the bound is taken', async () => {
    await listening();
    expect(await asked('x'.repeat(CONTROL_LINE_MAX))).toHaveLength(CONTROL_LINE_MAX + 2);
  });

  test('more bytes while an answer is on its way: the connection ends, and its entry knows that nobody waits', async () => {
    const taken: ControlLine[] = [];
    await listening(line => taken.push(line));
    const socket = connect(controlPath(journal));
    const text = await new Promise<string>(resolve => {
      let all = '';
      socket.on('data', chunk => (all += chunk.toString('utf8')));
      socket.on('close', () => resolve(all));
      socket.write('one\n', () => socket.write('two\n'));
    });
    expect(text).toContain('control-line');
    expect(taken.every(line => line.isGone())).toBe(true);
    for (const { answer } of taken) answer('late');
  });

  test('no more connections than the bound; the next one is closed, and there is room again later', async () => {
    await listening();
    const idle = await Promise.all(
      Array.from(
        { length: CONTROL_CONNECTIONS_MAX },
        () =>
          new Promise<ReturnType<typeof connect>>(resolve => {
            const socket = connect(controlPath(journal));
            socket.on('data', () => resolve(socket));
            socket.write('x\n');
          }),
      ),
    );
    expect(await asked('one too many')).toBe('control-lost');
    await new Promise<void>(resolve => {
      idle[0].on('close', () => resolve());
      idle[0].destroy();
    });
    // The other side sees the end of that connection a moment later.
    while ((await asked('again')) !== '<again>');
    for (const socket of idle) socket.destroy();
  });

  test('a counter that ends without an answer: lost, not missing', async () => {
    const control: ControlSocket = await listening(() => control.close());
    expect(await asked('x')).toBe('control-lost');
  });
});
