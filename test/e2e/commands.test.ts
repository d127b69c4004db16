import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SALE_DONE, World, saleOf, signedOn } from './world.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });
const PROGRAM = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const VECTORS = new URL('../vectors/unionpay-constructed.json', import.meta.url);
const [{ hex: HEX }] = JSON.parse(readFileSync(VECTORS, 'utf8')) as { hex: string }[];
const PAN = '6225000000000014';

let world: World;
beforeAll(async () => {
  world = await signedOn();
  const { address } = await world.acquirer();
  const terminal = await world.terminal(`${saleOf('1 2 3 4')}${SALE_DONE}quit 0\n`);
  const { program } = world.run(address);
  expect(`${await terminal.ended}\n${terminal.output}`).toMatch(/^0\n/);
  program.signal('SIGINT');
  expect(await program.ended).toBe(0);
});
afterAll(() => world.end());

/** One command with bytes on its standard input. */
function command(
  args: readonly string[],
  input: Uint8Array | string = '',
): { status: number | null; out: string; err: string } {
  const done = spawnSync(process.execPath, [PROGRAM, ...args], { input });
  return { status: done.status, out: done.stdout.toString('utf8'), err: done.stderr.toString('utf8') };
}

describe('decode', () => {
  test('the same message as argument, hex file, binary file and on standard input', () => {
    const shown = command(['decode', HEX]);
    expect(shown.status).toBe(0);
    expect(shown.out).toContain('0200');
    expect(shown.out).not.toContain(PAN);
    const text = world.write('message.hex', `${HEX.match(/.{1,32}/g)?.join('\n')}\n`);
    writeFileSync(world.at('message.bin'), Buffer.from(HEX, 'hex'));
    expect(command(['decode', '--file', text])).toEqual(shown);
    expect(command(['decode', '--file', world.at('message.bin')])).toEqual(shown);
    expect(command(['decode'], HEX)).toEqual(shown);
    expect(command(['decode', '-'], Buffer.from(HEX, 'hex'))).toEqual(shown);
  });

  test('JSON is one object; only --clear shows the card number; names in both languages', () => {
    const masked = JSON.parse(command(['decode', '--json', HEX]).out) as {
      mti: string;
      fields: Record<string, string>;
    };
    expect(masked.mti).toBe('0200');
    expect(JSON.stringify(masked)).not.toContain(PAN);
    expect(command(['decode', '--json', '--clear', HEX]).out).toContain(PAN);
    expect(command(['decode', '--lang', 'zh', HEX]).out).toContain('报文');
  });
});

describe('journal', () => {
  test('list, show and verify a journal, also while nobody runs', () => {
    const journal = ['--journal', world.at('journal.db')];
    const list = command(['journal', 'list', ...journal]);
    expect(list).toMatchObject({ status: 0, err: '' });
    expect(list.out).toMatch(/sale +approved +000001 +000002 +12\.34/);
    const [{ id }] = JSON.parse(command(['journal', 'list', '--json', ...journal]).out) as { id: number }[];
    const shown = command(['journal', 'show', String(id), ...journal, '--lang', 'zh']);
    expect(shown).toMatchObject({ status: 0, err: '' });
    expect(shown.out).toMatch(/消费 +成功 +12\.34/);
    expect(command(['journal', 'verify', ...journal]).out).toMatch(/^The journal is whole: \d+ records/);
  });

  test('verify of a journal that was changed names the first bad record and ends with 1', () => {
    const bytes = readFileSync(world.at('journal.db'));
    const amount = '"amountMinor":1234';
    // Every place: a page that was split keeps the old bytes of rows that have moved on.
    let places = 0;
    for (let at = bytes.indexOf(amount); at >= 0; at = bytes.indexOf(amount, at + 1), places++)
      bytes[at + '"amountMinor":'.length] = '9'.charCodeAt(0);
    expect(places).toBeGreaterThan(0);
    writeFileSync(world.at('changed.db'), bytes);
    const result = command(['journal', 'verify', '--journal', world.at('changed.db')]);
    expect(result).toMatchObject({ status: 1, out: '' });
    expect(result.err).toMatch(/damaged at record \d+/);
  });
});

test('ports lists devices as one JSON array', () => {
  const { status, out } = command(['ports', '--json']);
  expect(status).toBe(0);
  expect(Array.isArray(JSON.parse(out))).toBe(true);
});
