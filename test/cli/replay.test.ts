import { describe, expect, test } from 'vitest';
import { barText } from '../../src/cli/replay/progress.ts';
import { MessageBuilder } from '../../src/iso8583/message-builder.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { Way } from '../../src/trace/kinds.ts';
import { bytesOf, captured, constructed, planWith, type Sample } from '../iso8583/samples.ts';
import { makeMessages, planOf } from '../bench/messages.ts';
import { shippedDialect } from '../library/dialects.ts';
import { type Frame, runReplay, START_US, traceOf } from './replay-world.ts';

const messages = makeMessages();
/** 128 sales and answers, framed. */
const frames: readonly Frame[] = messages.list.map(({ frameStart, bodyEnd, mti }) => ({
  way: mti === '0200' ? Way.toAcquirer : Way.fromAcquirer,
  bytes: messages.slab.slice(frameStart, bodyEnd),
}));
const BODY = 13;

interface Report {
  readonly clean: boolean;
  readonly messages: number;
  readonly skipped: number;
  readonly equal: number;
  readonly different: number;
  readonly undecodable: number;
  readonly otherFillers: number;
  readonly macs: { readonly right: number; readonly wrong: number; readonly unchecked: number };
  readonly expectations: { readonly missed: number; readonly unused: readonly string[] };
  readonly types: readonly { readonly mti: string; readonly messages: number; readonly different: number }[];
  readonly differences: readonly {
    readonly kind: string;
    readonly number: number;
    readonly timeUs: number;
    readonly field: number;
    readonly offset: number;
    readonly why: string;
  }[];
  readonly troubles: { readonly count: number };
}

async function report(
  args: readonly string[],
  file: Uint8Array,
  more: Record<string, string> = {},
): Promise<{ exit: number | undefined; report: Report }> {
  const { exit, out, error } = await runReplay(['x', '--json', ...args], { x: file, ...more });
  expect(error).toBe('');
  return { exit, report: JSON.parse(out) as Report };
}

/** The frames with one byte changed. */
function changed(index: number, at: number, byte: (was: number) => number): readonly Frame[] {
  return frames.map((frame, i) => {
    if (i !== index) return frame;
    const bytes = frame.bytes.slice();
    bytes[at] = byte(bytes[at]);
    return { ...frame, bytes };
  });
}

function placeOf(index: number, field: number): number {
  const view = new MessageView(messages.plan);
  view.decode(frames[index].bytes, BODY, frames[index].bytes.length);
  return view.offset(field);
}

describe('messages', () => {
  test('all are equal, counted by type', async () => {
    const { exit, report: found } = await report([], traceOf(frames));
    expect(exit).toBe(0);
    expect(found).toMatchObject({
      clean: true,
      messages: 128,
      equal: 128,
      different: 0,
      undecodable: 0,
      otherFillers: 0,
    });
    expect(found.types).toMatchObject([
      { mti: '0200', messages: 64, different: 0 },
      { mti: '0210', messages: 64, different: 0 },
    ]);
  });

  test('standard input, the text for people, and --quiet', async () => {
    const there = await runReplay(['-'], { '-': traceOf(frames) });
    expect(there.exit).toBe(0);
    expect(there.out).toContain('0200         64 messages, 64 equal\n');
    expect(there.out).toContain('128 messages, 128 equal (');
    expect((await runReplay(['-', '--lang', 'zh'], { '-': traceOf(frames) })).out).toContain('128 报文, 128 一致');
    expect((await runReplay(['x', '--quiet'], { x: traceOf(frames) })).out).toBe('');
  });

  test('a digit that is none is told with message, field and offset', async () => {
    const at = placeOf(4, 11);
    const { exit, report: found } = await report([], traceOf(changed(4, at + 1, byte => (byte & 0xf0) | 0x0b)));
    expect(exit).toBe(1);
    expect(found).toMatchObject({ clean: false, equal: 127, undecodable: 1 });
    // Two bytes of length are not part of the message.
    expect(found.differences).toMatchObject([
      { kind: 'undecodable', number: 5, timeUs: START_US + 4_000_000, field: 11, offset: at + 1 - 2 },
    ]);
    const text = await runReplay(['x'], { x: traceOf(changed(4, at + 1, byte => (byte & 0xf0) | 0x0b)) });
    expect(text.out).toMatch(/message 5 \(0200\), 2026-11-18 11:06:44.000, field 11, offset \d+: not only digits/);
  });

  test('another filler beside odd digits is equal, and told', async () => {
    // Field 2 with 17 digits: the dialect fills with 0.
    const index = frames.findIndex((_, i) => (messages.list[i].fields.get(2)?.length ?? 0) === 17);
    const last = placeOf(index, 2) + 8;
    const { exit, report: found } = await report([], traceOf(changed(index, last, byte => byte | 0x0f)));
    expect(exit).toBe(0);
    expect(found).toMatchObject({ equal: 128, otherFillers: 1 });
  });

  test('what is encoded in another way is a difference', async () => {
    const name = 'iso8583-1987-ascii';
    const builder = new MessageBuilder(planOf(shippedDialect(name)));
    const out = new Uint8Array(200);
    builder.begin(out, 0, 0x0800);
    builder.value(5, '000000000100');
    builder.value(7, '1122140000');
    builder.value(11, '000001');
    builder.value(41, 'TERMINAL');
    const end = builder.finish();
    const text = (bitmap: (capitals: string) => string): Uint8Array => {
      const characters = Buffer.from(out.subarray(0, end)).toString('latin1');
      const message = Buffer.from(
        characters.slice(0, 4) + bitmap(characters.slice(4, 20)) + characters.slice(20),
        'latin1',
      );
      return Buffer.from(`${message.toString('hex')}\n`);
    };
    const capitals = await report(
      ['-d', name],
      text(hex => hex),
    );
    expect([capitals.exit, capitals.report.equal]).toEqual([0, 1]);
    const small = await report(
      ['-d', name],
      text(hex => hex.toLowerCase()),
    );
    expect(small.exit).toBe(1);
    expect(small.report).toMatchObject({ clean: false, equal: 0, different: 1 });
    expect(small.report.differences).toMatchObject([{ kind: 'bytes', field: 1, offset: 5, why: 'byte 61 becomes 41' }]);
  });

  test('down to the last bytes', async () => {
    const name = 'iso8583-1987-ascii';
    for (const terminal of ['A', 'AB', 'ABC', 'ABCD']) {
      const builder = new MessageBuilder(planOf(shippedDialect(name)));
      const out = new Uint8Array(200);
      builder.begin(out, 0, 0x0800);
      builder.value(11, '000001');
      builder.value(44, terminal);
      builder.value(64, 'ABABABABABABABAB');
      const end = builder.finish();
      const hex = Buffer.from(out.subarray(0, end)).toString('hex');
      expect((await report(['-d', name], Buffer.from(`${hex}\n`))).report).toMatchObject({ equal: 1, different: 0 });
      // The last character of the last field: B in small.
      const small = await report(['-d', name], Buffer.from(`${hex.slice(0, -2)}62\n`));
      expect(small.report).toMatchObject({ equal: 0, different: 1, differences: [{ field: 64, offset: end - 1 }] });
    }
  });

  test('a choice of the dialect that is needed is named', async () => {
    const builder = new MessageBuilder(planWith({ field63: 'binary', field48: 'text' }));
    const out = new Uint8Array(200);
    const at = BODY;
    builder.begin(out, at, 0x0500);
    builder.value(11, '000007');
    builder.value(48, 'A text of letters');
    builder.value(60, '00000001201');
    const end = builder.finish();
    out.set(bytesOf(`${(end - 2).toString(16).padStart(4, '0')}6000030000603100311234`));
    const file = traceOf([{ way: Way.toAcquirer, bytes: out.slice(0, end) }]);
    const { exit, out: text } = await runReplay(['x'], { x: file });
    expect(exit).toBe(1);
    expect(text).toContain('the first message that did not decode does so with: --option field48=text\n');
    expect((await report(['--option', 'field48=text'], file)).exit).toBe(0);
  });

  test('a cut end is told, and what is whole is replayed', async () => {
    const whole = traceOf(frames);
    const { exit, report: found } = await report([], whole.subarray(0, whole.length - 5));
    expect(exit).toBe(0);
    expect(found).toMatchObject({ messages: 127, equal: 127, troubles: { count: 1 } });
  });
});

describe('range', () => {
  test('by number and by time', async () => {
    const file = traceOf(frames);
    const numbers = await report(['--from', '11', '--until', '20'], file);
    expect(numbers.report).toMatchObject({ messages: 10, skipped: 10, equal: 10 });
    const iso = (second: number): string => new Date(START_US / 1000 + second * 1000).toISOString();
    const times = await report(['--from', iso(100), '--until', iso(109)], file);
    expect(times.report).toMatchObject({ messages: 10, skipped: 100 });
    expect((await runReplay(['x', '--messages', '--from', '500'], { x: file })).exit).toBe(3);
    const bad = await runReplay(['x', '--from', 'noon'], { x: file });
    expect([bad.exit, bad.error]).toEqual([2, expect.stringContaining('--from noon is no number from 1 and no time')]);
  });
});

describe('expectations', () => {
  const codes = new Set(messages.list.map(one => one.fields.get(39)).filter(code => code !== undefined));

  test('a value that all have', async () => {
    const { exit, report: found } = await report(
      ['--expect-field', '0200.25=99', '--from', '1', '--until', '1'],
      traceOf(frames),
    );
    const was = messages.list[0].fields.get(25);
    expect(exit).toBe(was === '99' ? 0 : 1);
    const right = await report(['--expect-field', `0200.25=${was}`, '--from', '1', '--until', '2'], traceOf(frames));
    expect([right.exit, right.report.expectations]).toEqual([0, { missed: 0, unused: [] }]);
    expect(found.differences).toMatchObject([
      { kind: 'expectation', number: 1, field: 25, why: `wanted 0200.25=99, got "${was}"` },
    ]);
  });

  test('answers with other codes', async () => {
    expect(codes.size).toBeGreaterThan(1);
    const { exit, report: found } = await report(['--expect-field', '39=00'], traceOf(frames));
    expect(exit).toBe(1);
    expect(found.expectations.missed).toBe(64 - messages.list.filter(one => one.fields.get(39) === '00').length);
    expect(found.differences).toHaveLength(20);
  });

  test('a field that a wanted type must have', async () => {
    const { report: found } = await report(['--expect-field', '0200.39=00', '--until', '1'], traceOf(frames));
    expect(found.differences).toMatchObject([
      { kind: 'expectation', why: 'wanted 0200.39=00, the field is not there' },
    ]);
  });

  test('one that nobody was asked for proves nothing', async () => {
    const { exit, report: found } = await report(['--expect-field', '0830.39=00'], traceOf(frames));
    expect([exit, found.expectations]).toEqual([1, { missed: 0, unused: ['0830.39=00'] }]);
  });

  test('what may not be shown is not repeated', async () => {
    const pan = '6225880212345675';
    const { exit, out } = await runReplay(['x', '--expect-field', `2=${pan}`, '--until', '1'], { x: traceOf(frames) });
    expect(exit).toBe(1);
    expect(out).not.toContain(pan);
    expect(out).toContain('wanted 2=…, got another value of');
  });

  test.each([
    ['39', 'it has another form'],
    ['131=1', 'the dialect has no field 131'],
    ['11=12345', 'not the exact length of this field'],
    ['0200.11=12345x', 'not only digits'],
  ])('%s is refused', async (text, why) => {
    const { exit, error } = await runReplay(['x', '--expect-field', text], { x: traceOf(frames) });
    expect(exit).toBe(2);
    expect(error).toContain(`--expect-field ${text}: ${why}`);
  });
});

describe('MACs', () => {
  const signed = constructed.find(
    sample => sample.keys !== undefined && '64' in sample.fields && sample.framing.length,
  ) as Sample;
  const frame: Frame = { way: Way.toAcquirer, bytes: signed.bytes };
  const key = (signed.keys as { MAK: string }).MAK;
  /** The same message as another program's capture: nothing was replaced in it. */
  const dump = (bytes: Uint8Array): Uint8Array => Buffer.from(`${Buffer.from(bytes).toString('hex')}\n`);

  test('the right key, among others', async () => {
    const file = `# yesterday\n${'01'.repeat(8)}\n${key}\n`;
    const { exit, report: found } = await report(['--mac-key', 'k'], traceOf([frame]), { k: file });
    expect([exit, found.macs]).toEqual([0, { right: 1, wrong: 0, unchecked: 0 }]);
  });

  test('another key: wrong in a capture, not checked in a trace, whose card data was replaced', async () => {
    const k = '0123456789ABCDEF';
    const capture = await report(['--mac-key', 'k'], dump(signed.bytes), { k });
    expect([capture.exit, capture.report.macs]).toEqual([1, { right: 0, wrong: 1, unchecked: 0 }]);
    expect(capture.report.differences).toMatchObject([{ kind: 'mac', field: 64 }]);
    const trace = await report(['--mac-key', 'k'], traceOf([frame]), { k });
    expect([trace.exit, trace.report.macs]).toEqual([0, { right: 0, wrong: 0, unchecked: 1 }]);
  });

  test('in a trace, a message without card data is checked all the same', async () => {
    const builder = new MessageBuilder(planWith());
    const out = new Uint8Array(200);
    builder.begin(out, BODY, 0x0820);
    builder.value(11, '000007');
    builder.value(64, '1122334455667788');
    const end = builder.finish();
    out.set(bytesOf(`${(end - 2).toString(16).padStart(4, '0')}6000030000603100311234`));
    const file = traceOf([{ way: Way.toAcquirer, bytes: out.slice(0, end) }]);
    const { exit, report: found } = await report(['--mac-key', 'k'], file, { k: key });
    expect([exit, found.macs]).toEqual([1, { right: 0, wrong: 1, unchecked: 0 }]);
  });

  test.each([
    ['nonsense', 'k, line 1: 8 characters are no key'],
    ['\n# nothing\n', 'k holds no key'],
  ])('a key file of %j is refused without showing it', async (text, why) => {
    const { exit, error } = await runReplay(['x', '--mac-key', 'k'], { x: traceOf([frame]), k: text });
    expect(exit).toBe(2);
    expect(error).toContain(why);
    expect(error).not.toContain('nonsense');
  });
});

describe('files', () => {
  test('messages of other programs', async () => {
    const whole = captured.filter(one => one.framing.length && one.framing.tpdu && one.framing.header);
    const { exit, report: found } = await report([], traceOf(whole.map(({ bytes }) => ({ way: Way.unknown, bytes }))));
    expect(whole.length).toBeGreaterThan(20);
    expect([exit, found.equal]).toEqual([0, whole.length]);
  });

  test.each([
    ['missing', undefined, 'missing is not there'],
    ['empty', new Uint8Array(0), 'empty-capture'],
    ['picture', bytesOf('89504E470D0A1A0A0000000D49484452'), 'foreign-file'],
  ])('%s: status 3', async (name, bytes, why) => {
    const { exit, error } = await runReplay([name], bytes === undefined ? {} : { [name]: bytes });
    expect(exit).toBe(3);
    expect(error).toContain(why);
  });

  test.each([
    [['--profile', 'none-such']],
    [['--dialect', 'none-such']],
    [['--format', 'none-such']],
    [['--rate', '0']],
    [['--speed', 'quick']],
    [['--session', '--messages']],
  ])('%j: status 2', async flags => {
    expect((await runReplay(['x', ...flags], { x: traceOf(frames) })).exit).toBe(2);
  });

  test('an empty trace holds nothing to replay', async () => {
    const { exit, error } = await runReplay(['x'], { x: traceOf([]) });
    expect([exit, error]).toEqual([3, expect.stringContaining('x holds no message')]);
  });
});

describe('progress', () => {
  test('bar, rate and time left', () => {
    const state = { offset: 12 * 1024 * 1024, size: 24 * 1024 * 1024, messages: 60_000, seconds: 2 };
    expect(barText(state, 120, 'en')).toBe(
      '[############------------]  50 %  12.0/24.0 MiB  60000 messages  30000/s  left 2 s',
    );
    expect(barText({ ...state, size: undefined }, 120, 'zh')).toBe('12.0 MiB  60000 条报文  30000/s');
    expect(barText(state, 40, 'en')).toHaveLength(39);
  });
});
