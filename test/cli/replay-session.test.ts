import { beforeAll, describe, expect, test } from 'vitest';
import { Screens } from '../../src/cli/replay/show.ts';
import { momentText, parseBound } from '../../src/cli/replay/range.ts';
import { zoneNamed } from '../../src/cli/trace/zone.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { boot, type Runtime } from '../../src/runtime/boot.ts';
import { reversalPolicyOf } from '../../src/runtime/reversal.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { fileOf, RecordedFile, recordsOf, sourceOf } from '../replay/recorded.ts';
import { value } from '../runtime/counter.ts';
import { Cable, seeded, timersOf, World } from '../runtime/world.ts';
import { runReplay } from './replay-world.ts';

const SEAL_KEY = new Uint8Array(32).fill(7);
const profile = value(loadProfile('unionpay-pos', name => namedProfile('unionpay-pos').read(name)));

/** Two processes of one counter, recorded: the first shows its idle screen and a menu, the second only starts. No acquirer. */
function record(): Uint8Array {
  const file = new RecordedFile();
  const world = new World();
  const terminal: VirtualTerminal = new VirtualTerminal({
    timers: world,
    entropy: seeded(2),
    tmk: new Uint8Array(16).fill(0x11),
    serialNumber: 'SIM00000001',
    panel: true,
    write: bytes => cable.fromTerminal(bytes),
    onScreen: () => {},
    onSlip: () => {},
    onBeep: () => {},
  });
  const cable: Cable = new Cable(world, bytes => terminal.received(bytes));
  const journal = value(
    openJournal({ path: ':memory:', sealKey: SEAL_KEY, entropy: seeded(1), reversal: reversalPolicyOf(profile) }),
  );
  const start = (): { runtime: Runtime; ended: () => boolean } => {
    const process = { dead: false };
    let over = false;
    const hal = {
      clock: world,
      timers: timersOf(world, process),
      entropy: seeded(3),
      serial: cable.port(process),
      host: { routes: 1, routeName: () => 'acquirer.test:8583', connect: () => {}, write: () => {}, close: () => {} },
      log: { info: () => {}, warn: () => {}, error: () => {} },
    };
    const options = { lang: 'en' as const, version: '0.0.0-test', recording: file.recorder() };
    return { runtime: value(boot(hal, profile, journal, options, () => (over = true))), ended: () => over };
  };
  for (const keys of [['ENTER', '0', '1', 'ENTER', 'CANCEL'], []] as const) {
    const { runtime, ended } = start();
    for (const key of keys) {
      expect(world.until(() => terminal.listening().keys, 60_000)).toBe(true);
      terminal.pressKey(key);
      world.pass(500);
    }
    expect(world.until(() => terminal.listening().keys, 60_000)).toBe(true);
    runtime.stop();
    expect(world.until(ended, 60_000)).toBe(true);
    cable.drop();
  }
  return file.bytes();
}

let trace: Uint8Array = new Uint8Array(0);
beforeAll(() => {
  trace = record();
});

interface Report {
  readonly clean: boolean;
  readonly sessions: readonly {
    readonly session: number;
    readonly records: number;
    readonly screens: number;
    readonly journalRecords: number;
    readonly result: string;
    readonly complete?: boolean;
    readonly difference?: {
      readonly device: string;
      readonly part: string;
      readonly recorded: string;
      readonly replayed: string;
    };
  }[];
}

async function report(args: readonly string[], bytes = trace): Promise<{ exit: number | undefined; report: Report }> {
  const { exit, out, error } = await runReplay(['x', '--json', ...args], { x: bytes });
  expect(error).toBe('');
  return { exit, report: JSON.parse(out) as Report };
}

/** The trace with the first record of a kind changed. */
function changed(kind: Kind, which: number, change: (bytes: Uint8Array) => void): Uint8Array {
  const records = recordsOf(trace);
  change(records.filter(record => record.kind === kind)[which].bytes);
  return fileOf(records);
}

describe('sessions', () => {
  test('all of a file are run and are equal', async () => {
    const { exit, report: found } = await report([]);
    expect(exit).toBe(0);
    expect(found.sessions.map(one => [one.session, one.result, one.complete])).toEqual([
      [1, 'equal', true],
      [2, 'equal', true],
    ]);
    expect(found.sessions[0].screens).toBeGreaterThan(found.sessions[1].screens);
    const text = await runReplay(['x'], { x: trace });
    expect(text.out).toMatch(
      /^session 1 \(unionpay-pos, .*\): \d+ records, \d+ screens, 0 requests, \d+ journal records: equal\nsession 2 /,
    );
    expect((await runReplay(['x', '--quiet'], { x: trace })).out).toBe('');
  });

  test('one of them; of standard input the first', async () => {
    const second = await report(['--session', '2']);
    expect(second.report.sessions.map(one => one.session)).toEqual([2]);
    const first = await runReplay(['-', '--lang', 'zh'], { '-': trace });
    expect(first.out).toMatch(/^会话 1 .*: 一致\n$/);
    const none = await runReplay(['x', '--session', '3'], { x: trace });
    expect([none.exit, none.error]).toEqual([3, expect.stringContaining('the trace has 2 sessions, not 3')]);
    expect((await runReplay(['x', '--session', 'last'], { x: trace })).exit).toBe(2);
  });

  test('a screen that reads otherwise is named with line and texts', async () => {
    const other = changed(Kind.screen, 1, bytes => {
      bytes[bytes.length - 1] ^= 1;
    });
    const { exit, report: found } = await report([], other);
    expect(exit).toBe(1);
    expect(found.clean).toBe(false);
    expect(found.sessions.map(one => one.result)).toEqual(['different', 'equal']);
    expect(found.sessions[0].difference).toMatchObject({
      device: 'screen',
      part: expect.stringMatching(/^line \d$/) as string,
    });
    const text = await runReplay(['x', '--quiet'], { x: other });
    expect(text.out).toMatch(
      /DIFFERENT\n {2}record \d+, 2026-11-21 14:.*, screen, line \d\n {4}recorded: ".*"\n {4}replayed: ".*"\n$/,
    );
  });

  test('a record that the trace does not have', async () => {
    const records = recordsOf(trace);
    const key = records.findIndex(record => record.kind === Kind.key);
    expect(key).toBeGreaterThan(0);
    const without = fileOf(records.filter((_, i) => i !== key));
    const { exit, report: found } = await report(['--session'], without);
    expect(exit).toBe(1);
    expect(found.sessions[0].difference?.replayed).toContain('key: ');
  });

  test('a killed process: equal, and its end is missing', async () => {
    const records = recordsOf(trace);
    const second = records.findLastIndex(record => record.kind === Kind.session);
    const cut = fileOf(records.slice(0, second - 6));
    const { exit, report: found } = await report([], cut);
    expect([exit, found.sessions[0].result, found.sessions[0].complete]).toEqual([0, 'equal', false]);
    expect((await runReplay(['x'], { x: cut })).out).toContain('the session has no end: its process was killed');
  });

  test('a session whose beginning is damaged is missing, and that is told', async () => {
    const bytes = Uint8Array.from(trace);
    const at = Buffer.from(trace).lastIndexOf('"form":1');
    expect(at).toBeGreaterThan(Buffer.from(trace).indexOf('"form":1'));
    bytes[at] ^= 1;
    const { exit, out, error } = await runReplay(['x'], { x: bytes });
    expect([exit, out.match(/^session/gm)]).toEqual([3, ['session']]);
    expect(error).toMatch(/^offset \d+: a block was changed or cut off: .* passed over\n$/);
  });
});

describe('--until', () => {
  test('a record, a time, a step', async () => {
    const whole = (await report(['--session'])).report.sessions[0].records;
    const records = recordsOf(trace);
    const by = async (text: string): Promise<Report['sessions'][number]> =>
      (await report(['--session', '--until', text])).report.sessions[0];
    const number = await by('60');
    expect(number).toMatchObject({ result: 'until' });
    expect(number.records).toBeLessThan(whole);
    const middle = records[Math.floor(whole / 2)].timeUs;
    const time = await by(new Date(middle / 1000).toISOString());
    expect(time.result).toBe('until');
    expect(time.records).toBeLessThan(whole);
    const step = await by('idle');
    expect(step).toMatchObject({ result: 'until' });
    expect((await runReplay(['x', '--session', '--until', '!'], { x: trace })).exit).toBe(2);
  });
});

describe('--speed', () => {
  test('a thousand times as fast as it was', async () => {
    const { report: found } = await report(['--session', '2', '--speed', '1000']);
    expect(found.sessions[0].result).toBe('equal');
  });
});

describe('the messages of the same file', () => {
  test('there are none here, and the session is left alone', async () => {
    const { exit, error } = await runReplay(['x', '--messages'], { x: trace });
    expect([exit, error]).toEqual([3, expect.stringContaining('x holds no message')]);
  });
});

describe('--to-terminal', () => {
  test('the screens of one session, with step, lines and time', () => {
    const screens = new Screens(sourceOf(trace), 1);
    const first = screens.next();
    expect(first?.lines.length).toBeGreaterThan(0);
    let count = 1;
    let before = first?.timeUs ?? 0;
    for (let shown = screens.next(); shown; shown = screens.next()) {
      expect(shown.timeUs).toBeGreaterThanOrEqual(before);
      before = shown.timeUs;
      count++;
    }
    const records = recordsOf(trace);
    const second = records.findLastIndex(record => record.kind === Kind.session);
    expect(count).toBe(records.slice(0, second).filter(record => record.kind === Kind.screen).length);
    expect(new Screens(sourceOf(trace), 3).next()).toBeUndefined();
  });

  test('a line that is not there: status 2', async () => {
    const { exit, error } = await runReplay(['x', '--to-terminal', '/nowhere/tty'], { x: trace });
    expect(exit).toBe(2);
    expect(error).toContain('/nowhere/tty');
  });
});

describe('bounds', () => {
  test('are times of the recorded shop', () => {
    const berlin = zoneNamed('Europe/Berlin');
    if (!berlin) throw new Error('no zone');
    const us = (text: string): number => {
      const bound = value(parseBound('--until', text, berlin));
      return bound.kind === 'time' ? bound.timeUs : Number.NaN;
    };
    expect(us('2026-07-02T00:30:05')).toBe(Date.UTC(2026, 6, 1, 22, 30, 5) * 1000);
    expect(us('2026-01-01 23:30:05.250')).toBe(Date.UTC(2026, 0, 1, 22, 30, 5, 250) * 1000);
    expect(us('2026-01-01T23:30:05+08:00')).toBe(Date.UTC(2026, 0, 1, 15, 30, 5) * 1000);
    expect(momentText(Date.UTC(2026, 6, 1, 22, 30, 5, 7) * 1000, berlin)).toBe('2026-07-02 00:30:05.007');
  });
});
