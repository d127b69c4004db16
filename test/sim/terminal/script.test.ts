import { describe, expect, test } from 'vitest';
import { ScriptRunner, parseScript, type Step } from '../../../src/sim/terminal/script.ts';
import { UartPacer } from '../../../src/sim/terminal/uart.ts';
import { Bench, DECK, VirtualTimers, command, values } from './bench.ts';

const parse = (text: string): readonly Step[] => {
  const parsed = parseScript(text, DECK);
  if (!parsed.ok) throw new Error(parsed.fault.cause);
  return parsed.value;
};
const mistake = (text: string): string => {
  const parsed = parseScript(text, DECK);
  return parsed.ok ? 'ok' : parsed.fault.cause;
};

describe('script language', () => {
  test('every step', () => {
    const steps = parse(`# a sale
expect "请输入 ""金额""" 5   # comment
keys 1 00 ENTER
keys-now F1

pin 1234
swipe swipe
insert chip
remove
tap tap
scan "a b"
paper out
wait-slip
pause 0.5
restart
unplug 2
quit 3`);
    expect(steps.map(step => step.kind)).toEqual([
      'expect',
      ...Array.from({ length: 9 }, () => 'key'),
      ...['swipe', 'insert', 'remove', 'tap', 'scan', 'paper', 'wait-slip', 'pause', 'restart', 'unplug', 'quit'],
    ]);
    expect(steps[0]).toEqual({ kind: 'expect', text: '请输入 "金额"', line: 2, seconds: 5 });
    expect(steps[4]).toMatchObject({ key: 'F1', now: true, line: 4 });
    expect(steps[8]).toMatchObject({ key: '4', now: false, line: 6 });
    expect(steps.at(-1)).toMatchObject({ status: 3 });
    expect(steps.at(-4)).toMatchObject({ kind: 'pause', seconds: 0.5 });
    expect(parse('')).toEqual([]);
  });

  test.each([
    ['hello', 'line 1: unknown step "hello"; allowed: expect, keys'],
    ['\nkeys 1 OK', 'line 2: unknown key "OK"; use: keys'],
    ['keys', 'line 1: use: keys'],
    ['expect "abc', 'line 1: a quotation mark is missing'],
    ['expect abc soon', 'line 1: use: expect'],
    ['expect a 1 2', 'line 1: use: expect'],
    ['expect', 'line 1: use: expect'],
    ['pin 12', 'line 1: use: pin'],
    ['insert gold', 'line 1: no card "gold" in the deck; cards: swipe, chip'],
    ['insert', 'line 1: use: insert <card>; cards: swipe'],
    ['paper wet', 'line 1: use: paper out|ok'],
    ['unplug', 'line 1: use: unplug <seconds>'],
    ['pause -1', 'line 1: use: pause'],
    ['quit 256', 'line 1: use: quit'],
    ['remove now', 'line 1: use: remove'],
    ['constructor', 'line 1: unknown step'],
  ])('%j is refused with its line', (text, message) => {
    expect(mistake(text)).toContain(message);
  });
});

describe('script runner', () => {
  function play(text: string): {
    bench: Bench;
    ended: () => { status: number; message: string } | undefined;
    cuts: number[];
  } {
    let end: { status: number; message: string } | undefined;
    let runner: ScriptRunner | undefined;
    const poke = (): void => runner?.poke();
    const cuts: number[] = [];
    const bench: Bench = new Bench({ onScreen: poke, onListening: poke, onSlip: poke });
    runner = new ScriptRunner(parse(text), {
      timers: bench.timers,
      terminal: bench.terminal,
      unplug: (seconds, done) => {
        cuts.push(seconds);
        bench.timers.set(seconds * 1000, done);
      },
      finished: (status, message) => {
        end = { status, message: message ?? '' };
      },
    });
    runner.poke();
    bench.timers.run(0);
    return { bench, ended: () => end, cuts };
  }

  test('keys wait until the host asks for each of them, so FLUSH never swallows one', () => {
    const { bench, ended } = play('expect "Amount"\nkeys 1 2 ENTER\n');
    bench.x('XDS', [0x6001, 'Amount']);
    bench.timers.run(10);
    expect(bench.take()).toBe('');
    const codes: (string | undefined)[] = [];
    for (let i = 0; i < 3; i++) {
      expect(bench.x('XEV', [0x6004, '0x01'], [0x6005, '0x01'])).toBe('');
      bench.timers.run(0);
      codes.push(values(bench.later())['E010']);
    }
    expect(codes).toEqual(['01', '02', '10']);
    bench.timers.run(0);
    expect(ended()).toEqual({ status: 0, message: '' });
  });

  test('keys-now types ahead', () => {
    const { bench, ended } = play('keys-now 5 6');
    expect(ended()?.status).toBe(0);
    expect(values(bench.x('XEV', [0x6004, '0x01']))['E010']).toBe('05');
  });

  test('an expect that does not come true ends with 4, the text and the screen', () => {
    const { bench, ended } = play('\nexpect "Approved" 5');
    bench.x('XDS', [0x6001, 'Declined\rcode 05']);
    bench.timers.run(4999);
    expect(ended()).toBeUndefined();
    bench.timers.run(1);
    expect(ended()?.status).toBe(4);
    expect(ended()?.message).toBe(
      'script line 2: expected "Approved", it did not appear within 5 s. The screen shows:\n  | Declined\n  | code 05\n  | \n  | ',
    );
  });

  test('the deadline belongs to one step: a step that came true does not shorten the next', () => {
    const { bench, ended } = play('expect A 5\nexpect B 5');
    bench.timers.run(4000);
    bench.x('XDS', [0x6001, 'A']);
    bench.timers.run(4000);
    expect(ended()).toBeUndefined();
    bench.x('XDS', [0x6001, 'B']);
    bench.timers.run(0);
    expect(ended()?.status).toBe(0);
  });

  test('cards, slips, scans, unplug, quit', () => {
    const { bench, ended, cuts } = play(
      'insert chip\nswipe swipe\nscan 123\ntap tap\nwait-slip 3\nunplug 2\nremove\nquit 7\nexpect never',
    );
    expect(bench.terminal.insertedCard?.id).toBe('chip');
    for (const code of ['90', '95', '94']) {
      bench.x('XEV', [0x6004, '0x1A']);
      bench.timers.run(0);
      expect(values(bench.later())['E010']).toBe(code);
    }
    bench.x('XPR', [0x6006, 'slip\x0a\x1dV\x00']);
    bench.timers.run(0);
    expect(cuts).toEqual([2]);
    expect(bench.terminal.insertedCard?.id).toBe('chip');
    bench.timers.run(2000);
    expect(ended()).toEqual({ status: 7, message: '' });
    expect(bench.terminal.insertedCard).toBeUndefined();
  });

  test('what is not possible ends with 4 and the reason', () => {
    expect(play('remove').ended()).toEqual({ status: 4, message: 'script line 1: no card is in the slot' });
    expect(play('insert chip\ninsert second').ended()?.message).toBe('script line 2: card chip is in the slot');
    const { bench, ended } = play('keys 1');
    bench.timers.run(30_000);
    expect(ended()?.message).toContain('nobody asked for a key (1 was to be pressed) within 30 s');
  });
});

describe('pacing', () => {
  test('19200 baud: each byte after 0.52 ms, in order, none early', () => {
    const timers = new VirtualTimers();
    const arrived: [number, number][] = [];
    const pacer = new UartPacer(timers, { monotonicMs: () => timers.nowMs }, 19_200, bytes => {
      for (const byte of bytes) arrived.push([timers.nowMs, byte]);
    });
    pacer.push(Uint8Array.from({ length: 100 }, (_, i) => i));
    timers.run(20);
    pacer.push(Uint8Array.from({ length: 100 }, (_, i) => 100 + i));
    timers.run(1000);
    expect(arrived.map(([, byte]) => byte)).toEqual(Array.from({ length: 200 }, (_, i) => i));
    for (const [ms, byte] of arrived) {
      const dueMs = ((byte + 1) * 10_000) / 19_200;
      expect(ms).toBeGreaterThanOrEqual(dueMs - 1e-9);
      expect(ms).toBeLessThan(dueMs + 2);
    }
    pacer.push(Uint8Array.of(1));
    pacer.clear();
    timers.run(100);
    expect(arrived).toHaveLength(200);
  });

  test('the same frames as on a fast line', () => {
    const bench = new Bench();
    const timers = bench.timers;
    const fast = new Bench().x('XID');
    const line = new UartPacer(timers, { monotonicMs: () => timers.nowMs }, 9600, bytes =>
      bench.terminal.received(bytes),
    );
    const bytes = command('XID');
    expect(bytes.length).toBe(3);
    line.push(Uint8Array.from([0x16, ...bytes, 0x17, 0xd0, 0x1a]));
    timers.run(6);
    expect(bench.take()).toBe('');
    timers.run(4);
    expect(bench.later().slice(3)).toContain(fast.slice(0, 9));
  });
});
