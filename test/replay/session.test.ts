import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { failed, fault } from '../../src/fault.ts';
import { openSession, type Outcome } from '../../src/replay/session.ts';
import { requestLine } from '../../src/runtime/entries.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { Counter, type CounterOptions } from '../runtime/counter.ts';
import { image, shelf } from '../runtime/images.ts';
import { open, paidSale, paper, refund, settle, settled, typeSupervisorPassword } from '../scenarios/people.ts';
import { CODES, paidScan } from '../scenarios/scan.ts';
import { CACHED } from '../simulation/fleet.ts';
import { type EditedRecord, fileOf, RecordedFile, recordsOf, replaySession, sourceOf } from './recorded.ts';

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url));
/** Histories of the gate, and how many intents of each. */
const SEEDS = Number(process.env.POS8583_REPLAY_SEEDS ?? 20);
const INTENTS = Number(process.env.POS8583_REPLAY_INTENTS ?? 5);

interface Figures {
  readonly seeds: number;
  readonly sessions: number;
  readonly records: number;
  readonly crashes: number;
  readonly faults: number;
  readonly transactions: number;
  readonly hits: Readonly<Record<string, number>>;
  readonly bad: readonly unknown[];
}

function histories(from: number, seeds: number): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const args = [CHILD, '--from', String(from), '--seeds', String(seeds), '--intents', String(INTENTS)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: CACHED });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.on('error', reject);
    child.on('close', code =>
      code === 0 ? resolve(JSON.parse(out.trim().split('\n').pop() ?? '') as Figures) : reject(new Error(err)),
    );
  });
}

test(
  `${SEEDS} histories with faults, each process run again: the same screens, messages and journal`,
  { timeout: 600_000 },
  async () => {
    const lanes = Math.min(2, availableParallelism());
    const share = Math.ceil(SEEDS / lanes);
    const all = await Promise.all(Array.from({ length: lanes }, (_, lane) => histories(1 + lane * share, share)));
    const sum = (name: 'sessions' | 'records' | 'crashes' | 'faults' | 'transactions'): number =>
      all.reduce((total, one) => total + one[name], 0);
    expect(all.flatMap(one => one.bad)).toEqual([]);
    // Crashes make sessions that end in the middle of something; noise and unplugging come in packets that never end.
    // A program that was told to stop begins another one, too.
    expect(sum('sessions')).toBeGreaterThanOrEqual(SEEDS + sum('crashes'));
    expect(sum('crashes')).toBeGreaterThan(SEEDS / 4);
    expect(sum('faults')).toBeGreaterThan(2 * SEEDS);
    expect(sum('transactions')).toBeGreaterThan(4 * SEEDS);
    const names = Object.keys(Object.assign({}, ...all.map(one => one.hits)) as object).join();
    expect(names).toMatch(/line (bitErrors|burst|bytesLost|bytesDoubled)/);
    expect(names).toMatch(/linePulled|line unplugged/);
    expect(names).toContain('disk');
  },
);

interface Recorded {
  readonly c: Counter;
  readonly file: RecordedFile;
}

/** A counter with operator 01 signed on, recorded. */
function recorded(options: CounterOptions = {}): Recorded {
  const file = new RecordedFile();
  return { c: open({ ...options, recording: () => file.recorder() }), file };
}

const same = (file: RecordedFile, session = 1): Outcome => {
  const outcome = replaySession(file.bytes(), session);
  expect(outcome).toMatchObject({ kind: 'same' });
  return outcome;
};

/** Stops the program and waits until it has ended. */
function stop(c: Counter): void {
  c.stop();
  c.world.pass(5_000);
  expect(c.ended).toMatchObject({ kind: 'stopped' });
}

describe('a day at the counter', () => {
  test('sales, a refund, a settlement and the end: all of it again, to the last record', () => {
    const { c, file } = recorded();
    paidSale(c, 10_000);
    paidSale(c, 12_345, 'chip');
    paidSale(c, 500, 'tap');
    paper(refund(paidSale(c, 10_000), 5, 4_000));
    settled(settle(c));
    stop(c);
    const outcome = same(file);
    expect(outcome).toMatchObject({ complete: true });
    expect(outcome.records).toBe(recordsOf(file.bytes()).filter(one => ![1, 2, 3].includes(one.kind)).length);
  });

  test('the next start begins with what the journal knew: cards, sessions and people, without their secrets', () => {
    const { c, file } = recorded();
    paidSale(c, 10_000);
    c.crash();
    c.start();
    c.on('确认键:菜单');
    paper(refund(c, 2, 3_000));
    stop(c);
    expect(same(file, 1)).toMatchObject({ complete: false });
    expect(same(file, 2)).toMatchObject({ complete: true });
    const text = Buffer.from(file.bytes()).toString('latin1');
    expect(text).not.toContain('6225000000000014');
    expect(text).toContain('622500');
    const wrapped = c.journal.session()?.keys.mac.wrapped ?? '';
    expect(wrapped).toHaveLength(32);
    expect(text.replaceAll('-', '')).not.toContain(wrapped);
    expect(Buffer.from(file.bytes()).includes(Buffer.from(wrapped, 'hex'))).toBe(false);
  });

  test('passwords: wrong, weak, unequal and new ones, without a digit of them in the trace', () => {
    const file = new RecordedFile();
    const c = new Counter({ onDuty: false, recording: () => file.recorder() });
    c.on('请按任意键签到', 'ENTER').on('请输入操作员号').type('01').on('请输入操作员密码').type('9999').on('密码错误');
    c.type('0000').on('请输入新密码').type('1234').on('密码过于简单').type('2580').on('请再输一次');
    c.type('2581').on('两次密码不一致').keys('2 5 8').keys('CLEAR 8 0 ENTER').on('请再输一次').type('2580');
    c.on('签到成功', 'ENTER').on('确认键:菜单');
    same(file);
    const keys = recordsOf(file.bytes()).filter(one => one.kind === Kind.key);
    expect(keys.map(one => Buffer.from(one.bytes).toString('latin1')).join()).not.toMatch(/assword..[0-9]/);
  });

  test('a scanned payment: the code is no more in the trace than on the slip', () => {
    const { c, file } = recorded();
    const [code] = CODES.wechat;
    paidScan(c, 10_000, code);
    same(file);
    expect(Buffer.from(file.bytes()).toString('latin1')).not.toContain(code.slice(0, 8));
  });

  test('the cable is pulled in the middle of a sale, and a request to stop comes', () => {
    const { c, file } = recorded();
    c.on('确认键:菜单', 'MENU').on('主菜单', '1');
    c.unplug();
    c.world.pass(7_000);
    c.plug();
    c.world.pass(20_000);
    c.on('确认键:菜单');
    stop(c);
    expect(same(file)).toMatchObject({ complete: true });
  });

  test('entries of the control socket and notices come again; a typed card number in a note does not', () => {
    const told: string[] = [];
    const { c, file } = recorded({
      outbox: {
        adapters: ['file'],
        deliver(_, text, done) {
          told.push(text);
          done(told.length === 1 ? 'nobody is there' : undefined);
        },
      },
    });
    paper(refund(paidSale(c, 10_000), 2, 4_000));
    c.pause(120);
    expect(told.length).toBeGreaterThan(1);
    const request = '1'.padStart(32, '0');
    const note = 'card 6225000000000014';
    c.control(requestLine({ request, password: '987654', entry: { what: 'freeze', note } }));
    c.control('no JSON 6225000000000014');
    c.pause(5);
    same(file);
    const text = Buffer.from(file.bytes()).toString('latin1');
    expect(text).not.toMatch(/987654|6225000000000014/);
    expect(text).toContain('refund');
  });
});

describe('where a session cannot be run again', () => {
  test('training: the same up to there, and it says so', () => {
    const file = new RecordedFile();
    const c = open({
      recording: () => file.recorder(),
      training: () => ({ open: opened => opened(failed(fault('E_FAILURE', 'no-room', 'no room', 'none'))) }),
    });
    c.on('确认键:菜单', 'MENU').on('主菜单', '7').on('管理', '1').on('1.操作员', '1').on('请输入操作员号').type('00');
    typeSupervisorPassword(c, '请输入操作员密码').on('主管功能', 'F1').on('确认进入', 'ENTER');
    c.on('受训操作员号').type('01').on('训练中的密码', 'ENTER').pause(1);
    expect(replaySession(file.bytes())).toMatchObject({ kind: 'stopped', why: 'training is not run again' });
  });

  test('a profile image: the terminal is the same one again', () => {
    const one = image({ version: 7 });
    const file = new RecordedFile();
    const c = new Counter({ equipment: { image: one, shelf: shelf([one]) }, recording: () => file.recorder() });
    c.on('停用:镜像不符');
    stop(c);
    expect(same(file)).toMatchObject({ complete: true });
  });

  test('a journal that is too long is named, with what to do', () => {
    const { file } = recorded();
    const records = recordsOf(file.bytes());
    const begin = JSON.parse(Buffer.from(records[0].bytes).toString()) as object;
    const missing = { ...begin, state: { records: 30_000, missing: 'the journal had 30000 records' } };
    records[0].bytes = Buffer.from(JSON.stringify(missing));
    expect(openSession(new TraceReader(sourceOf(fileOf(records))))).toMatchObject({
      ok: false,
      fault: { name: 'session-state', cause: expect.stringContaining('30000 records') as string },
    });
  });

  test('a trace without a session, with a piece of the journal missing, with half a beginning', () => {
    const { c, file } = recorded();
    paidSale(c, 10_000);
    const records = recordsOf(file.bytes());
    const faultOf = (edited: EditedRecord[]): string => {
      const session = openSession(new TraceReader(sourceOf(fileOf(edited))));
      return session.ok ? 'ok' : session.fault.name;
    };
    expect(faultOf(records)).toBe('ok');
    expect(faultOf(records.slice(1))).toBe('no-session');
    expect(faultOf(records.slice(0, 1))).toBe('session-form');
    expect(faultOf(records.filter(one => one.kind !== Kind.state))).toBe('session-form');
    expect(faultOf([{ ...records[0], bytes: Buffer.from('{"form":1}') }, ...records.slice(1)])).toBe('session-form');
  });
});

describe('one thing was changed in the trace', () => {
  let whole: readonly EditedRecord[] = [];

  beforeAll(() => {
    const { c, file } = recorded();
    paidSale(c, 10_000);
    c.unplug();
    c.world.pass(3_500);
    c.plug();
    c.world.pass(3_000);
    paper(refund(c, 2, 4_000));
    stop(c);
    whole = recordsOf(file.bytes());
    expect(replaySession(fileOf(whole))).toMatchObject({ kind: 'same', complete: true });
  });

  const copy = (): EditedRecord[] => whole.map(one => ({ ...one, bytes: one.bytes.slice() }));
  const at = (records: readonly EditedRecord[], kind: number, nth = 0): number => {
    const places = records.flatMap((one, place) => (one.kind === kind ? [place] : []));
    return places.at(nth) ?? -1;
  };
  const differenceOf = (records: readonly EditedRecord[]) => {
    const outcome = replaySession(fileOf(records));
    if (outcome.kind !== 'differs') throw new Error(JSON.stringify(outcome));
    return outcome.difference;
  };

  test('a letter of a screen: the screen, its line, both texts', () => {
    const records = copy();
    const place = records.findIndex(one => Buffer.from(one.bytes).includes('退货') && one.kind === Kind.screen);
    const text = Buffer.from(records[place].bytes);
    text.write('货退', text.indexOf('退货'));
    records[place].bytes = text;
    expect(differenceOf(records)).toMatchObject({
      index: place + 1,
      timeUs: whole[place].timeUs,
      device: 'screen',
      part: expect.stringMatching(/^line \d$/) as string,
      recorded: expect.stringContaining('货退') as string,
      replayed: expect.stringContaining('退货') as string,
    });
  });

  test('a digit of a message to the acquirer: the field', () => {
    const records = copy();
    const place = records.findIndex(one => one.kind === Kind.hostOut && one.bytes[13] === 0x02 && one.bytes[14] === 0);
    const frame = records[place].bytes;
    // 4 is 000000010000: the amount of the sale.
    const amount = Buffer.from(frame).indexOf(Buffer.from('000000010000', 'hex'));
    frame[amount + 3] ^= 0x10;
    expect(differenceOf(records)).toMatchObject({
      index: place + 1,
      device: 'acquirer',
      part: '0200 field 4',
      recorded: '000000110000',
      replayed: '000000010000',
    });
  });

  test('a byte of an answer of the acquirer: what follows from it', () => {
    const records = copy();
    const place = at(records, Kind.hostIn, 1);
    const frame = Buffer.from(records[place].bytes);
    // 38 and 39: the authorisation and the answer code 00.
    const code = frame.indexOf(Buffer.from('00', 'latin1'), 60);
    frame[code + 1] = 0x35;
    records[place].bytes = frame;
    const difference = differenceOf(records);
    expect(difference.index).toBeGreaterThan(place + 1);
  });

  test('a command to the terminal: its value and byte', () => {
    const records = copy();
    const place = records.findIndex(one => one.kind === Kind.lineOut && Buffer.from(one.bytes).includes('XEV'));
    // The CRC is wrong now: the packet is no packet any more.
    records[place].bytes[12] ^= 1;
    expect(differenceOf(records)).toMatchObject({ index: place + 1, device: 'terminal line', part: 'byte 12' });
  });

  test('the digest of a journal record: its number and kind', () => {
    const records = copy();
    const place = at(records, Kind.journal, 3);
    records[place].bytes[20] ^= 1;
    const difference = differenceOf(records);
    expect(difference).toMatchObject({ index: place + 1, device: 'journal' });
    expect(difference.part).toMatch(/^record \d+$/);
    expect(difference.replayed).toContain('says something else');
  });

  test('two alarms in the other order', () => {
    const records = copy();
    const places = records.flatMap((one, place) => (one.kind === Kind.alarm ? [place] : []));
    const number = (place: number): number => Buffer.from(records[place].bytes).readUInt32BE(0);
    const first = places[places.length - 2];
    const second = places[places.length - 1];
    expect(number(first)).not.toBe(number(second));
    [records[first].bytes, records[second].bytes] = [records[second].bytes, records[first].bytes];
    const difference = differenceOf(records);
    expect(difference.device).toBe('alarm');
    expect(difference.replayed).toMatch(/went off/);
  });

  test('a clock, a missing answer, another one, a record too few and one too many', () => {
    const clock = copy();
    const read = at(clock, Kind.wall, 4);
    new DataView(clock[read].bytes.buffer).setUint32(8, 77);
    expect(differenceOf(clock).device).toBe('clock');

    const answers = copy();
    const answer = at(answers, Kind.answer, 2);
    expect(differenceOf(answers.filter((_, place) => place !== answer)).replayed).toMatch(/asks the vault/);

    const slip = copy();
    const told = at(slip, Kind.slip);
    expect(differenceOf(slip.filter((_, place) => place !== told))).toMatchObject({ index: told + 1 });
    const twice = copy();
    twice.splice(told, 0, { ...twice[told] });
    expect(differenceOf(twice)).toMatchObject({ index: told + 2 });
  });

  test('cut off anywhere, it is the same up to there', () => {
    const begin = at(whole, Kind.state, -1) + 1;
    for (let length = begin + 1; length < whole.length; length += 149) {
      const outcome = replaySession(fileOf(whole.slice(0, length)));
      expect(outcome).toMatchObject({ kind: 'same', records: length - begin, complete: false });
    }
  });

  test('bytes of a stranger: a fault or a difference, never an exception', () => {
    for (let place = 0; place < whole.length; place += 83) {
      const records = copy();
      const { bytes } = records[place];
      for (let i = 0; i < bytes.length; i += 1 + (place % 7)) bytes[i] ^= 0x55;
      const file = fileOf(records);
      const session = openSession(new TraceReader(sourceOf(file)));
      if (session.ok) expect(['same', 'differs', 'stopped']).toContain(replaySession(file).kind);
    }
  });
});
