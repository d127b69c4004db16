import { describe, expect, test } from 'vitest';
import { drawBrowse, moved } from '../../src/cli/trace/browse.ts';
import { hexDump } from '../../src/cli/trace/hex-dump.ts';
import { Codec } from '../../src/iso8583/codec.ts';
import { pressesIn } from '../../src/node/key-presses.ts';
import { counterDay, profile, Recorded, run, saleRequest } from './trace-bench.ts';

const CHIP = '9F2608112233445566778895050000008000';
const trace = new Recorded().out(saleRequest('000101', '000000001234', { 55: CHIP })).file();
const files = { day: counterDay(), chip: trace };

/** The two rows of a dump with a mark under the second. */
function markOf(lines: readonly string[]): { readonly bytes: string; readonly count: number } {
  let bytes = '';
  let count = 0;
  lines.forEach((line, i) => {
    if (!/^ {6}[ ^]*\^/.test(line)) return;
    for (let at = 6; at < line.length; at++) {
      if (line[at] !== '^') continue;
      bytes += lines[i - 1][at];
      count++;
    }
  });
  return { bytes, count };
}

describe('show', () => {
  test('the line of view, the tree, the bytes', async () => {
    const { exit, lines, out } = await run(['show', '2', 'day'], { files });
    expect(exit).toBe(0);
    expect(lines[2]).toMatch(/^ {5}2 {2}14:03:22\.553 {2}← {2}sale response/);
    expect(out).toContain('framing: TPDU 6000000000 | header 603100310000 | body 107');
    expect(out).toMatch(/^39 {6}response code +51$/m);
    expect(out).toMatch(/^0000: 60 00 00 00 00 60 31 00 31 00 00 02 10 30 38 00 {2}`/m);
    expect(out).toMatch(/^0060: 20 20 31 35 36 00 13 22 00 00 01 00 05 00 \*\* \*\* {4}156\.\.".{6}\*\*$/m);
    expect(out).not.toContain('^');
  });

  test.each([
    ['39', '3531', 4],
    ['44', '22'.length + 44, undefined],
    ['mti', '0210', 4],
    ['MTI', '0210', 4],
    ['bitmap', '303800000AD08011', 16],
    ['4', '000000001234', 12],
    ['60.2', '000001', 6],
    ['64', '*'.repeat(16), 16],
  ])('--field %s marks it with its length', async (field, bytes, count) => {
    const mark = markOf((await run(['show', '2', 'day', '--field', field], { files })).lines);
    if (count === undefined) expect(mark.count).toBe(bytes);
    else expect(mark).toEqual({ bytes, count });
  });

  test('a chip tag is marked with its tag and length, and its value stays hidden', async () => {
    const { lines, out } = await run(['show', '1', 'chip', '--field', '55.9F26'], { files });
    expect(markOf(lines)).toEqual({ bytes: '9F2608' + '1122334455667788', count: 22 });
    expect(out).toMatch(/9F26 +\S/);
  });

  test('a field that is not there is told with those that are', async () => {
    const { exit, error } = await run(['show', '2', 'day', '--field', '55.9F26'], { files });
    expect(exit).toBe(3);
    expect(error).toBe(
      'E_NOEXIST no-field: the message has no field 55.9F26. It has 3, 4, 11, 12, 13, 37, 39, 41, 42, 44, 49, 60, 64; write a part as 60.2 or 55.9F26\n',
    );
  });

  test('a number that is none, and one that is not there', async () => {
    expect((await run(['show', 'two', 'day'], { files })).exit).toBe(2);
    const { exit, error } = await run(['show', '12', 'day'], { files });
    expect(exit).toBe(3);
    expect(error).toContain('no-message: there is no message 12: the capture has 11');
  });

  test('damage: up to it, and its place', async () => {
    const broken = saleRequest('000101', '000000001234').slice();
    broken[27] = 0xaa;
    const { exit, out } = await run(['show', '1', 'bad'], { files: { bad: new Recorded().out(broken).file() } });
    expect(exit).toBe(3);
    expect(out).toMatch(/^ {5}1 .* ! field 4: /m);
    expect(out).toMatch(/^digit: field 4, offset 25/m);
  });

  test('JSON: the line and the fields', async () => {
    const { out } = await run(['show', '2', 'day', '--json'], { files });
    expect(JSON.parse(out)).toMatchObject({
      message: { number: 2, type: 'sale', request: 1 },
      tpdu: '6000000000',
      fields: { 39: '51', 64: '****************' },
    });
  });

  test('options of the dialect are found by the messages themselves', async () => {
    // Field 60 as text and not as packed digits.
    const codec = Codec.of(profile.dialect, { options: { field60: 'text' } });
    const fields = { 3: '000000', 4: '000000000100', 11: '000002', 41: '10000001', 42: '898310148160001' };
    const other = codec.frame(codec.build('0200', { ...fields, 60: '22000001000' } as never), {
      header: '603100310000',
    });
    const mixed = { mixed: new Recorded().out(saleRequest('000001', '000000000100')).out(other).out(other).file() };
    expect((await run(['view', 'mixed'], { files: mixed })).lines.filter(line => line.includes('!'))).toEqual([]);
    expect((await run(['show', '3', 'mixed'], { files: mixed })).out).toContain('\noptions: field60=text\n');
    // Who makes a choice gets it for all.
    const chosen = await run(['view', 'mixed', '--option', 'field60=bcd'], { files: mixed });
    expect(chosen.lines.filter(line => line.includes('! field 60:'))).toHaveLength(2);
  });
});

describe('browse', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, i) => i);
  const shown = new Uint8Array(80).fill(1);
  const message = {
    lines: ['MTI  0200', '3    000000', '4    000000000100'],
    paths: ['mti', '3', '4'],
    bytes,
    shown,
    place: (path: string) => ({ from: path === '4' ? 64 : 0, size: 4 }),
    at: undefined,
  };

  test('the line under the cursor is reversed and its bytes are in sight and marked', () => {
    const rows = drawBrowse(message, 2, 9, 60);
    expect(rows[2]).toBe(`\x1b[7m4    000000000100${' '.repeat(43)}\x1b[0m`);
    expect(rows.slice(4).join('\n')).toContain('0020: 20 21');
    expect(rows.slice(4).join('\n')).toContain('^^ ^^');
    expect(rows.length).toBeLessThanOrEqual(9);
  });

  test('the cursor stays on the fields', () => {
    expect(moved(0, 'up', 3)).toBe(0);
    expect(moved(0, 'down', 3)).toBe(1);
    expect(moved(0, 'end', 3)).toBe(2);
    expect(moved(2, 'down', 3)).toBe(2);
    expect(moved(2, 'home', 3)).toBe(0);
    expect(moved(0, 'pageDown', 30)).toBe(10);
  });

  test('presses', () => {
    expect(pressesIn('\x1b[A\x1b[Bjq\x03x\x1b[6~')).toEqual([
      'up',
      'down',
      'down',
      'quit',
      'quit',
      'other',
      'pageDown',
    ]);
  });

  test('from the command: arrows move, q gives the screen back', async () => {
    const shownRun = await run(['show', '2', 'day', '--browse'], { files, terminal: true, columns: 100 });
    shownRun.tick();
    expect(shownRun.out).toContain('\x1b[7mMTI');
    shownRun.press('down');
    shownRun.press('down');
    expect(shownRun.out).toContain('\x1b[7m3  ');
    shownRun.press('quit');
    const { length } = shownRun.out;
    expect(shownRun.out.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true);
    shownRun.press('down');
    expect(shownRun.out).toHaveLength(length);
  });

  test('without a terminal it is refused', async () => {
    const { exit, error } = await run(['show', '2', 'day', '--browse'], { files });
    expect(exit).toBe(2);
    expect(error).toContain('no-terminal');
  });
});

test('a dump hides half bytes', () => {
  const shown = new Uint8Array(4).fill(1);
  shown[1] = 0;
  expect(hexDump(Uint8Array.of(0x41, 0x42), shown, { from: 1, size: 2 })).toEqual([
    `0000: 4* 42${' '.repeat(44)}*B`,
    '       ^ ^',
  ]);
});
