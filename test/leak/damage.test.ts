import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { standInOf } from '../../src/card/stand-in.ts';
import { openRunTrace } from '../../src/cli/run-trace.ts';
import { LineRedactor } from '../../src/device/redact.ts';
import { compileFieldPlan, type FieldPlan } from '../../src/iso8583/plan.ts';
import { openByteSource } from '../../src/node/trace-file.ts';
import { Kind } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { MessageRedactor } from '../../src/trace/redact-message.ts';
import { PacketEvent, PacketReceiver } from '../../src/wire/packet.ts';
import { value } from '../runtime/counter.ts';
import { Person } from './day.ts';
import { newFolder } from './outputs.ts';
import { LeakIndex } from './search.ts';

/** What a trace must hide that no search for whole secrets finds, and what it hides when the bytes are not right. */

const folder = newFolder();
const TRACE = join(folder, 'counter.p85t');
const standIn = standInOf(new Uint8Array(16).fill(9), 2611);
const BY_LENGTH = 2;
let person: Person;
let index: LeakIndex;
let plan: FieldPlan;
/** Packets of the terminal with card data in them. */
const packets: Uint8Array[] = [];

beforeAll(() => {
  const journal = join(folder, 'journal.db');
  writeFileSync(`${journal}.key`, new Uint8Array(32).fill(3), { mode: 0o600 });
  const recorded = value(
    openRunTrace({ trace: TRACE, traceMax: '64', traceKeep: '1', journal }, f => {
      throw new Error(f.cause);
    }),
  );
  person = new Person(10, 31, { recording: () => recorded.recording });
  const { cable, profile } = person.counter;
  const fromTerminal = cable.fromTerminal.bind(cable);
  const all: Uint8Array[] = [];
  cable.fromTerminal = bytes => {
    all.push(bytes.slice());
    fromTerminal(bytes);
  };
  person.serve();
  recorded.close();
  index = new LeakIndex(person.secrets);
  plan = value(compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions));
  packets.push(...all.filter(bytes => index.search(bytes).leaks.length > 0));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** All single-bit flips, and each byte left out. */
function* damaged(bytes: Uint8Array): Generator<readonly [string, Uint8Array]> {
  for (let i = 0; i < bytes.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice();
      flipped[i] ^= 1 << bit;
      yield [`bit ${bit} of byte ${i}`, flipped];
    }
    yield [`byte ${i} gone`, Uint8Array.from([...bytes.subarray(0, i), ...bytes.subarray(i + 1)])];
    yield [`cut before byte ${i}`, bytes.slice(0, i)];
  }
}

describe('bytes that are not right', () => {
  test('the terminal line: nothing of a card comes through, wherever a packet is damaged', () => {
    const longest = [...packets].sort((a, b) => b.length - a.length);
    expect(longest.length).toBeGreaterThan(5);
    const clear: string[] = [];
    for (const packet of [longest[0], longest[longest.length >> 1]])
      for (const [damage, bytes] of damaged(packet)) {
        const redactor = new LineRedactor(standIn, 'fromTerminal');
        redactor.take(bytes, 0, bytes.length);
        redactor.abandon();
        for (const { secret, form } of index.search(bytes).leaks)
          clear.push(`${damage} of ${packet.length}: ${secret}, ${form}`);
      }
    expect(clear.slice(0, 20)).toEqual([]);
  });

  test('the acquirer line: the same for messages', () => {
    const { messages } = person.counter.network;
    const redactor = new MessageRedactor(plan, plan.framing, standIn);
    const chosen = ['0200', '0320', '0810'].map(mti =>
      messages.find(m => m.mti === mti && index.search(m.bytes).leaks.length > 0),
    );
    const clear: string[] = [];
    for (const message of chosen) {
      if (!message) throw new Error('the day has sales, uploads and keys');
      for (const [damage, bytes] of damaged(message.bytes.subarray(BY_LENGTH))) {
        redactor.redact(bytes, 0, bytes.length);
        for (const { secret, form } of index.search(bytes).leaks)
          clear.push(`${damage} of ${message.mti}: ${secret}, ${form}`);
      }
    }
    expect([clear.length, clear.slice(0, 20)]).toEqual([0, []]);
  });
});

describe('a trace', () => {
  /** Calls `take` for each record. */
  function records(take: (reader: TraceReader, bytes: Uint8Array) => void): void {
    const source = value(openByteSource(TRACE));
    const reader = new TraceReader(source);
    while (reader.next()) take(reader, reader.bytes.subarray(reader.from, reader.to));
    source.close();
  }

  test('has no check sum over what was replaced: 16 bits of a card number are too many', () => {
    const lines = new Map([Kind.lineIn, Kind.lineOut].map(kind => [kind as number, new PacketReceiver()]));
    const seen = { whole: 0, bad: 0 };
    records((reader, bytes) => {
      const line = lines.get(reader.kind);
      if (!line) return;
      for (const byte of bytes) {
        const event = line.push(byte);
        if (event === PacketEvent.packet) seen.whole++;
        if (event === PacketEvent.bad) seen.bad++;
      }
    });
    expect(seen.whole).toBeGreaterThan(100);
    expect(seen.bad).toBe(0);
  });

  test('does not say which digits a password had: neither as keys, nor on the line, nor on the screen', () => {
    let keys = '';
    let line = '';
    let secret = 0;
    const receiver = new PacketReceiver();
    records((reader, bytes) => {
      if (reader.kind === Kind.key) {
        const [, key] = reader.texts();
        keys += /^\d$/.test(key) ? key : ' ';
        if (key === '*') secret++;
      }
      if (reader.kind !== Kind.lineIn) return;
      for (const byte of bytes)
        if (receiver.push(byte) === PacketEvent.packet) {
          const data = Buffer.from(receiver.data.subarray(0, receiver.length)).toString('latin1');
          if (data.startsWith('XEV')) line += /\xe0\x10\x00\x02(\d\d)/.exec(data)?.[1].replace(/^0/, '') ?? '';
        }
    });
    expect(secret).toBeGreaterThan(20);
    // The amount of the first sale is there, and so would be the passwords of 00 and 01.
    for (const typed of [keys, line]) {
      expect(typed).toContain('10000');
      expect(typed).not.toMatch(/246810|9173/);
    }
  });
});
