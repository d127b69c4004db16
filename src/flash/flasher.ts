import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { pause, run, wait, type Task } from '../hal/task.ts';
import { toHex } from '../wire/hex.ts';
import type {
  FlashHal,
  FlashOutcome,
  FlashProgress,
  FlashStep,
  FlashTest,
  FlashTests,
  SlotPort,
  SlotState,
} from './types.ts';

export type * from './types.ts';

/** Longest part of XLR, bytes, and the shortest that a bad line makes of it. */
const PART_MAX = 980;
const PART_MIN = 60;
/** After so many good parts a shortened part grows again. */
const PARTS_TO_GROW = 8;
/** A load that got no further after so many faults in a row is given up. */
const FAULTS_MAX = 6;
/** How often XLA and XLC are tried: each time what the terminal says decides. */
const TRIES = 3;
/** After the answer to XLA the terminal hears nothing for so long (500 ms and the beginning of its restart). */
const RESTART_MS = 700;
/** A restarted terminal answers CAN within 10 s; the rest is for the tries that miss it. */
const RETURN_MS = 25_000;
const RETRY_MS = 250;
/** The terminal leaves an image that is not confirmed in this time. */
const TRIAL_MS = 120_000;
/** Taken off the trial for XLC and its reading back. */
const CONFIRM_SPARE_MS = 15_000;
/** How often a terminal that falls back is asked. */
const POLL_MS = 2000;

/** Refusals that come again however often one asks. */
const FINAL: ReadonlySet<string> = new Set([
  'image-signature',
  'image-not-newer',
  'image-model',
  'parameter-refused',
  'parameter-missing',
  'argument-invalid',
  'feature-missing',
  'command-unknown',
  'terminal-changed',
]);

const CANCELLED = fault('E_EXTENDED', 'flash-cancelled', 'the flashing was stopped', 'Start it again; a load goes on');

/**
 * Brings `image` into the terminal and makes it the one that runs: compare, load into the other slot (a load that was cut off
 * goes on), read the digest back, run it on trial, test, confirm, read back. After every command whose fate is not known
 * the terminal is asked; nothing is assumed. Whatever goes wrong, the terminal keeps or takes back the image from before:
 * before XLA it runs it anyway, and on trial it returns to it by a restart or after 120 s, which is waited for and read back.
 *
 * `digest`: SHA-256 of the whole image, 32 bytes. `done` is called once: with an outcome that was read back, or with a
 * fault when the terminal could not be asked at the end (it then still follows the rule above by itself).
 * `cancel` stops at the next safe place; during the confirmation it comes too late. A second `cancel` gives up waiting.
 */
export function flash(
  port: SlotPort,
  image: Uint8Array,
  digest: Uint8Array,
  tests: FlashTests,
  hal: FlashHal,
  onProgress: (progress: FlashProgress) => void,
  done: (result: Result<FlashOutcome>) => void,
): { cancel(): void } {
  const flasher = new Flasher(port, tests, hal, onProgress, image);
  run(flasher.flash(toHex(digest).toLowerCase(), digest), done);
  return { cancel: () => flasher.cancel() };
}

/** Makes the image of the other slot run again: trial, tests and confirmation as for a new one. Nothing is loaded. */
export function rollback(
  port: SlotPort,
  tests: FlashTests,
  hal: FlashHal,
  onProgress: (progress: FlashProgress) => void,
  done: (result: Result<FlashOutcome>) => void,
): { cancel(): void } {
  const flasher = new Flasher(port, tests, hal, onProgress, new Uint8Array(0));
  run(flasher.rollback(), done);
  return { cancel: () => flasher.cancel() };
}

/** Digest of the slot that runs, and of the other one; '' when there is none. */
export const activeDigest = (slots: SlotState): string => (slots.active === 'A' ? slots.digestA : slots.digestB) ?? '';
export const otherDigest = (slots: SlotState): string => (slots.active === 'A' ? slots.digestB : slots.digestA) ?? '';

class Flasher {
  private readonly port: SlotPort;
  private readonly tests: FlashTests;
  private readonly hal: FlashHal;
  private readonly onProgress: (progress: FlashProgress) => void;
  private readonly image: Uint8Array;
  private step: FlashStep = 'compare';
  private cancels = 0;
  private interrupt: (() => void) | undefined = undefined;
  /** A command may still be in flight that nobody waits for: the line is brought to idle before the next one. */
  private lineInDoubt = false;
  private trialEndMs = 0;
  private held = 0;
  private moved = 0;
  private loadBeganMs = 0;
  private loadMs = 0;

  constructor(
    port: SlotPort,
    tests: FlashTests,
    hal: FlashHal,
    onProgress: (progress: FlashProgress) => void,
    image: Uint8Array,
  ) {
    this.port = port;
    this.tests = tests;
    this.hal = hal;
    this.onProgress = onProgress;
    this.image = image;
  }

  cancel(): void {
    this.cancels++;
    if (this.step !== 'confirm') this.interrupt?.();
  }

  *flash(wanted: string, digest: Uint8Array): Task<Result<FlashOutcome>> {
    this.tell('compare');
    const found = yield* this.settled(wanted);
    if (!found.ok) return found;
    const before = found.value;
    if (before.state === 'confirmed' && activeDigest(before) === wanted) return ok({ kind: 'same' });
    if (before.state === 'trial') return yield* this.prove(wanted);
    const old = activeDigest(before);
    if (otherDigest(before) !== wanted) {
      this.tell('load');
      this.loadBeganMs = this.hal.nowMs();
      const trouble = yield* this.load(digest);
      this.loadMs = this.hal.nowMs() - this.loadBeganMs;
      if (trouble) return yield* this.fallBack(trouble, wanted);
    }
    return yield* this.start(wanted, old);
  }

  *rollback(): Task<Result<FlashOutcome>> {
    this.tell('compare');
    const found = yield* this.ask();
    if (!found.ok) return found;
    if (found.value.state === 'trial') {
      const cause = 'the terminal runs an image on trial and goes back by itself';
      return failed(fault('E_BUSY', 'on-trial', cause, 'Switch the terminal off and on, or wait two minutes'));
    }
    const wanted = otherDigest(found.value);
    if (wanted === '') {
      const cause = `the other slot of the terminal holds no usable image`;
      return failed(fault('E_NOEXIST', 'no-other-image', cause, 'Flash the image that you want'));
    }
    return yield* this.start(wanted, activeDigest(found.value));
  }

  /** What the slots hold once no foreign trial runs any more. A trial of `wanted` is one that an earlier try left. */
  private *settled(wanted: string): Task<Result<SlotState>> {
    const endMs = this.hal.nowMs() + TRIAL_MS + RETURN_MS;
    this.trialEndMs = this.hal.nowMs() + TRIAL_MS;
    for (;;) {
      const slots = yield* this.ask();
      if (!slots.ok || slots.value.state === 'confirmed' || activeDigest(slots.value) === wanted) return slots;
      if (this.cancels > 0) return failed(CANCELLED);
      if (this.hal.nowMs() > endMs) {
        const cause = 'the terminal runs another image on trial and does not leave it';
        return failed(fault('E_TIMEOUT', 'trial-stays', cause, 'Switch the terminal off and on, then start again'));
      }
      this.tell('compare');
      yield* this.rest(POLL_MS);
    }
  }

  /** Loads the image; gives what stopped it, or undefined when the terminal has found it whole and right. */
  private *load(digest: Uint8Array): Task<Fault | undefined> {
    const { image, port } = this;
    let furthest = -1;
    let faults = 0;
    let part = PART_MAX;
    let good = 0;
    let began = false;
    let damaged = 0;
    for (;;) {
      if (this.cancels > 0) return CANCELLED;
      const opened = yield* this.command<number>(done => port.open(image.length, digest, done));
      let trouble = opened.ok ? undefined : opened.fault;
      if (opened.ok) {
        if (opened.value > image.length) return heldTooMuch(opened.value, image.length);
        this.held = opened.value;
        if (!began) this.loadBeganMs = this.hal.nowMs();
        began = true;
        this.tell('load');
        while (this.held < image.length && !trouble) {
          if (this.cancels > 0) return CANCELLED;
          const data = image.subarray(this.held, this.held + part);
          const written = yield* wait<Result<void>>(resume => port.write(this.held, data, resume));
          if (written.ok) {
            this.held += data.length;
            this.moved += data.length;
            if (++good % PARTS_TO_GROW === 0) part = Math.min(PART_MAX, part * 2);
            this.tell('load');
          } else trouble = written.fault;
        }
        if (!trouble) {
          const ended = yield* wait<Result<void>>(resume => port.end(resume));
          if (ended.ok) return undefined;
          trouble = ended.fault;
        }
      }
      if (!trouble || FINAL.has(trouble.name)) return trouble;
      // The whole image came and is another one: once that may be the line, twice it is not.
      if (trouble.name === 'image-digest' && ++damaged > 1) return trouble;
      // Whole packets do not get over a bad line; shorter ones do.
      if (trouble.name === 'refused-three-times') part = Math.max(PART_MIN, part >> 1);
      good = 0;
      // A terminal that has lost what it held and begins again is not further than it was.
      faults = this.held > furthest ? 1 : faults + 1;
      furthest = Math.max(furthest, this.held);
      if (faults > FAULTS_MAX) return trouble;
    }
  }

  /** Reads the digest of the loaded slot back, then trial, tests and confirmation. */
  private *start(wanted: string, old: string): Task<Result<FlashOutcome>> {
    this.tell('readBack');
    const loaded = yield* this.ask();
    if (!loaded.ok) return yield* this.fallBack(loaded.fault, wanted);
    if (otherDigest(loaded.value) !== wanted) return yield* this.fallBack(notHeld(loaded.value, wanted), wanted);
    const trouble = yield* this.activate(wanted, old);
    if (trouble) return yield* this.fallBack(trouble, wanted);
    return yield* this.prove(wanted);
  }

  /** XLA and the restart. Whatever the answer was: the state that the terminal tells afterwards counts. */
  private *activate(wanted: string, old: string): Task<Fault | undefined> {
    const { port } = this;
    let trouble: Fault = CANCELLED;
    for (let i = 0; i < TRIES; i++) {
      this.tell('activate');
      if (this.cancels > 0) return CANCELLED;
      const asked = yield* wait<Result<void>>(resume => port.activate(resume));
      this.trialEndMs = this.hal.nowMs() + TRIAL_MS;
      this.tell('trial');
      yield* pause(this.hal.timers, RESTART_MS);
      this.lineInDoubt = true;
      const slots = yield* this.ask();
      if (!slots.ok) return slots.fault;
      if (slots.value.state === 'trial' && activeDigest(slots.value) === wanted) return undefined;
      const stayed = slots.value.state === 'confirmed' && activeDigest(slots.value) === old;
      trouble = asked.ok ? notStarted(slots.value, wanted) : asked.fault;
      if (!stayed || otherDigest(slots.value) !== wanted || FINAL.has(trouble.name)) return trouble;
    }
    return trouble;
  }

  /** The image runs on trial: tests, confirmation, reading back. */
  private *prove(wanted: string): Task<Result<FlashOutcome>> {
    for (const test of ['echo', 'printer', 'panel'] as const) {
      this.tell('test', test);
      const passed = yield* this.within(this.trialEndMs - CONFIRM_SPARE_MS - this.hal.nowMs(), done =>
        this.tests[test](done),
      );
      if (!passed.ok) return yield* this.fallBack(passed.fault, wanted);
    }
    const trouble = yield* this.confirm(wanted);
    if (trouble) return yield* this.fallBack(trouble, wanted);
    this.tell('done');
    return ok({ kind: 'flashed', digest: wanted, bytes: this.moved, ms: this.loadMs });
  }

  /** XLC, only while the trial of this very image is told; done when `confirmed` is told. */
  private *confirm(wanted: string): Task<Fault | undefined> {
    const { port } = this;
    let trouble: Fault = CANCELLED;
    for (let i = 0; i <= TRIES; i++) {
      const slots = yield* this.ask();
      if (!slots.ok) return slots.fault;
      if (activeDigest(slots.value) !== wanted) return notStarted(slots.value, wanted);
      if (slots.value.state === 'confirmed') return undefined;
      if (i === 0 && this.cancels > 0) return CANCELLED;
      this.tell('confirm');
      const confirmed = yield* wait<Result<void>>(resume => port.confirm(resume));
      trouble = confirmed.ok ? notStarted(slots.value, wanted) : confirmed.fault;
    }
    return trouble;
  }

  /**
   * Waits until the image from before runs, confirmed, and says why. No command ends a trial: a restart does (somebody
   * switches the terminal off and on) or its 120 s.
   */
  private *fallBack(cause: Fault, wanted: string): Task<Result<FlashOutcome>> {
    const at = this.step;
    const cancelsBefore = this.cancels;
    const endMs = Math.max(this.trialEndMs, this.hal.nowMs()) + RETURN_MS;
    for (;;) {
      const slots = yield* this.ask();
      if (slots.ok && slots.value.state === 'confirmed') {
        const active = activeDigest(slots.value);
        if (active !== wanted) return ok({ kind: 'fellBack', at, fault: cause, active });
        // XLC was carried out although its answer and the questions after it were lost.
        if (at === 'confirm') return ok({ kind: 'flashed', digest: wanted, bytes: this.moved, ms: this.loadMs });
        return failed(
          fault(
            'E_FAILURE',
            'confirmed-by-another',
            `${cause.cause}; the new image is confirmed`,
            'Find out who did it; roll back with --rollback',
          ),
        );
      }
      if (this.hal.nowMs() >= endMs || this.cancels > cancelsBefore) return failed(unseen(cause, slots.ok));
      this.tell('fellBack');
      yield* this.rest(POLL_MS);
    }
  }

  /** XLQ. After a fault the terminal is looked for until it is back, as long as a restart may take. */
  private *ask(): Task<Result<SlotState>> {
    return yield* this.command<SlotState>(done => this.port.query(done));
  }

  /** A command that may be repeated: after a fault of the line the terminal is looked for and asked once more. */
  private *command<T>(start: (done: (result: Result<T>) => void) => void): Task<Result<T>> {
    const endMs = this.hal.nowMs() + RETURN_MS;
    let answer: Result<T> | undefined;
    for (;;) {
      if (!this.lineInDoubt) {
        answer = yield* wait<Result<T>>(resume => start(resume));
        if (answer.ok || FINAL.has(answer.fault.name) || REFUSED.has(answer.fault.name)) return answer;
      }
      this.lineInDoubt = true;
      const back = yield* wait<Result<void>>(resume => this.hal.reconnect(resume));
      if (back.ok) this.lineInDoubt = false;
      else if (FINAL.has(back.fault.name)) return back;
      if (this.hal.nowMs() >= endMs || this.cancels > 1)
        return answer && !answer.ok ? answer : back.ok ? failed(NO_ANSWER) : back;
      if (!back.ok) yield* pause(this.hal.timers, RETRY_MS);
    }
  }

  /** Lets time pass, or less when somebody cancels. */
  private *rest(ms: number): Task<void> {
    yield* wait<void>(resume => {
      const timer = this.hal.timers.set(ms, () => end());
      const end = (): void => {
        this.interrupt = undefined;
        this.hal.timers.clear(timer);
        resume(undefined);
      };
      this.interrupt = end;
    });
  }

  /** A test: ends with its answer, when its time is over, or when somebody cancels. */
  private *within(limitMs: number, start: (done: (result: Result<void>) => void) => void): Task<Result<void>> {
    if (this.cancels > 0) return failed(CANCELLED);
    return yield* wait<Result<void>>(resume => {
      let open = true;
      const end = (result: Result<void>, inDoubt: boolean): void => {
        if (!open) return;
        open = false;
        this.interrupt = undefined;
        this.hal.timers.clear(timer);
        if (inDoubt) this.lineInDoubt = true;
        resume(result);
      };
      const timer = this.hal.timers.set(Math.max(0, limitMs), () => end(failed(TOO_LONG), true));
      this.interrupt = () => end(failed(CANCELLED), true);
      start(result => end(result, false));
    });
  }

  private tell(step: FlashStep, test?: FlashTest): void {
    this.step = step === 'fellBack' ? this.step : step;
    const now = this.hal.nowMs();
    const ms = now - this.loadBeganMs;
    const bytesPerSecond = step === 'load' && this.moved > 0 && ms > 0 ? (this.moved * 1000) / ms : 0;
    const left =
      step === 'load' && bytesPerSecond > 0
        ? (this.image.length - this.held) / bytesPerSecond
        : step === 'fellBack' || step === 'compare'
          ? Math.max(0, this.trialEndMs - now) / 1000
          : 0;
    this.onProgress({
      step,
      sentBytes: this.held,
      totalBytes: this.image.length,
      bytesPerSecond,
      secondsLeft: left,
      ...(test ? { test } : {}),
    });
  }
}

/** Answers of a terminal that is there and says no: it is not looked for anew. */
const REFUSED: ReadonlySet<string> = new Set(['out-of-order', 'image-offset', 'image-digest', 'terminal-internal']);

const short = (digest: string): string => (digest === '' ? 'empty' : `${digest.slice(0, 8)}…`);

const TOO_LONG = fault(
  'E_TIMEOUT',
  'test-too-long',
  'the test took longer than the trial of the image leaves',
  'Start again and be at the terminal when the test comes',
);
const NO_ANSWER = fault('E_TIMEOUT', 'terminal-unreachable', 'the terminal gives no usable answer', 'Check the cable');

function heldTooMuch(held: number, size: number): Fault {
  const cause = `the terminal says that it holds ${held} bytes of an image of ${size}`;
  return fault('E_FAILURE', 'held-too-much', cause, 'Report terminal model and firmware');
}

function notHeld(slots: SlotState, wanted: string): Fault {
  const cause = `the digest read back from the other slot is ${short(otherDigest(slots))}, not ${short(wanted)}`;
  return fault('E_FAILURE', 'digest-read-back', cause, 'Flash again; if it comes back, the terminal is broken');
}

function notStarted(slots: SlotState, wanted: string): Fault {
  const cause = `the terminal runs ${short(activeDigest(slots))} (${slots.state}), not ${short(wanted)} on trial`;
  return fault('E_FAILURE', 'not-on-trial', cause, 'Flash again; check power and cable of the terminal');
}

function unseen(cause: Fault, reachable: boolean): Fault {
  const seen = reachable ? 'it was not waited for' : 'the terminal could not be asked';
  return fault(
    cause.code,
    cause.name,
    `${cause.cause}; that the terminal went back to the image from before was not seen: ${seen}`,
    `It goes back by itself when it is switched off and on, at the latest after ${TRIAL_MS / 1000} s. ${cause.remedy}`,
  );
}
