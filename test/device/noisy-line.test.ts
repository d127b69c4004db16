import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/fault.ts';
import { TerminalDevice, type DeviceInfo, type PanelEvent, type PrintResult } from '../../src/device/terminal.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { ManualTimers } from './bench.ts';

/** Numbers from a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The virtual terminal, written by others from the contract, on a line that flips bits; all in virtual time. */
function world(seed: number, bitErrors: number) {
  const next = random(seed);
  const timers = new ManualTimers();
  const slips: string[] = [];
  const queue: (() => void)[] = [];
  const noisy = (bytes: Uint8Array): Uint8Array =>
    bytes.map(byte => {
      let out = byte;
      for (let bit = 0; bit < 8; bit++) if (next() < bitErrors) out ^= 1 << bit;
      return out;
    });
  const terminal: VirtualTerminal = new VirtualTerminal({
    timers,
    entropy: { fill: bytes => void bytes.forEach((_, i) => (bytes[i] = Math.floor(next() * 256))) },
    tmk: new Uint8Array(16).fill(0x11),
    serialNumber: 'VT1',
    panel: true,
    write: bytes => {
      const damaged = noisy(bytes);
      queue.push(() => device.received(damaged));
    },
    onSlip: slip => slips.push(slip.text),
  });
  const device: TerminalDevice = new TerminalDevice({
    timers,
    write: bytes => {
      const damaged = noisy(bytes);
      queue.push(() => terminal.received(damaged));
    },
  });
  const pump = (): void => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) step();
  };
  const call = <T>(start: (done: (result: T) => void) => void): T => {
    let result: T | undefined;
    start(r => (result = r));
    pump();
    for (let waited = 0; result === undefined && waited < 600_000; waited += 50) {
      timers.advance(50);
      pump();
    }
    if (result === undefined) throw new Error('no result within ten minutes');
    return result;
  };
  const connect = (): boolean => {
    for (let i = 0; i < 20; i++) if (call<Result<DeviceInfo>>(done => device.connect(done)).ok) return true;
    return false;
  };
  device.lineUp();
  return { next, terminal, device, pump, call, connect, slips };
}

const KEYS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;

describe.each([0, 1e-4, 5e-4])('at a bit error rate of %s', rate => {
  test('each key pressed arrives once and in order, whatever is cancelled', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const w = world(seed, rate);
      expect(w.connect()).toBe(true);
      let pressed = '';
      let arrived = '';
      const take = (r: Result<PanelEvent>): void => {
        if (r.ok && r.value.kind === 'key') arrived += r.value.key;
      };
      for (let n = 0; n < 30; n++) {
        take(
          w.call<Result<PanelEvent>>(done => {
            w.device.waitEvent({ keypad: true }, { timeoutSeconds: 20 }, done);
            if (w.next() < 0.5) w.pump();
            if (w.next() < 0.8) {
              const key = KEYS[Math.floor(w.next() * 10)];
              pressed += key;
              w.terminal.pressKey(key);
            }
            if (w.next() < 0.5) w.pump();
            if (w.next() < 0.4) w.device.cancelWait(() => undefined);
          }),
        );
      }
      for (let n = 0; n < 10; n++) {
        take(w.call(done => w.device.waitEvent({ keypad: true }, { timeoutSeconds: 0 }, done)));
      }
      expect([seed, arrived]).toEqual([seed, pressed]);
    }
  });

  test('each slip is on paper once, with every line', () => {
    for (let seed = 1; seed <= 6; seed++) {
      const w = world(seed, rate);
      expect(w.connect()).toBe(true);
      const wanted: string[] = [];
      for (let n = 0; n < 4; n++) {
        const lines = Array.from({ length: 60 }, (_, i) => `slip ${n} line ${i} of this seed`);
        wanted.push(lines.join('\n'));
        const bytes = new Uint8Array(
          Buffer.concat([Buffer.from(`${lines.join('\n')}\n`), Buffer.from('1d564200', 'hex')]),
        );
        let result = w.call<PrintResult>(done => w.device.print(bytes, done));
        for (let tries = 0; !result.ok && tries < 20; tries++) {
          result = w.call<PrintResult>(done => w.device.resumePrint(done));
        }
        expect(result.ok).toBe(true);
      }
      expect(w.slips.map(text => text.trim())).toEqual(wanted);
    }
  });
});
