import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { AcquirerLine } from '../../src/host/line.ts';
import type { ExchangeResult } from '../../src/host/line.ts';
import { openTimers } from '../../src/node/timers.ts';
import { openHostLink } from '../../src/node/tcp.ts';
import { selfSigned } from './certificate.ts';

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Everything that the sink of a link heard, and a way to wait for the next thing. */
class Heard {
  readonly events: string[] = [];
  private waiting: { pattern: RegExp; go: () => void } | undefined;

  private say(event: string): void {
    this.events.push(event);
    if (this.waiting?.pattern.test(event) === true) this.waiting.go();
  }

  connected(): void {
    this.say('connected');
  }

  received(bytes: Uint8Array): void {
    this.say(`received ${Buffer.from(bytes).toString('hex')}`);
  }

  closed(reason: { kind: string; detail: string }): void {
    this.say(`closed ${reason.kind} ${reason.detail}`);
  }

  until(pattern: RegExp): Promise<void> {
    if (this.events.some(event => pattern.test(event))) return Promise.resolve();
    return new Promise(go => (this.waiting = { pattern, go }));
  }
}

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => sockets.delete(socket));
  });
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>(up => server.listen(0, '127.0.0.1', up));
  return (server.address() as AddressInfo).port;
}

/** A port on which nobody listens. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(up => server.listen(0, '127.0.0.1', up));
  const { port } = server.address() as AddressInfo;
  await new Promise(down => server.close(down));
  return port;
}

describe('TCP', () => {
  test('connects, carries bytes both ways, and tells that the host ended', async () => {
    const port = await listen(
      createServer(socket => socket.on('data', (bytes: Buffer) => socket.end(Buffer.concat([Buffer.of(0xee), bytes])))),
    );
    const link = openHostLink([{ host: '127.0.0.1', port }]);
    expect(link.routes).toBe(1);
    expect(link.routeName(0)).toBe(`127.0.0.1:${port}`);
    const heard = new Heard();
    link.connect(0, heard);
    await heard.until(/connected/);
    const bytes = Uint8Array.of(1, 2, 3);
    link.write(bytes);
    bytes.fill(9);
    await heard.until(/closed/);
    expect(heard.events).toEqual(['connected', 'received ee010203', 'closed ended the host ended the connection']);
    expect(bytes).toEqual(Uint8Array.of(9, 9, 9));
  });

  test('received bytes are overwritten after the call', async () => {
    const port = await listen(createServer(socket => socket.end('card data')));
    const kept: Uint8Array[] = [];
    await new Promise<void>(done =>
      openHostLink([{ host: '127.0.0.1', port }]).connect(0, {
        connected: () => undefined,
        received: bytes => void kept.push(bytes),
        closed: () => done(),
      }),
    );
    expect(kept).toHaveLength(1);
    expect([...kept[0]]).toEqual(Array<number>(9).fill(0));
  });

  test('nobody listening is refused, an unknown name unreachable, and closed comes once', async () => {
    const dead = await deadPort();
    for (const [host, kind] of [
      ['127.0.0.1', /^closed refused .*ECONNREFUSED/],
      ['localhost', /^closed refused .*ECONNREFUSED/],
      ['no-such-host.invalid', /^closed unreachable /],
    ] as const) {
      const heard = new Heard();
      openHostLink([{ host, port: dead }]).connect(0, heard);
      await heard.until(/closed/);
      expect(heard.events).toHaveLength(1);
      expect(heard.events[0]).toMatch(kind);
    }
  });

  test('a host that resets is a reset', async () => {
    const port = await listen(createServer(socket => socket.on('data', () => socket.resetAndDestroy())));
    const link = openHostLink([{ host: '127.0.0.1', port }]);
    const heard = new Heard();
    link.connect(0, heard);
    await heard.until(/connected/);
    link.write(Uint8Array.of(1));
    await heard.until(/closed/);
    expect(heard.events[1]).toMatch(/^closed reset .*ECONNRESET/);
  });

  test('closing tells closed, later and once; writing afterwards does nothing', async () => {
    const port = await listen(createServer());
    const link = openHostLink([{ host: '127.0.0.1', port }]);
    const heard = new Heard();
    link.connect(0, heard);
    await heard.until(/connected/);
    link.close();
    link.close();
    link.write(Uint8Array.of(1));
    expect(heard.events).toEqual(['connected']);
    await heard.until(/closed/);
    expect(heard.events).toEqual(['connected', 'closed closed closed by this program']);
  });

  test('a newer connection silences the older one', async () => {
    const port = await listen(createServer(socket => socket.write('x')));
    const link = openHostLink([{ host: '127.0.0.1', port }]);
    const first = new Heard();
    const second = new Heard();
    link.connect(0, first);
    link.connect(0, second);
    await second.until(/received/);
    link.close();
    await second.until(/closed/);
    expect(first.events).toEqual([]);
  });

  test('the acquirer line goes to the second route when the first refuses, over real sockets', async () => {
    const dead = await deadPort();
    const port = await listen(
      createServer(socket => {
        socket.once('data', bytes => {
          const answer = Buffer.from(bytes);
          answer[2] = 0x61;
          socket.write(answer.subarray(0, 3));
          setImmediate(() => socket.write(answer.subarray(3)));
        });
      }),
    );
    const link = openHostLink([
      { host: '127.0.0.1', port: dead },
      { host: '127.0.0.1', port },
    ]);
    const line = new AcquirerLine(link, openTimers());
    const result = await new Promise<ExchangeResult>(done =>
      line.exchange(
        Uint8Array.of(0x60, 1, 2),
        3,
        { answerTimeoutMs: 20_000, connectTimeoutMs: 20_000, accepts: (f, s) => (f[s] === 0x61 ? 'match' : 'drop') },
        done,
      ),
    );
    expect(result).toEqual({ kind: 'answer', bytes: Uint8Array.of(0x61, 1, 2), start: 0, end: 3 });
    expect(line.counters).toMatchObject({ failedConnects: 1, sent: 1, answered: 1 });
    line.close();
  });
});

describe('TLS', () => {
  const { cert, key } = selfSigned();

  async function talk(tls: { caFile?: string; serverName?: string; insecure?: boolean }): Promise<string[]> {
    const port = await listen(createTlsServer({ cert, key }, socket => socket.on('data', bytes => socket.end(bytes))));
    const link = openHostLink([{ host: '127.0.0.1', port }], { tls });
    const heard = new Heard();
    link.connect(0, heard);
    await heard.until(/connected|closed/);
    link.write(Uint8Array.of(0xab));
    await heard.until(/closed/);
    return heard.events;
  }

  function caFile(): string {
    const folder = mkdtempSync(join(tmpdir(), 'pos8583-tls-'));
    cleanups.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'ca.pem');
    writeFileSync(path, cert);
    return path;
  }

  test('a host with a trusted certificate and the right name is talked to', async () => {
    const events = await talk({ caFile: caFile(), serverName: 'localhost' });
    expect(events.slice(0, 2)).toEqual(['connected', 'received ab']);
    expect(events[2]).toMatch(/^closed ended/);
  });

  test('an unknown certificate is refused as a TLS fault, and nothing is sent', async () => {
    const events = await talk({ serverName: 'localhost' });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatch(/^closed tls .*SELF_SIGNED/);
  });

  test('a trusted certificate with another name is refused', async () => {
    const events = await talk({ caFile: caFile(), serverName: 'acquirer.example' });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatch(/^closed tls .*ALTNAME/);
  });

  test('a certificate file that cannot be read is told, with its path', async () => {
    const events = await talk({ caFile: '/no/such/ca.pem' });
    expect(events).toHaveLength(1);
    expect(events[0]).toMatch(/^closed tls .*cannot read \/no\/such\/ca\.pem/);
  });

  test('a host that speaks no TLS is a TLS fault', async () => {
    const port = await listen(createServer(socket => socket.end('HELLO THIS IS NO TLS\r\n')));
    const heard = new Heard();
    openHostLink([{ host: '127.0.0.1', port }], { tls: {} }).connect(0, heard);
    await heard.until(/closed/);
    expect(heard.events).toHaveLength(1);
    expect(heard.events[0]).toMatch(/^closed tls /);
  });
});
