import { expect, test } from 'vitest';
import { TerminalDevice, type ChipInfo, type PrintResult } from '../../src/device/terminal.ts';
import type { Result } from '../../src/fault.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { NAK, SYN } from '../../src/wire/packet.ts';
import { ManualTimers } from '../device/bench.ts';
import { card } from '../runtime/counter.ts';
import { seeded } from '../runtime/world.ts';

/** Driver and virtual terminal on a line that `down` and `up` may change: they get a copy and return what arrives. */
function pair() {
  const timers = new ManualTimers();
  const slips: string[] = [];
  const queue: (() => void)[] = [];
  const line = {
    down: (bytes: Uint8Array): Uint8Array => bytes,
    up: (bytes: Uint8Array): Uint8Array => bytes,
    naks: 0,
  };
  const terminal: VirtualTerminal = new VirtualTerminal({
    timers,
    entropy: seeded(5),
    tmk: new Uint8Array(16).fill(0x11),
    serialNumber: 'VT1',
    panel: true,
    write: bytes => {
      const arrived = line.up(bytes.slice());
      queue.push(() => device.received(arrived));
    },
    onSlip: slip => slips.push(slip.text),
  });
  const device: TerminalDevice = new TerminalDevice({
    timers,
    write: bytes => {
      if (bytes.length === 1 && bytes[0] === NAK) line.naks++;
      const arrived = line.down(bytes.slice());
      queue.push(() => terminal.received(arrived));
    },
  });
  const pump = (): void => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) step();
  };
  /** Virtual milliseconds until the answer, and the answer. */
  const call = <T>(start: (done: (result: T) => void) => void): { result: T; ms: number } => {
    const from = timers.now;
    let result: T | undefined;
    start(r => (result = r));
    pump();
    while (result === undefined && timers.now - from < 600_000) {
      timers.advance(50);
      pump();
    }
    if (result === undefined) throw new Error('no answer within ten minutes');
    return { result, ms: timers.now - from };
  };
  device.lineUp();
  expect(call<Result<unknown>>(done => device.connect(done)).result.ok).toBe(true);
  return { timers, terminal, device, line, slips, call };
}

const text = Array.from({ length: 60 }, (_, i) => `line ${i} of a long slip`).join('\n');
const document = new Uint8Array(Buffer.concat([Buffer.from(`${text}\n`), Buffer.from('1d564200', 'hex')]));

test('a line that lets no packet over 200 bytes through still prints, in short parts, each once', () => {
  const p = pair();
  p.line.down = bytes => {
    if (bytes.length > 200) bytes[20] ^= 1;
    return bytes;
  };
  const refused = (): number => p.device.counters.naksReceived;
  const before = refused();
  const first = p.call<PrintResult>(done => p.device.print(document, done));
  expect(first.result.ok).toBe(true);
  expect(p.slips.map(slip => slip.trim())).toEqual([text]);
  // What was learned holds for the next document, and fades on a line that is sound again.
  const learning = refused() - before;
  p.call<PrintResult>(done => p.device.print(document, done));
  expect(refused() - before - learning).toBeLessThan(learning / 3);
  p.line.down = bytes => bytes;
  for (let n = 0; n < 40; n++) p.call<PrintResult>(done => p.device.print(document, done));
  const sent = p.device.counters.sent;
  p.call<PrintResult>(done => p.device.print(document, done));
  expect(p.device.counters.sent - sent).toBe(Math.ceil(document.length / 980));
  expect(new Set(p.slips.map(slip => slip.trim()))).toEqual(new Set([text]));
});

test('a part that the terminal may have printed keeps its bytes: nothing is on paper twice', () => {
  const p = pair();
  let long = 0;
  let lose = 0;
  // The first long part arrives and its ACK and answer are lost; then the terminal refuses it three times.
  p.line.down = bytes => {
    if (bytes.length < 200) return bytes;
    long++;
    if (long === 1) lose = 2;
    else if (long <= 4) bytes[20] ^= 1;
    return bytes;
  };
  p.line.up = bytes => (lose > 0 && lose-- > 0 ? new Uint8Array(0) : bytes);
  const printed = p.call<PrintResult>(done => p.device.print(document, done));
  expect(printed.result.ok).toBe(true);
  expect(long).toBeGreaterThan(4);
  expect(p.slips.map(slip => slip.trim())).toEqual([text]);
});

test('the answer of a waiting command whose first byte was damaged is asked for again after ten seconds', () => {
  const p = pair();
  let damage = 1;
  p.line.up = bytes => {
    if (bytes.length > 20 && bytes[0] === SYN && damage-- > 0) bytes[0] ^= 0x40;
    return bytes;
  };
  p.terminal.insert(card('chip'));
  const request = {
    amountMinor: 100,
    date: '261121',
    time: '140000',
    transactionType: 0,
    tagList: new Uint8Array(0),
    contactless: false,
    timeoutSeconds: 60,
    currency: '156',
  };
  const chip = p.call<Result<ChipInfo>>(done => p.device.readChip(request, done));
  expect(chip.result.ok).toBe(true);
  expect(p.line.naks).toBe(1);
  expect(chip.ms).toBeLessThan(11_000);
});
