import { type Fault, faultText, type Result } from '../fault.ts';
import type { Hal, HostLink, Log, LogFields } from '../hal/hal.ts';
import { AcquirerLine } from '../host/line.ts';
import type { Journal } from '../journal/journal.ts';
import type { Profile } from '../profile/schema.ts';
import type { CipherRequest } from '../security/cipher.ts';
import { Keypad } from '../terminal/machine.ts';
import { panelProfile } from '../terminal/profile.ts';
import { TRAINING_PASSWORDS, TRAINING_VOUCHER_FIRST } from '../terminal/quiz.ts';
import type { Done } from '../terminal/types.ts';
import { redraw, serve } from './desk.ts';
import { dropHeldCards } from './hold.ts';
import { signOn } from './management.ts';
import { type Shop, emptyHands, forgetCard } from './shop.ts';
import { type Task, wait } from './task.ts';
import { scoreOf, trainingReady } from './training-jobs.ts';
import { pastQuestions } from './training-past.ts';

/**
 * Training is a counter inside the counter: the same flows, jobs and terminal over another journal and another acquirer.
 * Nothing of the real shop can be reached from inside, because the inner {@link Shop} does not hold it.
 */

/** Books and acquirer of training, made when a training begins. */
export interface TrainingRoom {
  /** Makes them; `opened` is called once, at once or later. */
  open(opened: (desk: Result<TrainingDesk>) => void): void;
}

export interface TrainingDesk {
  /** Its own file; never the shop's. */
  readonly journal: Journal;
  /** An acquirer in this process: no byte leaves it. */
  readonly host: HostLink;
  /** A cipher step with a working key under the training acquirer's master key: the terminal's real one is not known to it. */
  encrypt(request: CipherRequest, wrappedKey: Uint8Array): Uint8Array;
  close(): void;
}

/** Training answers come at once or never: nobody shall wait a minute for a time-out. */
const ANSWER_SECONDS_MAX = 8;

/** The job `train` of one counter: the whole training, until it is left or the counter stops. */
export function trainer(room: TrainingRoom): NonNullable<Shop['train']> {
  return function* (shop, operator, by): Task<Done> {
    const ready = trainingReady(shop);
    if (ready.outcome !== 'ok') return ready;
    const opened = yield* wait<Result<TrainingDesk>>(resume => room.open(resume));
    if (!opened.ok) return broken(shop, opened.fault);
    const desk = opened.value;
    const inner = trainingShop(shop, desk, operator, by);
    prepareBooks(inner, operator);
    const { journal, hal } = shop;
    journal.appendEvent(hal.clock.nowMs(), 'training-began', { operator, by });
    shop.working = false;
    yield* signOn(inner);
    yield* serve(inner);
    shop.working = true;
    inner.stopping = true;
    forgetCard(inner);
    dropHeldCards(inner);
    inner.host.close();
    desk.close();
    const score = scoreOf(inner);
    const now = hal.clock.nowMs();
    if (score.of > 0) {
      const { score: right, of, passed } = score;
      journal.appendTraining(now, { operator, by, score: right, of, passed });
    }
    journal.appendEvent(now, 'training-ended', { operator, by });
    return score.of > 0 ? { type: 'DONE', outcome: 'ok', score } : { type: 'DONE', outcome: 'noScore' };
  };
}

function broken(shop: Shop, fault: Fault): Done {
  shop.hal.log.error({ event: 'training', fault: fault.name }, faultText(fault));
  return { type: 'DONE', outcome: 'broken', fault };
}

/** The profile of the shop with what would only stand in the way of an exercise. */
function trainingProfile(profile: Profile): Profile {
  const { answerTimeoutSeconds } = profile.acquirer;
  return {
    ...profile,
    acquirer: { ...profile.acquirer, answerTimeoutSeconds: Math.min(answerTimeoutSeconds, ANSWER_SECONDS_MAX) },
    policy: { ...profile.policy, refundNeedsTraining: false, slipCode: false, autoLockMinutes: 0 },
  };
}

/** A {@link Shop} that shares terminal, clock and texts with the real one, and neither journal nor acquirer nor outbox. */
function trainingShop(shop: Shop, desk: TrainingDesk, operator: string, by: string): Shop {
  const profile = trainingProfile(shop.profile);
  const { outbox: _outbox, ...rim } = shop.hal;
  const hal: Hal = { ...rim, host: desk.host, log: trainingLog(rim.log) };
  const { slips: _slips, ...outside } = shop;
  let left = false;
  const inner: Shop = {
    ...outside,
    ...emptyHands(shop.plan),
    hal,
    profile,
    journal: desk.journal,
    host: new AcquirerLine(desk.host, hal.timers),
    keypad: new Keypad({ ...panelProfile(profile), training: true }),
    trace: shop.trace && (record => shop.trace?.({ ...record, training: true })),
    messages: shop.messages && (record => shop.messages?.({ ...record, training: true })),
    train: undefined,
    training: {
      operator,
      encrypt: (request, wrapped) => desk.encrypt(request, wrapped),
      past: pastQuestions(shop),
      score: { quiz: undefined, drills: new Map() },
      leave(password) {
        const blockMs = shop.profile.policy.passwordBlockSeconds * 1000;
        const checked = shop.journal.verifyPassword(shop.hal.clock.nowMs(), by, password, blockMs);
        if (!checked.ok) return checked.fault.name === 'password-wrong' ? 'wrong' : 'E14';
        left = true;
        return undefined;
      },
    },
    operator,
    // One terminal, one process: what is asked of the counter is asked of the training in it.
    get chipIn() {
      return shop.chipIn;
    },
    set chipIn(is) {
      shop.chipIn = is;
    },
    get stopping() {
      return left || shop.stopping;
    },
    set stopping(is) {
      left = is;
    },
    get working() {
      return shop.working;
    },
    set working(is) {
      shop.working = is;
    },
    progress: news => redraw(inner, news),
  };
  return inner;
}

/** Vouchers from 900001, the trainee on duty, and passwords that everybody may know. */
function prepareBooks(shop: Shop, operator: string): void {
  const { journal, hal } = shop;
  const now = hal.clock.nowMs();
  journal.beginTraces(now, TRAINING_VOUCHER_FIRST);
  journal.setPassword(now, '00', TRAINING_PASSWORDS.supervisor, '00');
  if (!journal.operator(operator)) journal.addOperator(now, operator, TRAINING_PASSWORDS.cashier, '00');
  journal.setPassword(now, operator, TRAINING_PASSWORDS.cashier, operator);
  if (journal.lockedBy() !== undefined) journal.appendEvent(now, 'unlocked', { operator });
  journal.appendEvent(now, 'operator-on', { operator });
}

/** Every line of the log says that it is of training. */
function trainingLog(log: Log): Log {
  const marked = (fields: LogFields): LogFields => ({ ...fields, training: true });
  return {
    info: (fields, message) => log.info(marked(fields), message),
    warn: (fields, message) => log.warn(marked(fields), message),
    error: (fields, message) => log.error(marked(fields), message),
  };
}
