import { Command } from 'commander';
import { registerDiff } from '../../src/cli/trace/diff.ts';
import { registerExplain } from '../../src/cli/trace/explain.ts';
import { registerGrep } from '../../src/cli/trace/grep.ts';
import type { OpenSource, Press, TraceRim } from '../../src/cli/trace/rim.ts';
import { registerShow } from '../../src/cli/trace/show.ts';
import { registerTimeline } from '../../src/cli/trace/timeline.ts';
import { registerView } from '../../src/cli/trace/view.ts';
import { failed, fault, ok } from '../../src/fault.ts';
import type { LocalTime } from '../../src/hal/hal.ts';
import { Codec } from '../../src/iso8583/codec.ts';
import { namedProfile, shippedDialectNames } from '../../src/node/profiles.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import { FILE_HEADER_LENGTH, Kind, Link } from '../../src/trace/kinds.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';
import { encodePacket, packetLengthMax } from '../../src/wire/packet.ts';

const named = namedProfile('unionpay-pos');
const loaded = loadProfile('unionpay-pos', name => named.read(name), named.knownIds);
if (!loaded.ok) throw new Error(loaded.fault.cause);
export const profile: Profile = loaded.value;
const codec = Codec.of(profile.dialect);

/** 2026-11-22 14:03:22.000 UTC, microseconds. */
export const NOON_US = Date.UTC(2026, 10, 22, 14, 3, 22) * 1000;
export const PAN = '6225000000000014';
export const TRACK2 = '6225000000000014D28122010000012300000';

export const CARD = { 41: '10000001', 42: '898310148160001', 49: '156' } as const;
const MONEY = { 22: '021', 25: '00' } as const;

/** A whole frame with length, TPDU and header. */
export function frame(mti: string, fields: Readonly<Record<number, string>>): Uint8Array {
  return codec.frame(codec.build(mti, fields as never), { header: '603100310000' });
}
export const saleRequest = (stan: string, amount: string, more: Readonly<Record<number, string>> = {}): Uint8Array =>
  frame('0200', {
    3: '000000',
    4: amount,
    11: stan,
    ...MONEY,
    35: TRACK2,
    ...CARD,
    52: '6E83D8C871679F76',
    53: '2600000000000000',
    60: '2200000100050',
    64: '3533324531304638',
    ...more,
  });
export const saleAnswer = (
  stan: string,
  amount: string,
  code: string,
  more: Readonly<Record<number, string>> = {},
): Uint8Array =>
  frame('0210', {
    3: '000000',
    4: amount,
    11: stan,
    12: '140322',
    13: '1122',
    37: `0322${stan}00`,
    39: code,
    ...CARD,
    44: '01020000   48480000   ',
    60: '2200000100050',
    64: '3533324531304638',
    ...more,
  });
export const refundRequest = (stan: string, amount: string): Uint8Array =>
  frame('0220', {
    3: '200000',
    4: amount,
    11: stan,
    ...MONEY,
    35: TRACK2,
    37: '032200010200',
    ...CARD,
    60: '2500000100050',
    61: '0000010001021122',
    63: 'CUP',
    64: '3533324531304638',
  });
export const reversalRequest = (stan: string, amount: string): Uint8Array =>
  frame('0400', {
    3: '000000',
    4: amount,
    11: stan,
    ...MONEY,
    39: '98',
    ...CARD,
    60: '2200000100050',
    64: '3533324531304638',
  });
export const reversalAnswer = (stan: string, amount: string, code: string): Uint8Array =>
  frame('0410', { 3: '000000', 4: amount, 11: stan, 37: `0322${stan}00`, 39: code, ...CARD, 60: '2200000100050' });

/** Writes a trace record by record; each one is a millisecond later unless told otherwise. */
export class Recorded {
  private blocks: Uint8Array[] = [fileHeader()];
  private readonly writer = new TraceWriter({
    write: (bytes, length) => void this.blocks.push(bytes.slice(0, length)),
  });
  private timeUs = NOON_US;

  later(ms: number): this {
    this.timeUs += ms * 1000;
    return this;
  }

  bytes(kind: number, payload: Uint8Array, link: number = Link.counter): this {
    const at = this.writer.begin(kind, link, this.timeUs, payload.length);
    this.writer.bytes.set(payload, at);
    return this;
  }

  texts(kind: number, ...texts: string[]): this {
    this.writer.texts(kind, Link.counter, this.timeUs, ...texts);
    return this;
  }

  out(message: Uint8Array, link: number = Link.counter): this {
    return this.bytes(Kind.hostOut, message, link);
  }

  in(message: Uint8Array, link: number = Link.counter): this {
    return this.bytes(Kind.hostIn, message, link);
  }

  packet(kind: typeof Kind.lineIn | typeof Kind.lineOut, text: string): this {
    const data = new TextEncoder().encode(text);
    const packet = new Uint8Array(packetLengthMax(data.length));
    return this.bytes(kind, packet.subarray(0, encodePacket(data, data.length, packet, 0)));
  }

  journal(number: number, kind: string): this {
    const text = new TextEncoder().encode(kind);
    const payload = new Uint8Array(4 + 32 + 2 + text.length).fill(0xab, 4, 36);
    new DataView(payload.buffer).setUint32(0, number);
    new DataView(payload.buffer).setUint16(36, text.length);
    payload.set(text, 38);
    return this.bytes(Kind.journal, payload);
  }

  /** What was written until now; the next block is another one. */
  file(): Uint8Array {
    this.writer.flush();
    return joined(this.blocks);
  }

  /** Begins another file, as a trace does that is full. */
  turn(): void {
    this.blocks = [fileHeader()];
  }
}

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Refused, approved, a refund without answer, and a sale whose answer came after its reversal: 11 messages. */
export function counterDay(): Uint8Array {
  return new Recorded()
    .texts(Kind.screen, 'idle', '', '    请刷卡', '', '')
    .texts(Kind.key, 'idle', '1')
    .later(200)
    .texts(Kind.key, 'amount', 'ENTER')
    .packet(Kind.lineOut, 'XDS000')
    .packet(Kind.lineIn, 'XDS000')
    .bytes(Kind.hostConnect, joined([Uint8Array.of(0, 0, 0, 0), texts('10.0.0.1:8583')]))
    .later(20)
    .bytes(Kind.hostConnected, new Uint8Array(0))
    .journal(12, 'intent')
    .out(saleRequest('000101', '000000001234'))
    .later(333)
    .in(saleAnswer('000101', '000000001234', '51'))
    .journal(13, 'outcome')
    .texts(Kind.screen, 'declined', '交易失败', '[51]余额不足', '', '')
    .later(60_000)
    .out(saleRequest('000102', '000000010000'))
    .later(250)
    .in(saleAnswer('000102', '000000010000', '00', { 38: '123456' }))
    .later(60_000)
    .out(refundRequest('000103', '000000004000'))
    .later(60_000)
    .out(saleRequest('000104', '000000000500'))
    .later(60_000)
    .out(reversalRequest('000104', '000000000500'))
    .later(100)
    .in(saleAnswer('000104', '000000000500', '00', { 38: '123457' }))
    .later(100)
    .in(reversalAnswer('000104', '000000000500', '00'))
    .later(1000)
    .out(frame('0820', { 41: CARD[41], 42: CARD[42], 60: '00000001301' }), Link.training)
    .later(1000)
    .in(frame('0830', { 39: '00', 41: CARD[41], 42: CARD[42], 60: '00000001301' }), Link.training)
    .texts(Kind.end, 'stopped')
    .file();
}

/** Texts as the payload of a record. */
export function texts(...all: string[]): Uint8Array {
  return joined(
    all.map(text => {
      const bytes = new TextEncoder().encode(text);
      return joined([Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
    }),
  );
}

export interface Run {
  readonly exit: number | undefined;
  readonly out: string;
  readonly lines: readonly string[];
  readonly error: string;
  /** Calls what was put off. */
  tick(): void;
  press(key: Press): void;
}

export interface Setting {
  /** Files by name; `-` is standard input. They may be changed between ticks. */
  readonly files: Record<string, Uint8Array>;
  readonly columns?: number;
  readonly terminal?: boolean;
}

const utc = (ms: number): LocalTime => {
  const at = new Date(ms);
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  };
};

/** Runs one command of `trace` on files that lie in memory. Everything is printed in UTC. */
export async function run(args: readonly string[], setting: Setting): Promise<Run> {
  const { files, columns = 120, terminal = false } = setting;
  const put = { out: '', error: '', exit: undefined as number | undefined };
  const waiting: (() => void)[] = [];
  let press: ((key: Press, rows: number) => void) | undefined;
  const rim: TraceRim = {
    loadProfile: id =>
      id === profile.id
        ? ok(profile)
        : failed(fault('E_NOEXIST', 'unknown-profile', `no profile ${id}`, 'Name another')),
    dialectNames: shippedDialectNames,
    openSource: path => (path in files ? ok(source(files[path])) : failed(missing(path))),
    local: utc,
    after: (_, go) => void waiting.push(go),
    columns: () => columns,
    isTerminal: () => terminal,
    onPress(take) {
      press = take;
      waiting.push(() => take('other', 24));
      return () => (press = undefined);
    },
    print: text => (put.out += `${text}\n`),
    write: text => (put.out += text),
    printError: text => (put.error += `${text}\n`),
    setExit: code => (put.exit = code),
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: text => (put.error += text) });
  const trace = program.command('trace');
  for (const add of [registerView, registerShow, registerTimeline, registerGrep, registerDiff, registerExplain]) {
    add(trace, rim);
  }
  await program.parseAsync(['trace', ...args], { from: 'user' });
  return {
    get exit() {
      return put.exit;
    },
    get out() {
      return put.out;
    },
    get lines() {
      return put.out.split('\n').slice(0, -1);
    },
    get error() {
      return put.error;
    },
    tick: () => waiting.splice(0).forEach(go => go()),
    press: key => press?.(key, 24),
  };
}

const missing = (path: string) => fault('E_NOEXIST', 'source-missing', `${path} is not there`, 'Check the path');

/** Gives a file in pieces, so that records and messages are cut anywhere. */
export function source(bytes: Uint8Array, piece = 1000): OpenSource {
  let at = 0;
  return {
    size: bytes.length,
    fault: undefined,
    read(into) {
      const part = bytes.subarray(at, at + Math.min(piece, into.length));
      into.set(part);
      at += part.length;
      return part.length;
    },
    close: () => undefined,
  };
}

/** Bytes of the header of a trace, for those who cut one. */
export const HEADER_BYTES = FILE_HEADER_LENGTH;
