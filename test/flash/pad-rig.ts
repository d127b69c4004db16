import { readFileSync } from 'node:fs';
import { TerminalDevice, type DeviceInfo } from '../../src/device/terminal.ts';
import { failed, fault, ok, type Result } from '../../src/fault.ts';
import { loadProfile } from '../../src/profile/profile.ts';
import type { Profile } from '../../src/profile/schema.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { ManualTimers } from '../device/bench.ts';
import { readShipped } from '../profile/shipped.ts';

/** The smallest PNG that shows something: 1 × 1 pixel. */
export const PNG = new Uint8Array(
  Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
    'base64',
  ),
);

/** The shipped UnionPay profile with `more` on top, or the first fault. */
export function profileWith(more: object, version = 1): Result<Profile> {
  const source = JSON.stringify({ id: 'pad', version, extends: ['unionpay-pos'], ...more });
  return loadProfile('pad', name => (name === 'pad' ? ok(source) : readShipped(name)));
}

/** The shipped EMV tables as a source has them. */
export const shippedTables = (): { emv: Record<string, unknown> } =>
  JSON.parse(readFileSync(new URL('../../firmware-profiles/base/emv-tables.json', import.meta.url), 'utf8')) as {
    emv: Record<string, unknown>;
  };

/** A profile with the shipped EMV tables. */
export function tableProfile(more: object = {}, version = 1): Profile {
  const profile = profileWith({ ...shippedTables(), ...more }, version);
  if (!profile.ok) throw new Error(profile.fault.cause);
  return profile.value;
}

/** A plain pad and a driver on a line without time; the line may be damaged or cut. */
export class PadRig {
  readonly timers = new ManualTimers();
  readonly terminal: VirtualTerminal;
  readonly device: TerminalDevice;
  /** Names of the commands that reached the pad, in order; its tables and pictures are in `terminal`. */
  readonly commands: string[] = [];
  /** Called before bytes of the host reach the pad; false swallows them. */
  toPad: (command: string) => boolean = () => true;
  /** Called before bytes of the pad reach the host; false swallows them. */
  toHost: (answer: string) => boolean = () => true;

  constructor(options: { panel?: boolean; strict?: boolean } = {}) {
    this.terminal = new VirtualTerminal({
      timers: this.timers,
      entropy: { fill: bytes => void bytes.fill(7) },
      tmk: new Uint8Array(16).fill(0x11),
      serialNumber: 'PAD00001',
      panel: options.panel ?? false,
      strict: options.strict ?? false,
      write: bytes => {
        const copy = bytes.slice();
        queueMicrotask(() => {
          if (this.toHost(Buffer.from(copy.subarray(1, 7)).toString('latin1'))) this.device.received(copy);
        });
      },
    });
    this.device = new TerminalDevice({
      timers: this.timers,
      write: bytes => {
        const copy = bytes.slice();
        queueMicrotask(() => {
          const name = copy[0] === 0x16 ? Buffer.from(copy.subarray(1, 4)).toString('latin1') : '';
          if (name !== '') this.commands.push(name);
          if (this.toPad(name)) this.terminal.received(copy);
        });
      },
    });
    this.device.lineUp();
  }

  async connect(): Promise<DeviceInfo> {
    const result = await this.run(new Promise<Result<DeviceInfo>>(resolve => this.device.connect(resolve)));
    if (!result.ok) throw new Error(result.fault.cause);
    this.commands.length = 0;
    return result.value;
  }

  /** Lets virtual time pass until `work` is over. */
  async run<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const watched = work.finally(() => {
      over = true;
    });
    for (let i = 0; !over && i < 200_000; i++) {
      // Whatever is on its way arrives before time goes on.
      for (let j = 0; j < 50 && !over; j++) await Promise.resolve();
      if (!over && i % 4 === 3) this.timers.advance(100);
    }
    if (!over) throw new Error('it does not end');
    return watched;
  }
}

export const cut = (): Result<never> => failed(fault('E_CLOSED', 'cut', '', ''));
