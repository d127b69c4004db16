import { type Server, type Socket, connect, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Pty, linkDevice, openPty } from '../../src/node/pty.ts';
import { openSerialPort } from '../../src/node/serial.ts';
import { selfSigned } from '../node/certificate.ts';
import { type Counter, type Program, SALE_DONE, SIGN_ON, World, saleOf, signedOn } from './world.ts';

let base: World;
// A script's step waits 30 s: its own words about what is on the screen come before this.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
let world: World;
const closers: (() => void)[] = [];

beforeAll(async () => {
  base = await signedOn();
});
afterAll(() => base.end());
beforeEach(() => {
  world = new World();
  world.continueFrom(base);
});
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await world.end();
});

const IDLE = 'expect "确认键:菜单"\n';

async function finish(terminal: Program, counter: Counter): Promise<void> {
  expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
  counter.program.signal('SIGINT');
  expect(await counter.program.ended).toBe(0);
}

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  closers.push(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

/** What stands between runtime and acquirer: `change` gets each answer and the socket to the runtime. */
function between(
  address: string,
  change: (answer: Buffer, socket: Socket, connection: number) => void,
): (socket: Socket) => void {
  const [host, port] = address.split(':');
  let connections = 0;
  return socket => {
    const connection = connections++;
    const behind = connect(Number(port), host);
    closers.push(() => behind.destroy());
    socket.on('data', bytes => behind.write(bytes));
    behind.on('data', (answer: Buffer) => change(answer, socket, connection));
    for (const [one, other] of [
      [socket, behind],
      [behind, socket],
    ]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  };
}

test('answers that are garbage, too long, cut off or of another terminal: reversed or waited out, nothing lost', async () => {
  const { address } = await world.acquirer();
  const bad: ((answer: Buffer, socket: Socket) => void)[] = [
    (_, socket) => socket.write(Buffer.from('0000', 'hex')),
    (_, socket) => socket.write(Buffer.alloc(4000, 0xff)),
    (answer, socket) => socket.write(Buffer.concat([answer.subarray(0, 2), Buffer.alloc(answer.length - 2, 0x5a)])),
    (answer, socket) => socket.end(answer.subarray(0, answer.length / 2)),
  ];
  const hostile = await listen(
    createServer(
      between(address, (answer, socket, connection) => {
        // Each bad sale is followed by its reversal, which is let through.
        if (connection < bad.length * 2 && connection % 2 === 0) return bad[connection / 2](answer, socket);
        // The last sale: first the answer to another terminal, then the right one.
        const foreign = Buffer.from(answer);
        const at = foreign.indexOf('10000001', 0, 'latin1');
        if (connection === bad.length * 2) {
          foreign[at + 7] = '2'.charCodeAt(0);
          socket.write(foreign);
        }
        socket.write(answer);
      }),
    ),
  );
  const reversed = `expect "冲正成功"\nkeys ENTER\n${IDLE}`;
  const terminal = await world.terminal(
    `${bad.map((_, i) => `${saleOf(`${i + 1} 0 0 00`)}${reversed}`).join('')}${saleOf('9 0 0 00')}${SALE_DONE}quit 0\n`,
  );
  await finish(terminal, world.run(hostile));
  const { rows, differences } = world.books();
  expect(differences).toEqual([]);
  expect(rows.map(row => row.journal)).toEqual([...bad.map(() => 'reversed'), 'approved']);
});

test('noise on the terminal line is read over', async () => {
  const { address } = await world.acquirer();
  const terminal = await world.terminal(`${saleOf('1 0 0 00')}${SALE_DONE}quit 0\n`);
  const port = openSerialPort(world.at('tty'), { baudRate: 115200 });
  let toHost = 0;
  let noise = 0;
  const opened = openPty(bytes => port.write(bytes));
  if (!opened.ok) throw new Error(opened.fault.cause);
  const pty: Pty = opened.value;
  closers.push(() => {
    port.close();
    pty.close();
  });
  await new Promise<void>(resolve =>
    port.open({
      opened: resolve,
      received(bytes) {
        if (toHost++ % 4 === 1) {
          pty.write(Uint8Array.of(0x00, 0xff, 0x7e, 0x41));
          noise++;
        }
        pty.write(bytes);
      },
      closed: () => {},
    }),
  );
  expect(linkDevice(world.at('noisy'), pty.slavePath).ok).toBe(true);
  const counter = world.run(address, '--port', world.at('noisy'));
  await finish(terminal, counter);
  expect(noise).toBeGreaterThan(10);
  const { rows, differences } = world.books();
  expect(differences).toEqual([]);
  expect(rows.map(row => row.journal)).toEqual(['approved']);
});

test('TLS to the acquirer, and the second address when the first is down', async () => {
  const { address } = await world.acquirer();
  const { cert, key } = selfSigned();
  const front = await listen(
    createTlsServer(
      { cert, key },
      between(address, (answer, socket) => socket.write(answer)),
    ),
  );
  const nobody = createServer();
  const down = await listen(nobody);
  nobody.close();
  const terminal = await world.terminal(`${saleOf('1 0 0 00')}${SALE_DONE}quit 0\n`);
  const ca = world.write('ca.pem', cert);
  const counter = world.run(down, '--backup', front, '--tls-ca', ca, '--tls-name', 'localhost');
  await finish(terminal, counter);
  expect(world.books()).toMatchObject({ differences: [], rows: [{ journal: 'approved' }] });
});

test('an acquirer with another certificate gets nothing, and the cashier is told', async () => {
  const { address } = await world.acquirer();
  const { cert, key } = selfSigned();
  const front = await listen(
    createTlsServer(
      { cert, key },
      between(address, (answer, socket) => socket.write(answer)),
    ),
  );
  const terminal = await world.terminal(`${saleOf('1 0 0 00')}expect "E24"\nquit 0\n`.replace('"E24"', '"连接"'));
  const ca = world.write('ca.pem', selfSigned().cert);
  const counter = world.run(front, '--tls-ca', ca, '--tls-name', 'localhost');
  await counter.program.line(/tls/);
  expect(await terminal.ended).toBe(0);
  counter.program.signal('SIGINT');
  expect(await counter.program.ended).toBe(0);
  expect(world.books()).toMatchObject({ differences: [], rows: [{ journal: 'failed', ledger: '-' }] });
});

test('a terminal with another master key cannot sign on: the screen says which keys to compare', async () => {
  const fresh = new World();
  closers.push(() => void fresh.end());
  const { address } = await fresh.acquirer();
  const start = SIGN_ON.slice(0, SIGN_ON.indexOf('expect "签到成功"'));
  const terminal = await fresh.terminal(
    `${start}expect "E59"\nquit 0\n`.replace('"E59"', '"密钥"'),
    '--tmk',
    '22'.repeat(16),
  );
  const counter = fresh.run(address);
  expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
  expect(counter.program.output).toContain('key-check');
  counter.program.signal('SIGINT');
  expect(await counter.program.ended).toBe(0);
});

test('a plain PIN pad without panel ends the run with 6 and says what is missing', async () => {
  const { address } = await world.acquirer();
  await world.terminal('pause 60\n', '--no-panel');
  const { program } = world.run(address);
  expect(await program.ended).toBe(6);
  expect(program.output).toMatch(/no-panel.*plain PIN pad.*Connect a terminal with the operator-panel extension/);
});
