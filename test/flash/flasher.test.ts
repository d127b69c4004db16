import { describe, expect, test } from 'vitest';
import { fault, failed, ok, type Result } from '../../src/fault.ts';
import { flash, rollback, type FlashOutcome, type FlashTest } from '../../src/flash/flasher.ts';
import { type FlashTests, type SlotPort, type SlotState } from '../../src/flash/types.ts';
import { VirtualTimers } from '../sim/terminal/bench.ts';
import { hexOf, sha } from './world.ts';

const OLD = new Uint8Array(100).fill(1);
const NEW = Uint8Array.from({ length: 3000 }, (_, i) => i & 0xff);
const lineFault = fault('E_TIMEOUT', 'answer-timeout', 'no answer', 'Try again');
const stat = (name: string) => failed(fault('E_ILLEGAL', name, name, ''));

/** Slots without a line: every command answers after a millisecond, and its first faults are as told. */
class FakeSlots implements SlotPort {
  readonly timers = new VirtualTimers();
  readonly log: string[] = [];
  state: SlotState = { active: 'A', state: 'confirmed', digestA: hexOf(sha(OLD)) };
  held = 0;
  /** Faults by command, used up in order. */
  readonly faults: Record<string, Result<never>[]> = {};
  reconnects = 0;
  partsMax = Infinity;
  private digest = '';

  private answer<T>(name: string, value: () => Result<T>, done: (result: Result<T>) => void): void {
    this.log.push(name);
    const wrong = this.faults[name]?.shift();
    this.timers.set(1, () => done(wrong ?? value()));
  }

  query(done: (result: Result<SlotState>) => void): void {
    this.answer('query', () => ok(this.state), done);
  }
  open(_size: number, digest: Uint8Array, done: (result: Result<number>) => void): void {
    this.digest = hexOf(digest);
    this.answer('open', () => ok(this.held), done);
  }
  write(offset: number, data: Uint8Array, done: (result: Result<void>) => void): void {
    this.answer(
      'write',
      () => {
        if (offset !== this.held) return stat('image-offset');
        this.held += data.length;
        return ok(undefined);
      },
      done,
    );
  }
  end(done: (result: Result<void>) => void): void {
    this.answer(
      'end',
      () => {
        this.state = { ...this.state, digestB: this.digest };
        return ok(undefined);
      },
      done,
    );
  }
  activate(done: (result: Result<void>) => void): void {
    this.answer(
      'activate',
      () => {
        this.state = { ...this.state, active: this.state.active === 'A' ? 'B' : 'A', state: 'trial' };
        return ok(undefined);
      },
      done,
    );
  }
  confirm(done: (result: Result<void>) => void): void {
    this.answer(
      'confirm',
      () => {
        this.state = { ...this.state, state: 'confirmed' };
        return ok(undefined);
      },
      done,
    );
  }
  /** What 120 s do. */
  leaveTrial(): void {
    this.state = { ...this.state, active: this.state.active === 'A' ? 'B' : 'A', state: 'confirmed' };
  }

  get hal() {
    return {
      nowMs: () => this.timers.nowMs,
      timers: this.timers,
      reconnect: (done: (result: Result<void>) => void) => {
        this.reconnects++;
        this.timers.set(5, () => done(ok(undefined)));
      },
    };
  }
}

const passing = (order: FlashTest[] = []): FlashTests => {
  const one = (name: FlashTest) => (done: (result: Result<void>) => void) => {
    order.push(name);
    done(ok(undefined));
  };
  return { echo: one('echo'), printer: one('printer'), panel: one('panel') };
};

function begin(slots: FakeSlots, tests = passing(), image = NEW) {
  const steps: string[] = [];
  let result: Result<FlashOutcome> | undefined;
  const { cancel } = flash(
    slots,
    image,
    sha(image),
    tests,
    slots.hal,
    ({ step, test }) => steps.at(-1) !== (test ?? step) && steps.push(test ?? step),
    end => {
      result = end;
    },
  );
  return {
    steps,
    cancel,
    get result() {
      return result;
    },
    outcome(ms = 1_000_000): FlashOutcome {
      slots.timers.run(ms);
      if (!result?.ok) throw new Error(JSON.stringify(result));
      return result.value;
    },
  };
}

describe('a flash', () => {
  test('goes through its steps, tests before it confirms, and reads back at the end', () => {
    const slots = new FakeSlots();
    const order: FlashTest[] = [];
    const run = begin(slots, passing(order));
    expect(run.outcome()).toMatchObject({ kind: 'flashed', digest: hexOf(sha(NEW)), bytes: NEW.length });
    expect(run.steps).toEqual([
      ...['compare', 'load', 'readBack', 'activate', 'trial'],
      ...['echo', 'printer', 'panel', 'confirm', 'done'],
    ]);
    expect(order).toEqual(['echo', 'printer', 'panel']);
    expect(slots.log.at(-1)).toBe('query');
    expect(slots.log.filter(name => name === 'write')).toHaveLength(4);
  });

  test('has nothing to do when the image runs, and loads nothing when the other slot holds it', () => {
    const same = new FakeSlots();
    same.state = { active: 'B', state: 'confirmed', digestB: hexOf(sha(NEW)) };
    expect(begin(same).outcome()).toEqual({ kind: 'same' });
    expect(same.log).toEqual(['query']);
    const held = new FakeSlots();
    held.state = { ...held.state, digestB: hexOf(sha(NEW)) };
    expect(begin(held).outcome()).toMatchObject({ kind: 'flashed', bytes: 0 });
    expect(held.log).not.toContain('open');
  });

  test('goes on where a load was cut off', () => {
    const slots = new FakeSlots();
    slots.held = 2940;
    expect(begin(slots).outcome()).toMatchObject({ kind: 'flashed', bytes: 60 });
    expect(slots.log.filter(name => name === 'write')).toHaveLength(1);
  });

  test('asks after a fault of the line how much is held, and repeats nothing blindly', () => {
    const slots = new FakeSlots();
    slots.faults.write = [failed(lineFault), failed(lineFault)];
    expect(begin(slots).outcome()).toMatchObject({ kind: 'flashed', bytes: NEW.length });
    expect(slots.log.slice(0, 6)).toEqual(['query', 'open', 'write', 'open', 'write', 'open']);
  });

  test('gives a load up that gets no further', () => {
    const slots = new FakeSlots();
    slots.faults.write = Array.from({ length: 50 }, () => failed(lineFault));
    expect(begin(slots).outcome()).toMatchObject({ kind: 'fellBack', at: 'load', fault: { name: 'answer-timeout' } });
    expect(slots.log.filter(name => name === 'write').length).toBeLessThan(10);
  });

  test('makes parts shorter on a line that damages them', () => {
    const slots = new FakeSlots();
    slots.faults.write = [stat('refused-three-times'), stat('refused-three-times')];
    expect(begin(slots).outcome()).toMatchObject({ kind: 'flashed' });
    expect(slots.log.filter(name => name === 'write').length).toBeGreaterThan(6);
  });

  test.each(['image-signature', 'image-not-newer', 'image-model'])('is refused for good: %s', name => {
    const slots = new FakeSlots();
    slots.faults.end = [stat(name)];
    const outcome = begin(slots).outcome();
    expect(outcome).toMatchObject({ kind: 'fellBack', at: 'load', fault: { name }, active: hexOf(sha(OLD)) });
    expect(slots.log).not.toContain('activate');
    expect(slots.log.filter(one => one === 'end')).toHaveLength(1);
  });

  test('an image that comes damaged twice is given up', () => {
    const slots = new FakeSlots();
    slots.faults.end = [stat('image-digest'), stat('image-digest'), stat('image-digest')];
    expect(begin(slots).outcome()).toMatchObject({ kind: 'fellBack', fault: { name: 'image-digest' } });
    expect(slots.log.filter(one => one === 'end')).toHaveLength(2);
  });

  test('a lost answer to XLA: what the terminal says counts', () => {
    const lost = new FakeSlots();
    const activate = lost.activate.bind(lost);
    lost.activate = done => activate(() => done(failed(lineFault)));
    expect(begin(lost).outcome()).toMatchObject({ kind: 'flashed' });
    const never = new FakeSlots();
    never.faults.activate = [failed(lineFault)];
    expect(begin(never).outcome()).toMatchObject({ kind: 'flashed' });
    expect(never.log.filter(one => one === 'activate')).toHaveLength(2);
  });

  test('an answer to XLC that says 000 proves nothing', () => {
    const slots = new FakeSlots();
    slots.confirm = done => {
      slots.log.push('confirm');
      slots.leaveTrial();
      slots.timers.set(1, () => done(ok(undefined)));
    };
    expect(begin(slots).outcome()).toMatchObject({ kind: 'fellBack', at: 'confirm', active: hexOf(sha(OLD)) });
  });

  test.each(['echo', 'printer', 'panel'] as const)(
    'a failed test is not confirmed and waits for the way back: %s',
    name => {
      const slots = new FakeSlots();
      const tests = { ...passing(), [name]: (done: (result: Result<void>) => void) => done(stat('test-failed')) };
      const run = begin(slots, tests);
      slots.timers.run(60_000);
      expect(run.result).toBeUndefined();
      expect(run.steps.at(-1)).toBe('fellBack');
      slots.leaveTrial();
      expect(run.outcome(5000)).toMatchObject({ kind: 'fellBack', at: 'test', fault: { name: 'test-failed' } });
      expect(slots.log).not.toContain('confirm');
    },
  );

  test('a terminal that never leaves its trial is told as it is', () => {
    const slots = new FakeSlots();
    const run = begin(slots, { ...passing(), echo: done => done(stat('test-failed')) });
    slots.timers.run(1_000_000);
    expect(run.result).toMatchObject({ ok: false, fault: { name: 'test-failed' } });
    expect(JSON.stringify(run.result)).toContain('was not seen');
  });

  test('a test that never ends is ended before the trial is', () => {
    const slots = new FakeSlots();
    const run = begin(slots, { ...passing(), panel: () => {} });
    slots.timers.run(104_000);
    expect(run.steps.at(-1)).toBe('panel');
    slots.timers.run(3000);
    expect(run.steps.at(-1)).toBe('fellBack');
    slots.leaveTrial();
    expect(run.outcome(5000)).toMatchObject({ kind: 'fellBack', fault: { name: 'test-too-long' } });
  });

  test('a trial that an earlier host left is tested and confirmed, another one is waited for', () => {
    const mine = new FakeSlots();
    mine.state = { active: 'B', state: 'trial', digestA: hexOf(sha(OLD)), digestB: hexOf(sha(NEW)) };
    expect(begin(mine).outcome()).toMatchObject({ kind: 'flashed', bytes: 0 });
    const other = new FakeSlots();
    other.state = { active: 'B', state: 'trial', digestA: hexOf(sha(OLD)), digestB: 'ee'.repeat(32) };
    const run = begin(other);
    other.timers.run(30_000);
    expect(other.log).not.toContain('open');
    other.leaveTrial();
    expect(run.outcome()).toMatchObject({ kind: 'flashed' });
  });
});

describe('cancel', () => {
  test('in the load: the old image is read back', () => {
    const slots = new FakeSlots();
    const run = begin(slots);
    slots.timers.run(3);
    run.cancel();
    expect(run.outcome()).toMatchObject({ kind: 'fellBack', at: 'load', fault: { name: 'flash-cancelled' } });
    expect(slots.log).not.toContain('activate');
  });

  test('in a test: the trial is left to end; a second one does not wait for it', () => {
    const slots = new FakeSlots();
    const run = begin(slots, { ...passing(), panel: () => {} });
    slots.timers.run(2000);
    expect(run.steps.at(-1)).toBe('panel');
    run.cancel();
    slots.timers.run(4000);
    expect(run.result).toBeUndefined();
    run.cancel();
    slots.timers.run(100);
    expect(run.result).toMatchObject({ ok: false, fault: { name: 'flash-cancelled' } });
    expect(slots.log).not.toContain('confirm');
  });
});

describe('rollback', () => {
  const roll = (slots: FakeSlots): Result<FlashOutcome> | undefined => {
    let result: Result<FlashOutcome> | undefined;
    rollback(
      slots,
      passing(),
      slots.hal,
      () => {},
      end => {
        result = end;
      },
    );
    slots.timers.run(1_000_000);
    return result;
  };

  test('runs the image of the other slot by trial, tests and confirmation', () => {
    const slots = new FakeSlots();
    slots.state = { active: 'B', state: 'confirmed', digestA: hexOf(sha(OLD)), digestB: hexOf(sha(NEW)) };
    expect(roll(slots)).toMatchObject({ ok: true, value: { kind: 'flashed', digest: hexOf(sha(OLD)), bytes: 0 } });
    expect(slots.log).not.toContain('open');
  });

  test('is refused without another image, and during a trial', () => {
    expect(roll(new FakeSlots())).toMatchObject({ ok: false, fault: { name: 'no-other-image' } });
    const trial = new FakeSlots();
    trial.state = { active: 'B', state: 'trial', digestA: hexOf(sha(OLD)), digestB: hexOf(sha(NEW)) };
    expect(roll(trial)).toMatchObject({ ok: false, fault: { name: 'on-trial' } });
  });
});
