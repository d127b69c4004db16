import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect } from 'vitest';
import type { LocalTime } from '../../../src/hal/hal.ts';
import { bodyOffset, FrameView, sealFrame } from '../../../src/iso8583/frame.ts';
import { MessageBuilder } from '../../../src/iso8583/message-builder.ts';
import { MessageView } from '../../../src/iso8583/message-view.ts';
import { compileFieldPlan, type DialectSource, type FieldPlan } from '../../../src/iso8583/plan.ts';
import { keyCheckMatches } from '../../../src/security/cipher.ts';
import { isKeyMode, parseKeyBlock } from '../../../src/security/key-block.ts';
import { sameMac, unionPayEcbMac } from '../../../src/security/mac.ts';
import { writePinBlock } from '../../../src/security/pin-block.ts';
import { encryptTrack } from '../../../src/security/track.ts';
import { Acquirer, type AcquirerOptions, DEFAULT_TERMINAL, type Reply } from '../../../src/sim/acquirer/acquirer.ts';
import { Ledger, ledgerSummary } from '../../../src/sim/acquirer/ledger.ts';
import { desEncrypt, runWithSoftwareKeys, softwareCipher, unwrapKey } from '../../../src/sim/keys.ts';

/** A hand-driven till: builds requests with the real codec, checks and reads answers, and counts as a terminal would. */
export const PAN = '6225000000000014';
export const OTHER_PAN = '6225000000000022';
export const TMK = new Uint8Array(16).fill(0x11);
/** 2026-11-21 14:03:22 in UTC, which is this shop's local time. */
export const NOON_MS = Date.UTC(2026, 10, 21, 14, 3, 22);
export const TODAY = '1121';

const TPDU = new Uint8Array([0x60, 0x00, 0x06, 0x00, 0x00]);
const HEADER = new Uint8Array([0x60, 0x31, 0x00, 0x31, 0x00, 0x00]);

const source = JSON.parse(
  readFileSync(new URL('../../../firmware-profiles/base/unionpay-pos.json', import.meta.url), 'utf8'),
) as { dialect: DialectSource };
const compiled = compileFieldPlan(source.dialect);
if (!compiled.ok) throw new Error(compiled.fault.cause);
export const plan: FieldPlan = compiled.value;

export function localUtc(ms: number): LocalTime {
  const date = new Date(ms);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
  };
}

/** Bytes that look random and are the same in every run. */
export function seededEntropy(seed: number): { fill(bytes: Uint8Array): void } {
  let state = seed;
  return {
    fill(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        bytes[i] = state >>> 24;
      }
    },
  };
}

export interface Answer {
  readonly mti: string;
  readonly fields: Record<string, string>;
  readonly frame: Uint8Array;
  /** True, false, or undefined without field 64. */
  readonly macRight: boolean | undefined;
}

export interface Ask {
  readonly mti: number;
  readonly fields: Record<string, string>;
  readonly mac?: boolean;
}

export class Till {
  readonly ledger: Ledger;
  acquirer: Acquirer;
  readonly lines: string[] = [];
  nowMs = NOON_MS;
  trace = 100;
  batch = '000001';
  tid = DEFAULT_TERMINAL.tid;
  mid = DEFAULT_TERMINAL.mid;
  keys: { pik: Uint8Array; mak: Uint8Array; tdk?: Uint8Array } | undefined;
  private readonly more: Partial<AcquirerOptions>;

  constructor(more: Partial<AcquirerOptions> = {}, path = ':memory:') {
    this.more = more;
    this.ledger = more.ledger ?? new Ledger(new DatabaseSync(path));
    this.acquirer = this.make();
  }

  make(): Acquirer {
    return new Acquirer({
      plan,
      ledger: this.ledger,
      entropy: seededEntropy(1),
      local: localUtc,
      masterKey: TMK,
      terminals: [DEFAULT_TERMINAL],
      log: line => this.lines.push(line),
      ...this.more,
    });
  }

  nextTrace(): string {
    this.trace++;
    return String(this.trace).padStart(6, '0');
  }

  /** A request as bytes; field values as the codec's texts. */
  frame({ mti, fields, mac = true }: Ask): Uint8Array {
    const out = new Uint8Array(4096);
    const at = bodyOffset(plan.framing);
    const builder = new MessageBuilder(plan);
    builder.begin(out, at, mti);
    for (const field of Object.keys(fields)
      .map(Number)
      .sort((a, b) => a - b))
      builder.value(field, fields[String(field)]);
    const macAt = mac ? builder.reserveMac() : -1;
    const end = builder.finish();
    if (end < 0) throw new Error(`request does not encode: status ${-end}, field ${builder.errorField}`);
    if (macAt >= 0)
      runWithSoftwareKeys(
        unionPayEcbMac(out, at, macAt, out, macAt),
        softwareCipher({ MAK: this.keys?.mak ?? new Uint8Array(8) }),
      );
    return out.slice(0, sealFrame(plan.framing, out, 0, end - at, TPDU, HEADER));
  }

  send(ask: Ask): Reply {
    return this.acquirer.handle(this.frame(ask), this.nowMs);
  }

  /** Sends and reads the one answer. */
  ask(ask: Ask): Answer {
    const reply = this.send(ask);
    expect(reply.answers).toHaveLength(1);
    expect(reply.close ?? false).toBe(false);
    return this.read(reply.answers[0].bytes);
  }

  /** Reads an answer: to the last byte, TPDU swapped, header as sent. */
  read(frame: Uint8Array): Answer {
    const view = new MessageView(plan);
    const opened = new FrameView();
    expect(opened.open(plan.framing, frame, 0, frame.length)).toBe(0);
    expect(Buffer.from(frame.subarray(2, 7)).toString('hex')).toBe('6000000006');
    expect(Buffer.from(frame.subarray(7, 13)).toString('hex')).toMatch(/^60310.310000$/);
    expect([view.decode(frame, opened.bodyStart, opened.bodyEnd), view.errorField]).toEqual([0, 0]);
    const fields: Record<string, string> = {};
    for (let field = 2; field <= 63; field++) if (view.has(field)) fields[String(field)] = view.text(field);
    let macRight: boolean | undefined;
    if (view.has(64) && this.keys !== undefined) {
      const expected = new Uint8Array(8);
      runWithSoftwareKeys(
        unionPayEcbMac(frame, opened.bodyStart, view.offset(64), expected),
        softwareCipher({ MAK: this.keys.mak }),
      );
      macRight = sameMac(expected, 0, frame, view.offset(64));
    }
    return { mti: view.mti.toString(16).padStart(4, '0'), fields, frame, macRight };
  }

  base(type60: string, info = '000', more = '50'): Record<string, string> {
    return { '11': this.nextTrace(), '41': this.tid, '42': this.mid, '60': `${type60}${this.batch}${info}${more}` };
  }

  signOn(mode = '003'): Answer {
    const answer = this.ask({ mti: 0x0800, fields: { ...this.base('00', mode, ''), '63': '001' }, mac: false });
    if (answer.fields['39'] !== '00' || !isKeyMode(mode)) return answer;
    this.batch = answer.fields['60'].slice(2, 8);
    const bytes = new Uint8Array(Buffer.from(answer.fields['62'], 'hex'));
    const block = parseKeyBlock(bytes, 0, bytes.length, mode, 'terminal');
    if (!block.ok) throw new Error(block.fault.cause);
    const { pik, mak, tdk } = block.value;
    this.keys = {
      pik: unwrapKey(TMK, pik.wrapped),
      mak: unwrapKey(TMK, mak.wrapped),
      ...(tdk === undefined ? {} : { tdk: unwrapKey(TMK, tdk.wrapped) }),
    };
    const cipher = softwareCipher({
      PIK: this.keys.pik,
      MAK: this.keys.mak,
      ...(this.keys.tdk === undefined ? {} : { TDK: this.keys.tdk }),
    });
    expect(runWithSoftwareKeys(keyCheckMatches('PIK', pik.single ? 'left' : 'whole', pik.checkValue), cipher)).toBe(
      true,
    );
    expect(runWithSoftwareKeys(keyCheckMatches('MAK', 'left', mak.checkValue), cipher)).toBe(true);
    if (tdk !== undefined)
      expect(runWithSoftwareKeys(keyCheckMatches('TDK', 'whole', tdk.checkValue), cipher)).toBe(true);
    return answer;
  }

  /** Fields 26, 52, 53 of an entered PIN. */
  pin(pin: string, pan = PAN, control = '2600000000000000'): Record<string, string> {
    const block = new Uint8Array(8);
    const ascii = new TextEncoder();
    writePinBlock(ascii.encode(pin), control.startsWith('1') ? undefined : ascii.encode(pan), block);
    return {
      '26': '12',
      '52': Buffer.from(desEncrypt(this.keys?.pik ?? TMK, block))
        .toString('hex')
        .toUpperCase(),
      '53': control,
    };
  }

  /** Track 2 encrypted under the track key, as field 35. */
  encryptedTrack(track: string): string {
    const bytes = new TextEncoder().encode(track);
    runWithSoftwareKeys(encryptTrack(bytes, bytes.length), softwareCipher({ TDK: this.keys?.tdk ?? TMK }));
    return new TextDecoder().decode(bytes);
  }

  saleAsk(amountMinor: number, more: Record<string, string> = {}): Ask {
    const fields = {
      ...this.base('22'),
      '3': '000000',
      '4': String(amountMinor).padStart(12, '0'),
      '22': '022',
      '25': '00',
      '35': `${PAN}D28121200000012300000`,
      '49': '156',
      '53': '0600000000000000',
      ...more,
    };
    return { mti: 0x0200, fields };
  }

  sale(amountMinor: number, more: Record<string, string> = {}): Answer {
    return this.ask(this.saleAsk(amountMinor, more));
  }

  voidAsk(sale: Answer, more: Record<string, string> = {}): Ask {
    const fields: Record<string, string> = {
      ...this.base('23'),
      '2': PAN,
      '3': '200000',
      '4': sale.fields['4'],
      '14': '2812',
      '22': '012',
      '25': '00',
      '37': sale.fields['37'],
      '38': sale.fields['38'],
      '49': '156',
      '61': this.batch + sale.fields['11'],
      ...more,
    };
    return { mti: 0x0200, fields };
  }

  void(sale: Answer, more: Record<string, string> = {}): Answer {
    return this.ask(this.voidAsk(sale, more));
  }

  refundAsk(sale: Answer, amountMinor: number, more: Record<string, string> = {}): Ask {
    const fields = {
      ...this.base('25'),
      '3': '200000',
      '4': String(amountMinor).padStart(12, '0'),
      '22': '022',
      '25': '00',
      '35': `${PAN}D28121200000012300000`,
      '37': sale.fields['37'],
      '49': '156',
      '53': '0600000000000000',
      '61': `000000000000${sale.fields['13']}`,
      '63': '000',
      ...more,
    };
    return { mti: 0x0220, fields };
  }

  refund(sale: Answer, amountMinor: number, more: Record<string, string> = {}): Answer {
    return this.ask(this.refundAsk(sale, amountMinor, more));
  }

  /** The reversal of a request: same trace, batch and amount. */
  reversalAsk(of: Ask, reason = '98', more: Record<string, string> = {}): Ask {
    const fields: Record<string, string> = { '39': reason };
    for (const field of ['2', '3', '4', '11', '14', '22', '25', '41', '42', '49', '60', '61'])
      if (of.fields[field] !== undefined) fields[field] = of.fields[field];
    return { mti: 0x0400, fields: { ...fields, ...more } };
  }

  reverse(of: Ask, reason = '98', more: Record<string, string> = {}): Answer {
    return this.ask(this.reversalAsk(of, reason, more));
  }

  /** States of the booked transactions, oldest first. */
  states(): string[] {
    return ledgerSummary(this.ledger.db).rows.map(row => `${row.kind} ${row.state} ${row.amountMinor}`);
  }

  net(): number {
    return ledgerSummary(this.ledger.db).netMinor.get(`${this.tid} ${this.mid}`) ?? 0;
  }

  balance(): number {
    const answer = this.ask({
      mti: 0x0200,
      fields: {
        ...this.base('01'),
        '3': '310000',
        '22': '022',
        '25': '00',
        '35': `${PAN}D28121200000012300000`,
        '49': '156',
        '53': '0600000000000000',
      },
    });
    expect(answer.fields['39']).toBe('00');
    return Number(answer.fields['54'].slice(8)) * (answer.fields['54'][7] === 'C' ? 1 : -1);
  }
}

/** A till that is signed on. */
export function signedOn(more: Partial<AcquirerOptions> = {}): Till {
  const till = new Till(more);
  expect(till.signOn().fields['39']).toBe('00');
  return till;
}
