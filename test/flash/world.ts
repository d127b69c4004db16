import { createHash } from 'node:crypto';
import { TerminalDevice } from '../../src/device/terminal.ts';
import { failed, fault, ok, type Result } from '../../src/fault.ts';
import { flash } from '../../src/flash/flasher.ts';
import type { FlashOutcome, FlashProgress, FlashTest } from '../../src/flash/types.ts';
import { RamSlotMemory, type SlotMemory } from '../../src/sim/terminal/slot-memory.ts';
import type { ImageCheck, SlotName } from '../../src/sim/terminal/slots.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { type Process, Timeline, timersOf } from '../simulation/timeline.ts';

/** Delay of the line between its two ends, milliseconds of virtual time. */
const LINE_MS = 1;
/** Between the loss of power and its return. */
const POWER_OFF_MS = 2500;
/** Between the death of the host and the start of the next one. */
const HOST_OFF_MS = 800;
/** Longer than any flash with its falling back may take, virtual. */
const PATIENCE_MS = 3_600_000;

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
export const sha = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

/** Power is gone in the middle of a write. */
class PowerCut extends Error {}

/** A memory chip: what is written before a cut stays, what comes after it never was. */
class CutMemory implements SlotMemory {
  readonly chip = new RamSlotMemory();
  /** Bytes written since the start. */
  written = 0;
  /** Power goes after so many bytes. */
  cutAt = Infinity;

  read(at: number, length: number): Uint8Array {
    return this.chip.read(at, length);
  }

  write(at: number, bytes: Uint8Array): void {
    const whole = this.cutAt - this.written;
    if (whole < bytes.length) {
      this.chip.write(at, bytes.subarray(0, whole));
      this.written += whole;
      this.cutAt = Infinity;
      throw new PowerCut();
    }
    this.chip.write(at, bytes);
    this.written += bytes.length;
  }
}

/**
 * What is cut, and when: at the n-th event of the line (a piece of bytes reaches one end), or after the n-th byte that the
 * terminal writes into its memory.
 */
export interface Cut {
  readonly what: 'power' | 'memory' | 'host' | 'line' | 'hangup';
  readonly at: number;
  /** How long a dropped line stays down. */
  readonly ms?: number;
}

export interface WorldOptions {
  /** Images that the terminal may run. */
  readonly signed: readonly Uint8Array[];
  readonly installed: Uint8Array;
  readonly check: ImageCheck;
  /** A test that does not pass. */
  readonly failing?: FlashTest;
  /** A terminal that answers 000 to XLE and holds another image all the same. */
  readonly stale?: Uint8Array;
}

/**
 * One terminal, its line and the host that flashes it, in virtual time. Everything may be cut at any place; the laws are
 * looked at at every start of the terminal and at each of its XLA and XLC, and kept as {@link breaches}.
 */
export class World {
  readonly timeline = new Timeline();
  readonly memory = new CutMemory();
  readonly breaches: string[] = [];
  readonly progress: FlashProgress[] = [];
  /** Cuts that have happened. */
  struck = 0;
  /** Pieces of bytes that have reached an end of the line. */
  events = 0;
  /** What the terminal started since it was made: digests in order. */
  readonly started: string[] = [];
  terminal: VirtualTerminal;
  private options: WorldOptions;
  private power: Process = { dead: false };
  private host: Process = { dead: true };
  private device: TerminalDevice | undefined;
  private cuts: Cut[] = [];
  private lineDownUntilMs = 0;
  private hungUp = false;
  private passed = new Set<FlashTest>();
  private wanted = '';

  constructor(options: WorldOptions) {
    this.options = options;
    this.terminal = this.powerOn();
    this.terminal.slots.install('A', options.installed);
    this.look('factory');
  }

  /** Digest of the image that runs; '' when none does. */
  get active(): string {
    const { slots } = this.terminal;
    const digest = slots.digest(slots.active);
    return digest ? hexOf(digest) : '';
  }

  get state(): 'C' | 'T' {
    return this.terminal.slots.state;
  }

  /** Cuts of the flashes from now on, in the order of their place. */
  plan(cuts: readonly Cut[]): void {
    this.memory.cutAt = Infinity;
    this.lineDownUntilMs = 0;
    this.hungUp = false;
    this.cuts = cuts.map(cut => ({
      ...cut,
      at: cut.at + (cut.what === 'memory' ? this.memory.written : this.events),
    }));
    this.armMemory();
  }

  /**
   * Flashes until it ends; a host that is killed starts again. `tries`: hosts at most; undefined when the last one was
   * killed too.
   */
  flash(image: Uint8Array, tries = 12): Result<FlashOutcome> | undefined {
    for (let i = 0; i < tries; i++) {
      const result = this.attempt(image);
      if (result) return result;
      this.pass(HOST_OFF_MS);
    }
    return undefined;
  }

  /** All tests pass from now on. */
  heal(): void {
    const { failing: _, ...rest } = this.options;
    this.options = rest;
  }

  /** Lets time pass. */
  pass(ms: number): void {
    let over = false;
    this.timeline.set(ms, () => {
      over = true;
    });
    while (!over) this.step();
  }

  /** Everything ends, and the terminal is switched on once more: what does it run? */
  powerCycle(): void {
    this.host.dead = true;
    this.cutPower();
    this.pass(POWER_OFF_MS + 2000);
  }

  private attempt(image: Uint8Array): Result<FlashOutcome> | undefined {
    const host: Process = { dead: false };
    const timers = timersOf(this.timeline, host);
    const device = new TerminalDevice({
      timers,
      write: bytes => this.carry(bytes, arrived => this.toTerminal(arrived)),
    });
    this.host = host;
    this.device = device;
    device.lineUp();
    this.wanted = hexOf(sha(image));
    let result: Result<FlashOutcome> | undefined;
    const test = (name: FlashTest) => (done: (result: Result<void>) => void) => {
      const passes = this.options.failing !== name;
      timers.set(50, () => {
        if (passes && this.state === 'T' && this.active === this.wanted) this.passed.add(name);
        done(passes ? ok(undefined) : failed(fault('E_FAILURE', 'test-failed', `${name} failed`, 'Try again')));
      });
    };
    // As a tty that hung up: it cannot be opened while it is away, and is opened anew when nothing answered.
    const connect = (done: (result: Result<void>) => void): void => {
      if (this.hungUp && this.timeline.nowMs < this.lineDownUntilMs)
        return void timers.set(1, () => done(failed(fault('E_NOHARDWARE', 'no-such-tty', 'it is away', 'Wait'))));
      if (this.hungUp) device.lineUp();
      this.hungUp = false;
      device.connect(answer => done(answer.ok ? ok(undefined) : answer));
    };
    const begin = (): void => {
      flash(
        device.slots,
        image,
        sha(image),
        { echo: test('echo'), printer: test('printer'), panel: test('panel') },
        { nowMs: () => this.timeline.nowMs, timers, reconnect: connect },
        news => this.progress.push(news),
        value => {
          result = value;
        },
      );
    };
    const first = (): void =>
      connect(answer => {
        if (answer.ok) begin();
        else timers.set(1000, first);
      });
    first();
    const endMs = this.timeline.nowMs + PATIENCE_MS;
    while (!result && !host.dead) {
      this.step();
      if (this.timeline.nowMs > endMs) throw new Error('a flash did not end in an hour of virtual time');
    }
    host.dead = true;
    this.judge(result);
    return result;
  }

  /** What a host says must be so. */
  private judge(result: Result<FlashOutcome> | undefined): void {
    if (!result?.ok) return;
    const { kind } = result.value;
    const runs = this.active === this.wanted && this.state === 'C';
    if (kind === 'fellBack' ? this.active === this.wanted || this.state === 'T' : !runs)
      this.breaches.push(`the host says ${kind}, the terminal runs ${this.active.slice(0, 8)} ${this.state}`);
  }

  private step(): void {
    if (!this.timeline.step()) throw new Error('nothing is left to happen');
  }

  private powerOn(): VirtualTerminal {
    const power: Process = { dead: false };
    this.power = power;
    const terminal: VirtualTerminal = new VirtualTerminal({
      timers: this.guarded(power),
      entropy: { fill: bytes => bytes.fill(0x5a) },
      tmk: new Uint8Array(16).fill(0x11),
      serialNumber: 'SIM00000001',
      panel: true,
      checkImage: this.options.check,
      slotMemory: this.memory,
      write: bytes => {
        if (!power.dead) this.carry(bytes, arrived => this.toHost(arrived));
      },
      onRestart: () => this.look('restart'),
    });
    this.terminal = terminal;
    this.watch(terminal);
    return terminal;
  }

  /** Timers of the terminal: a write into its memory may be cut off in any of them. */
  private guarded(power: Process) {
    const timers = timersOf(this.timeline, power);
    return {
      set: (delayMs: number, fire: () => void) => timers.set(delayMs, () => this.guard(fire)),
      clear: (handle: number) => timers.clear(handle),
    };
  }

  private guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.struck++;
      this.armMemory();
      this.cutPower();
    }
  }

  private watch(terminal: VirtualTerminal): void {
    const { slots } = terminal;
    const activate = slots.activate.bind(slots);
    const confirm = slots.confirm.bind(slots);
    const verify = slots.verify.bind(slots);
    slots.activate = () => {
      const other: SlotName = slots.active === 'A' ? 'B' : 'A';
      const held = slots.digest(other);
      if (held && hexOf(held) !== this.wanted) this.breaches.push('XLA for an image that nobody asked for');
      activate();
    };
    slots.confirm = () => {
      if (slots.state === 'T' && this.passed.size < 3) this.breaches.push('XLC before the tests were passed');
      confirm();
    };
    const { stale } = this.options;
    if (stale)
      slots.verify = () => {
        verify();
        slots.install(slots.active === 'A' ? 'B' : 'A', stale);
      };
  }

  private cutPower(): void {
    if (this.power.dead) return;
    this.power.dead = true;
    this.timeline.set(POWER_OFF_MS, () => this.boot());
  }

  private boot(): void {
    try {
      this.powerOn();
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.struck++;
      this.armMemory();
      this.power.dead = true;
      this.timeline.set(POWER_OFF_MS, () => this.boot());
      return;
    }
    this.look('power');
  }

  /** The laws, looked at each time that the terminal has started. */
  private look(why: string): void {
    const { slots } = this.terminal;
    this.passed.clear();
    this.started.push(this.active);
    const image = slots.image(slots.active);
    if (!image) this.breaches.push(`${why}: the terminal runs no image`);
    else if (!this.options.signed.some(one => hexOf(one) === hexOf(image)))
      this.breaches.push(`${why}: the terminal runs an image that nobody signed`);
  }

  private carry(bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const copy = bytes.slice();
    this.timeline.set(LINE_MS, () => {
      this.events++;
      this.cutNow();
      if (this.timeline.nowMs < this.lineDownUntilMs) return;
      deliver(copy);
    });
  }

  private toTerminal(bytes: Uint8Array): void {
    if (!this.power.dead) this.guard(() => this.terminal.received(bytes));
  }

  private toHost(bytes: Uint8Array): void {
    if (!this.host.dead) this.device?.received(bytes);
  }

  private cutNow(): void {
    while (this.cuts.length > 0 && this.cuts[0].what !== 'memory' && this.cuts[0].at <= this.events) {
      const cut = this.cuts.shift()!;
      this.struck++;
      if (cut.what === 'power') this.cutPower();
      else if (cut.what === 'host') this.host.dead = true;
      else if (cut.what === 'hangup') this.hangUp(cut.ms ?? 100);
      else this.lineDownUntilMs = this.timeline.nowMs + (cut.ms ?? 100);
      this.armMemory();
    }
  }

  /** The tty of the host goes away: it hears of it at once, and cannot open it for a while. */
  private hangUp(ms: number): void {
    this.lineDownUntilMs = this.timeline.nowMs + ms;
    this.hungUp = true;
    if (!this.host.dead) this.device?.lineDown();
  }

  private armMemory(): void {
    const [next] = this.cuts;
    if (next?.what !== 'memory') return;
    this.cuts.shift();
    this.memory.cutAt = Math.max(this.memory.written, next.at);
  }
}
