import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/fault.ts';
import { YmodemReceiver } from '../../src/flash/ymodem-receiver.ts';
import { CANCEL, YmodemSender, type YmodemFile } from '../../src/flash/ymodem.ts';
import { crc16 } from '../../src/wire/crc16.ts';
import { ManualTimers } from '../device/bench.ts';
import { QUIET, content, randomOf, transfer, type Damage } from './ymodem-line.ts';

const named = (bytes: Uint8Array): YmodemFile => ({ name: 'profile.p8583', bytes });
const nameOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.fault.name);

describe('sender against receiver on a quiet line', () => {
  test.for([1, 127, 128, 129, 1023, 1024, 1025, 1152, 1153, 2048, 70_000, 300_000])('%i bytes', length => {
    const file = named(content(length, length));
    const run = transfer(file, QUIET, 1);
    expect(run.sent.map(nameOf)).toEqual(['ok']);
    expect(run.got.map(nameOf)).toEqual(['ok']);
    const [got] = run.got;
    expect(got.ok && got.value.name).toBe(file.name);
    expect(got.ok && Buffer.compare(got.value.bytes, file.bytes)).toBe(0);
    expect(run.sender.repeats).toBe(1); // the first EOT is always asked for again
    expect(run.progress.at(-1)).toBe(length);
    expect(run.receiver.duplicates + run.receiver.damaged).toBe(0);
  });

  test('a receiver that asks for the sum of one byte', () => {
    const file = named(content(3000, 5));
    const run = transfer(file, QUIET, 1, { sumAfter: 0 });
    expect(run.sent.map(nameOf)).toEqual(['ok']);
    expect(run.got[0].ok && Buffer.compare(run.got[0].value.bytes, file.bytes)).toBe(0);
  });

  test('the line is busy with the file: over 98 % of the bytes at 64 KiB are file', () => {
    const run = transfer(named(content(65_536, 3)), QUIET, 1);
    expect(65_536 / run.out).toBeGreaterThan(0.98);
    expect(run.ms).toBeLessThan(6_500);
  });
});

describe('a noisy line', () => {
  const LEVELS: readonly Damage[] = [
    { flip: 2e-5, drop: 0, add: 0, burst: 0, lose: 0 },
    { flip: 2e-4, drop: 5e-5, add: 5e-5, burst: 0, lose: 0 },
    { flip: 0, drop: 0, add: 0, burst: 1e-4, lose: 0.02 },
    { flip: 1e-3, drop: 1e-4, add: 1e-4, burst: 1e-4, lose: 0.05 },
    { flip: 0, drop: 3e-4, add: 3e-4, burst: 0, lose: 0.1 },
    { flip: 0, drop: 0, add: 0, burst: 0, lose: 0.3 },
    { flip: 1e-2, drop: 1e-3, add: 1e-2, burst: 1e-3, lose: 0.05 },
  ];

  test('2,000 seeded transfers: never a wrong file, both ends always end, and it mostly works', () => {
    const ends = new Map<string, number>();
    let damaged = 0;
    let whole = 0;
    for (let seed = 1; seed <= 2000; seed++) {
      const random = randomOf(seed * 7919);
      const length = 1 + Math.floor(random() ** 2 * 6000);
      const file = named(content(length, seed));
      const run = transfer(file, LEVELS[seed % LEVELS.length], seed);
      expect([run.sent.length, run.got.length], `seed ${seed} ends`).toEqual([1, 1]);
      const [got] = run.got;
      if (got.ok) {
        whole++;
        expect(Buffer.compare(got.value.bytes, file.bytes), `seed ${seed}: the file`).toBe(0);
        expect(got.value.name, `seed ${seed}: the name`).toBe(file.name);
      }
      if (run.sent[0].ok) expect(got.ok, `seed ${seed}: the sender says sent`).toBe(true);
      damaged += run.receiver.damaged;
      const end = `${nameOf(run.sent[0])} ${nameOf(got)}`;
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    expect(damaged).toBeGreaterThan(1000);
    expect(whole).toBeGreaterThan(1000);
    // The worst line is too bad for any file, so that the ways to fail are walked as well.
    expect(ends.size).toBeGreaterThan(3);
  });
});

/** One end with a hand on its line. */
function hand(file = named(content(1500, 9))) {
  const timers = new ManualTimers();
  const out: Uint8Array[] = [];
  const ended: string[] = [];
  const sender = new YmodemSender(
    file,
    { write: bytes => out.push(bytes.slice()), timers },
    () => undefined,
    result => ended.push(nameOf(result)),
  );
  sender.start();
  return { timers, out, ended, sender, say: (...bytes: number[]) => sender.received(Uint8Array.from(bytes)) };
}
const ACK = 6;
const NAK = 0x15;
const C = 0x43;
const CAN = 0x18;

describe('the sender', () => {
  test('block 0, blocks of 1024 and 128, EOT, empty block 0', () => {
    const { say, out, ended } = hand();
    say(C);
    const [head] = out;
    expect(head.length).toBe(133);
    expect(Buffer.from(head.subarray(3, 32)).toString('latin1')).toBe('profile.p8583\u00001500 0 100644 0');
    expect((head[131] << 8) | head[132]).toBe(crc16(head, 3, 131));
    say(ACK, C);
    expect([...out[1].subarray(0, 3)]).toEqual([2, 1, 254]);
    say(ACK);
    expect([...out[2].subarray(0, 3)]).toEqual([2, 2, 253]);
    expect(out[2][3 + 476]).toBe(0x1a);
    say(ACK, NAK);
    expect(out.slice(3).map(bytes => [...bytes])).toEqual([[4], [4]]);
    say(ACK, C);
    expect(out[5].subarray(3, 131).every(byte => byte === 0)).toBe(true);
    say(ACK);
    expect(ended).toEqual(['ok']);
  });

  test('start bytes that waited in the line do not send block 0 twice', () => {
    const { say, out, timers } = hand();
    say(C, C, C);
    expect(out).toHaveLength(1);
    timers.advance(1500);
    say(C);
    expect(out).toHaveLength(2);
  });

  test('a lost acknowledgement: the same block after 10 s, ten times, then CAN CAN', () => {
    const { say, out, timers, ended } = hand();
    say(C, ACK, C);
    expect(out).toHaveLength(2);
    for (let i = 0; i < 9; i++) timers.advance(10_000);
    expect(out.slice(1).every(bytes => Buffer.compare(bytes, out[1]) === 0)).toBe(true);
    expect(ended).toEqual([]);
    timers.advance(10_000);
    expect(out.at(-1)).toEqual(CANCEL);
    expect(ended).toEqual(['ymodem-silent']);
    expect(timers.count).toBe(0);
  });

  test('CAN CAN ends it, one CAN does not', () => {
    const { say, ended } = hand();
    say(C, CAN, ACK, C, CAN);
    expect(ended).toEqual([]);
    say(CAN);
    expect(ended).toEqual(['ymodem-cancelled']);
  });

  test('a receiver that asks for EOT for ever comes to an end', () => {
    const { say, ended, out } = hand(named(content(100, 1)));
    say(C, ACK, C, ACK);
    for (let i = 0; i < 50; i++) say(ACK, NAK);
    expect(ended).toEqual(['ymodem-silent']);
    expect(out.at(-1)).toEqual(CANCEL);
  });

  test('the file was acknowledged and the end of the session never: neither sent nor failed', () => {
    const { say, ended, timers } = hand(named(content(100, 1)));
    say(C, ACK, C, ACK, ACK);
    timers.advance(200_000);
    expect(ended).toEqual(['ymodem-unconfirmed']);
  });

  test('nobody there, stopped, no file', () => {
    const lonely = hand();
    lonely.timers.advance(60_000);
    expect(lonely.ended).toEqual(['ymodem-no-receiver']);
    const stopped = hand();
    stopped.say(C);
    stopped.sender.cancel();
    expect(stopped.out.at(-1)).toEqual(CANCEL);
    expect(stopped.ended).toEqual(['ymodem-stopped']);
    expect(hand(named(new Uint8Array(0))).ended).toEqual(['ymodem-file']);
    expect(hand({ name: 'a/b', bytes: new Uint8Array(3) }).ended).toEqual(['ymodem-file']);
  });
});

/** A block as the page says. */
function block(number: number, data: Uint8Array | string, size = 128, fill = 0x1a): number[] {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data;
  const padded = new Uint8Array(size).fill(fill);
  padded.set(bytes);
  const crc = crc16(padded);
  return [size === 1024 ? 2 : 1, number, ~number & 255, ...padded, crc >> 8, crc & 255];
}

function receiving(options = {}) {
  const timers = new ManualTimers();
  const out: number[] = [];
  const ended: (string | YmodemFile)[] = [];
  const receiver = new YmodemReceiver(
    { write: bytes => out.push(...bytes), timers },
    result => ended.push(result.ok ? result.value : result.fault.name),
    options,
  );
  receiver.start();
  out.length = 0;
  return {
    timers,
    ended,
    receiver,
    /** Bytes in, and what comes back. */
    say(bytes: readonly number[]): number[] {
      out.length = 0;
      receiver.received(Uint8Array.from(bytes));
      return [...out];
    },
    later(ms: number): number[] {
      out.length = 0;
      timers.advance(ms);
      return [...out];
    },
  };
}
const HEAD = block(0, 'a.bin\x005 0 100644 0', 128, 0);
const EMPTY = block(0, '', 128, 0);

describe('the receiver', () => {
  test('asks, takes, cuts the padding, ends', () => {
    const r = receiving();
    expect(r.later(6000)).toEqual([C, C]);
    expect(r.say(HEAD)).toEqual([ACK, C]);
    expect(r.say(block(1, 'hello'))).toEqual([ACK]);
    expect(r.say([4])).toEqual([NAK]);
    expect(r.say([4])).toEqual([ACK, C]);
    expect(r.ended).toEqual([]);
    expect(r.say(EMPTY)).toEqual([ACK]);
    expect(r.ended).toEqual([{ name: 'a.bin', bytes: new Uint8Array(Buffer.from('hello')) }]);
    // The last acknowledgement was lost.
    expect(r.say(EMPTY)).toEqual([ACK]);
    expect(r.ended).toHaveLength(1);
  });

  test('what was acknowledged comes again: block 0, a data block, EOT', () => {
    const r = receiving();
    r.say(HEAD);
    expect(r.say(HEAD)).toEqual([ACK, C]);
    r.say(block(1, 'hello'));
    expect(r.say(block(1, 'hello'))).toEqual([ACK]);
    r.say([4]);
    r.say([4]);
    expect(r.say([4])).toEqual([ACK, C]);
    r.say(EMPTY);
    expect(r.ended).toEqual([{ name: 'a.bin', bytes: new Uint8Array(Buffer.from('hello')) }]);
    expect(r.receiver.duplicates).toBe(2);
  });

  test('damage: silence, then NAK; a gap in a block as well', () => {
    const r = receiving();
    r.say(HEAD);
    const bad = block(1, 'hello');
    bad[10] ^= 1;
    expect(r.say(bad)).toEqual([]);
    expect(r.say([1, 2, 3])).toEqual([]);
    expect(r.later(499)).toEqual([]);
    expect(r.later(1)).toEqual([NAK]);
    expect(r.say(block(1, 'hello').slice(0, 40))).toEqual([]);
    expect(r.later(1000)).toEqual([NAK]);
    expect(r.say(block(1, 'hello'))).toEqual([ACK]);
    const half = block(2, 'x');
    half[2] ^= 1;
    expect(r.say(half)).toEqual([]);
    expect(r.later(500)).toEqual([NAK]);
  });

  test('ten errors in a row, a missing block, too short, too long, too big, cancelled, no file', () => {
    const errors = receiving();
    errors.say(HEAD);
    for (let i = 0; i < 9; i++) expect(errors.later(10_000)).toEqual([NAK]);
    expect(errors.later(10_000)).toEqual([...CANCEL]);
    expect(errors.ended).toEqual(['ymodem-silent']);

    const order = receiving();
    order.say(HEAD);
    expect(order.say(block(2, 'hello'))).toEqual([...CANCEL]);
    expect(order.ended).toEqual(['ymodem-order']);

    const short = receiving();
    short.say(HEAD);
    expect(short.say([4])).toEqual([NAK]);
    short.say([4]);
    expect(short.say([4])).toEqual([...CANCEL]);
    expect(short.ended).toEqual(['ymodem-size']);

    const long = receiving();
    long.say(HEAD);
    long.say(block(1, 'hello'));
    long.say(block(2, 'more'));
    expect(long.ended).toEqual(['ymodem-size']);

    const big = receiving({ sizeMax: 4 });
    big.say(HEAD);
    expect(big.ended).toEqual(['ymodem-head']);

    const cancelled = receiving();
    cancelled.say(HEAD);
    cancelled.say([CAN, CAN]);
    expect(cancelled.ended).toEqual(['ymodem-cancelled']);

    const none = receiving();
    none.say(EMPTY);
    expect(none.ended).toEqual(['ymodem-head']);

    const lonely = receiving();
    lonely.later(70_000);
    expect(lonely.ended).toEqual(['ymodem-no-sender']);
  });

  test('a block 1 without block 0 is taken only where that was allowed', () => {
    const strict = receiving();
    strict.say(block(1, 'hello'));
    expect(strict.later(30_000)).toContain(C);
    expect(strict.ended).toEqual([]);
    const loose = receiving({ withoutHead: true });
    expect(loose.say(block(1, 'hello'))).toEqual([ACK]);
    loose.say([4]);
    expect(loose.say([4])).toEqual([ACK]);
    expect(loose.ended).toEqual([{ name: '', bytes: Uint8Array.from([...block(1, 'hello').slice(3, 131)]) }]);
  });
});
