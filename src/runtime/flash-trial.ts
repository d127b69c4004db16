import { type Fault, fault, failed, ok, type Result } from '../fault.ts';
import type { FlashProgress, FlashTests } from '../flash/flasher.ts';
import { FrameView } from '../iso8583/frame.ts';
import { MessageBuilder } from '../iso8583/message-builder.ts';
import { MessageView } from '../iso8583/message-view.ts';
import { compileFieldPlan } from '../iso8583/plan.ts';
import type { FlashTest } from '../journal/journal.ts';
import { FRAME_LENGTH_MAX } from '../limits.ts';
import type { Profile } from '../profile/schema.ts';
import type { FlashMoment, FlashNews } from '../terminal/equipment.ts';
import { slipBytes } from '../terminal/slips/bytes.ts';
import { echo } from './management.ts';
import { type Shop, wipeAnswer } from './shop.ts';
import { run, type Task, wait } from './task.ts';

/** A new image on trial: what it must pass, and what the screen says meanwhile. */

/** How long the test of screen and keypad waits for its key, seconds. */
const PANEL_SECONDS = 30;
/** Keys that may be pressed in that test. */
const PANEL_KEYS = 3;
/** The load is shown in steps of so many percent: each screen takes its time on the same line. */
const PERCENT_STEP = 5;

/** The same counter with the new profile, for the one message of the echo test. Nothing of the shop is changed by it. */
export function trialShop(shop: Shop, profile: Profile): Result<Shop> {
  const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);
  if (!plan.ok) return plan;
  return ok({
    ...shop,
    profile,
    plan: plan.value,
    out: new Uint8Array(FRAME_LENGTH_MAX),
    builder: new MessageBuilder(plan.value),
    answer: new MessageView(plan.value),
    frame: new FrameView(),
    traced: new MessageView(plan.value),
    answerBytes: new Uint8Array(0),
    progress: () => {},
  });
}

export interface Teller {
  readonly progress: (progress: FlashProgress) => void;
  /** Shows the key that the test of screen and keypad asks for. */
  code(code: string): void;
  readonly last: FlashMoment;
}

/** Shows how far it is. On the load only each twentieth: a screen goes over the line of the image. */
export function teller(shop: Shop): Teller {
  let news: FlashNews = { stage: 'flash', moment: 'compare', percent: 0, secondsLeft: 0 };
  const show = (next: FlashNews): void => {
    news = next;
    // A terminal that restarts hears nothing, and one that goes back shows what it likes.
    if (news.moment === 'trial' || news.moment === 'back') shop.keypad.send({ type: 'PROGRESS', progress: news });
    else shop.progress(news, true);
  };
  let last: FlashMoment = 'compare';
  return {
    progress({ step, sentBytes, totalBytes, secondsLeft, test }) {
      if (step === 'done') return;
      const moment = step === 'fellBack' ? 'back' : step === 'test' ? (test ?? 'echo') : step;
      const percent = totalBytes === 0 ? 0 : Math.floor((100 * sentBytes) / totalBytes);
      if (moment !== 'back') last = moment;
      const same =
        moment === news.moment && Math.floor(percent / PERCENT_STEP) === Math.floor(news.percent / PERCENT_STEP);
      if (same && moment !== 'compare') return;
      show({ stage: 'flash', moment, percent, secondsLeft: Math.ceil(secondsLeft) });
    },
    code: code => show({ stage: 'flash', moment: 'panel', percent: 100, secondsLeft: PANEL_SECONDS, code }),
    get last() {
      return last;
    },
  };
}

/** What the new image must pass on trial. Passed tests are added to `passed`. */
export function testsOf(shop: Shop, told: Teller, passed: FlashTest[], code: string): FlashTests {
  const after =
    (test: FlashTest, done: (result: Result<void>) => void) =>
    (result: Result<void>): void => {
      if (result.ok) passed.push(test);
      done(result);
    };
  return {
    echo: done => run(echoTest(shop), after('echo', done)),
    printer: done => run(printerTest(shop), after('printer', done)),
    panel: done => run(panelTest(shop, told, code), after('panel', done)),
  };
}

function* echoTest(shop: Shop): Task<Result<void>> {
  const end = yield* echo(shop);
  wipeAnswer(shop);
  if (end.outcome === 'ok') return ok(undefined);
  const said = end.remark
    ? `the acquirer answered ${end.remark.code ?? ''} ${end.remark.en}`
    : `echo ended ${end.outcome}`;
  return failed(
    end.fault ?? fault('E_EXTENDED', 'echo-refused', `echo test with the new profile: ${said}`, 'Ask the acquirer'),
  );
}

function* printerTest(shop: Shop): Task<Result<void>> {
  if (shop.profile.terminal.printColumns === 0 || shop.terminal.info?.panel?.printColumns === 0) return ok(undefined);
  const { id, version } = shop.profile;
  const line = '-'.repeat(32);
  const title = shop.lang === 'zh' ? '打印测试 PRINTER TEST' : 'PRINTER TEST';
  const document = slipBytes([line, title, `${id} v${version}`, '0123456789', line]);
  const result = yield* wait<{ ok: true } | { ok: false; fault: Fault }>(resume => shop.device.print(document, resume));
  return result.ok ? ok(undefined) : failed(result.fault);
}

/** The key that the test of screen and keypad asks for, 1 to 9: nobody knows it who does not read it there. */
export const panelCode = (digest: string): string => String((Number.parseInt(digest.slice(-2), 16) % 9) + 1);

/** Shows a key's name and waits for that key: only who can read the screen presses it. */
function* panelTest(shop: Shop, told: Teller, code: string): Task<Result<void>> {
  told.code(code);
  for (let count = 0; count < PANEL_KEYS; count++) {
    const pressed = yield* wait<Result<{ kind: string; key?: string }>>(resume =>
      shop.device.waitEvent({ keypad: true }, { timeoutSeconds: PANEL_SECONDS, flush: count === 0 }, resume),
    );
    if (!pressed.ok) return pressed;
    const { kind, key = '' } = pressed.value;
    if (kind === 'timeout') break;
    if ((shop.profile.terminal.keymap[key as never] ?? key) === code) return ok(undefined);
  }
  return failed(
    fault(
      'E_TIMEOUT',
      'panel-test',
      `the key ${code} was not pressed`,
      'Look at the screen and press the key that it shows',
    ),
  );
}
