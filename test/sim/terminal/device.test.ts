import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  TerminalDevice,
  type ChipInfo,
  type DeviceInfo,
  type FinishResult,
  type GoResult,
  type PanelEvent,
  type PinResult,
  type Tracks,
} from '../../../src/device/terminal.ts';
import type { Result } from '../../../src/fault.ts';
import { fromHex, hex } from '../../../src/sim/terminal/command.ts';
import { VirtualTerminal, type VirtualTerminalOptions } from '../../../src/sim/terminal/terminal.ts';
import { DECK, VirtualTimers, card, toHex } from './bench.ts';

const PIK = fromHex('950973182317F80B950973182317F80B') as Uint8Array;
const MAK = fromHex('F679786E2411E3DEF679786E2411E3DE') as Uint8Array;
const TAGS = fromHex('9F269F279F36959A9F02') as Uint8Array;
/** Delay of the line between the two ends, milliseconds of virtual time. */
const LINE_MS = 1;

/** The runtime's driver and the virtual terminal, written from the same contract by different hands, on one line. */
class Pair {
  readonly timers = new VirtualTimers();
  readonly terminal: VirtualTerminal;
  readonly device: TerminalDevice;
  /** Every n-th byte of either direction is damaged; 0 = none. */
  damageEvery = 0;
  private bytes = 0;
  readonly slips: string[] = [];

  constructor(options: Partial<VirtualTerminalOptions> = {}) {
    this.terminal = new VirtualTerminal({
      timers: this.timers,
      entropy: { fill: bytes => bytes.fill(0x5a) },
      tmk: new Uint8Array(16).fill(0x11),
      serialNumber: 'SIM00000001',
      panel: true,
      write: bytes => this.carry(bytes, arrived => this.device.received(arrived)),
      onSlip: slip => this.slips.push(slip.text),
      ...options,
    });
    this.device = new TerminalDevice({
      timers: this.timers,
      write: bytes => this.carry(bytes, arrived => this.terminal.received(arrived)),
    });
    this.device.lineUp();
  }

  private carry(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const copy = bytes.slice();
    for (let i = 0; i < copy.length; i++)
      if (this.damageEvery > 0 && ++this.bytes % this.damageEvery === 0) copy[i] ^= 0x20;
    this.timers.set(LINE_MS, () => deliver(copy));
  }

  /** Starts a call and lets time pass until it is answered; `meanwhile` happens once the terminal waits. */
  do<T>(call: (done: (result: T) => void) => void, meanwhile?: () => void): T {
    let result: { value: T } | undefined;
    call(value => {
      result = { value };
    });
    this.timers.run(10);
    meanwhile?.();
    for (let i = 0; i < 2000 && !result; i++) this.timers.run(50);
    if (!result) throw new Error('no answer in 100 s');
    return result.value;
  }

  value<T>(call: (done: (result: Result<T>) => void) => void, meanwhile?: () => void): T {
    const result = this.do(call, meanwhile);
    if (!result.ok) throw new Error(`${result.fault.name}: ${result.fault.cause}`);
    return result.value;
  }

  connect(): DeviceInfo {
    return this.value<DeviceInfo>(done => this.device.connect(done));
  }
}

describe('with the driver of the runtime', () => {
  test('connects, shows, waits for keys and cards', () => {
    const pair = new Pair();
    const info = pair.connect();
    expect(info.panel).toMatchObject({ rows: 4, columns: 16, charset: 'GBK', printColumns: 32 });
    pair.value<void>(done => pair.device.showScreen(['消费', '请输入金额', '', '0.00'], 1, done));
    expect(pair.terminal.screenState()).toEqual({ lines: ['消费', '请输入金额', '', '0.00'], reverse: 1 });
    const event = (meanwhile: () => void): PanelEvent =>
      pair.value<PanelEvent>(
        done =>
          pair.device.waitEvent(
            { keypad: true, magnetic: true, chip: true, contactless: true, scanner: true },
            { flush: true },
            done,
          ),
        meanwhile,
      );
    expect(event(() => pair.terminal.pressKey('00'))).toEqual({ kind: 'key', key: '00' });
    expect(event(() => pair.terminal.swipe(card('swipe')))).toEqual({ kind: 'swiped' });
    const tracks = pair.value<Tracks>(done => pair.device.readTracks(done));
    expect(hex(tracks.track2 ?? new Uint8Array(0))).toMatch(/^6225000000000014D3012101/);
    expect(event(() => pair.terminal.insert(card('chip')))).toEqual({ kind: 'chipInserted' });
    expect(event(() => pair.terminal.remove())).toEqual({ kind: 'chipRemoved' });
    expect(event(() => pair.terminal.scan('6212345'))).toEqual({ kind: 'scanned', text: '6212345' });
    expect(event(() => pair.terminal.tap(card('tap')))).toEqual({ kind: 'contactless' });
  });

  test('chip transaction with PIN, MAC steps, key guard', () => {
    const pair = new Pair();
    pair.connect();
    pair.terminal.insert(card('chip'));
    const read = pair.value<ChipInfo>(done =>
      pair.device.readChip({ amountMinor: 12345, date: '251122', time: '101500', tagList: TAGS, acquirer: 1 }, done),
    );
    expect(read).toMatchObject({ cardType: 'chip', iccStatus: 0, panSequence: '01', label: 'UnionPay Debit' });
    const go = pair.value<GoResult>(
      done => pair.device.emvGo({ acquirer: 1, pinMethod: 1, keyIndex: 1, wrappedKey: PIK, tagList: TAGS }, done),
      () => [...'123456'].forEach(digit => pair.terminal.pressKey(digit as '1')) ?? pair.terminal.pressKey('ENTER'),
    );
    expect(go).toMatchObject({ decision: 'online', signature: false, pin: 'online' });
    expect(go.pinBlock).toHaveLength(8);
    const finish = pair.value<FinishResult>(done =>
      pair.device.emvFinish({ outcome: 'approved', responseCode: '00', tagList: TAGS }, done),
    );
    expect(finish.approved).toBe(true);
    const check = pair.value<Uint8Array>(done =>
      pair.device.encrypt({ method: 'ecb', keyIndex: 1, wrappedKey: PIK, data: new Uint8Array(8) }, done),
    );
    expect(hex(check).slice(0, 8)).toBe('00962B60');
    expect(
      pair.do(done =>
        pair.device.encrypt({ method: 'ecb', keyIndex: 1, wrappedKey: PIK, data: new Uint8Array(16) }, done),
      ),
    ).toMatchObject({ ok: false });
    expect(
      pair.do(done =>
        pair.device.encrypt({ method: 'ecb', keyIndex: 1, wrappedKey: MAK, data: new Uint8Array(16) }, done),
      ),
    ).toMatchObject({ ok: true });
    const pin = pair.value<PinResult>(
      done =>
        pair.device.enterPin(
          { pan: Uint8Array.from(Buffer.from('6225000000000014')), keyIndex: 1, wrappedKey: PIK, min: 0, max: 12 },
          done,
        ),
      () => pair.terminal.pressKey('ENTER'),
    );
    expect(pin).toEqual({ entered: false });
    pair.value<void>(
      done => pair.device.removeCard(undefined, done),
      () => pair.terminal.remove(),
    );
  });

  test('prints over a paper-out and a damaged line without losing or doubling a line', () => {
    const pair = new Pair();
    pair.connect();
    const text = Array.from({ length: 120 }, (_, i) => `line ${String(i).padStart(3, '0')} of the slip\n`).join('');
    const bytes = Uint8Array.from(Buffer.concat([Buffer.from(text), Buffer.from('1D564200', 'hex')]));
    pair.terminal.paper('out');
    expect(pair.do(done => pair.device.print(bytes, done))).toMatchObject({ ok: false, partsPrinted: 0 });
    pair.terminal.paper('ok');
    pair.damageEvery = 1500;
    expect(pair.do(done => pair.device.resumePrint(done))).toMatchObject({ ok: true });
    expect(pair.slips).toEqual([text]);
  });

  test('loads an image over a damaged line, activates it and confirms it', () => {
    const pair = new Pair();
    pair.connect();
    const image = Uint8Array.from({ length: 5000 }, (_, i) => (i * 31) & 0xff);
    const digest = new Uint8Array(createHash('sha256').update(image).digest());
    const { slots } = pair.device;
    expect(pair.value<number>(done => slots.open(image.length, digest, done))).toBe(0);
    pair.damageEvery = 1700;
    for (let at = 0; at < image.length; at += 980)
      pair.value<void>(done => slots.write(at, image.subarray(at, at + 980), done));
    pair.damageEvery = 0;
    pair.value<void>(done => slots.end(done));
    pair.value<void>(done => slots.activate(done));
    pair.device.lineDown();
    pair.timers.run(2000);
    pair.device.lineUp();
    expect(pair.connect().panel?.slots).toMatchObject({
      active: 'B',
      state: 'trial',
      digestB: toHex(String.fromCharCode(...digest)).toLowerCase(),
    });
    pair.value<void>(done => slots.confirm(done));
    expect(pair.connect().panel?.slots?.state).toBe('confirmed');
  });

  test('a cancelled wait loses no key', () => {
    const pair = new Pair();
    pair.connect();
    const seen: string[] = [];
    for (let i = 0; i < 30; i++) {
      let result: Result<PanelEvent> | undefined;
      pair.device.waitEvent({ keypad: true }, {}, event => {
        result = event;
      });
      pair.timers.run(10);
      pair.terminal.pressKey(String(i % 10) as '0');
      pair.timers.run(i % 3);
      pair.do<Result<void>>(done => pair.device.cancelWait(done));
      for (let wait = 0; wait < 100 && !result; wait++) pair.timers.run(50);
      if (result?.ok && result.value.kind === 'key') seen.push(result.value.key);
    }
    for (;;) {
      const event = pair.value<PanelEvent>(done =>
        pair.device.waitEvent({ keypad: true }, { timeoutSeconds: 0 }, done),
      );
      if (event.kind !== 'key') break;
      seen.push(event.key);
    }
    expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => String(i % 10)));
  });

  test('a plain pad: no panel, keys by CEX', () => {
    const pair = new Pair({ panel: false, strict: true });
    const info = pair.connect();
    expect(info.panel).toBeUndefined();
    expect(info).toMatchObject({ serialNumber: 'SIM00000001', specVersion: '2.20', textDisplay: '0416' });
    const event = pair.value<PanelEvent>(
      done => pair.device.waitKey({ timeoutSeconds: 30 }, done),
      () => pair.terminal.pressKey('F2'),
    );
    expect(event).toEqual({ kind: 'key', key: 'F2' });
  });

  test('every card of the deck can be read in the way it is made for', () => {
    for (const entry of DECK.cards.filter(one => one.chip && !one.chip.mute)) {
      const pair = new Pair();
      pair.connect();
      pair.terminal.insert(entry);
      expect(
        pair.value<ChipInfo>(done =>
          pair.device.readChip({ date: '251122', time: '101500', tagList: TAGS, acquirer: 1 }, done),
        ).cardType,
        entry.id,
      ).toBe('chip');
    }
  });
});
