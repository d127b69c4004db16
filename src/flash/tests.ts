import { failed, fault, ok, type Result } from '../fault.ts';
import type { Timers } from '../hal/hal.ts';
import { pause, run, wait, type Task } from '../hal/task.ts';
import { digits } from '../units.ts';
import type { FlashTests } from './types.ts';

/** What the tests use of a terminal, as `TerminalDevice` has it. */
export interface TestDevice {
  showScreen(lines: readonly string[], reverseMask: number, done: (result: Result<void>) => void): void;
  waitEvent(
    sources: { readonly keypad: true },
    options: { readonly timeoutSeconds: number; readonly flush?: boolean },
    done: (result: Result<{ readonly kind: string; readonly key?: string }>) => void,
  ): void;
  print(bytes: Uint8Array, done: (result: { readonly ok: true } | ReturnType<typeof failed>) => void): void;
  printerStatus(
    done: (
      result: Result<{ readonly paperOut: boolean; readonly coverOpen: boolean; readonly error: boolean }>,
    ) => void,
  ): void;
}

export interface TerminalTestOptions {
  readonly lang: 'zh' | 'en';
  readonly timers: Timers;
  /** What the test of the printer prints: text in the terminal's character set and ESC/POS controls. */
  readonly slip: Uint8Array;
  /** Terminals without a printer have no test of it. */
  readonly hasPrinter: boolean;
  /** 0–9999; shown on the screen and typed by a person, who therefore reads the screen and works the keys. */
  readonly code: number;
  /** Tells the person at the host what is waited for. */
  readonly say?: (zh: string, en: string) => void;
}

/** A printer without paper is waited for. */
const PAPER_MS = 40_000;
const PAPER_POLL_MS = 1000;
/** A person types the code within this time. */
const PANEL_SECONDS = 45;
const CODE_LENGTH = 4;
const WRONG_MAX = 3;

const WORDS = {
  zh: { title: '屏幕键盘测试', show: '请输入', again: '不对 请重输', cancel: '取消=失败', done: '测试通过' },
  en: { title: 'SCREEN AND KEYS', show: 'TYPE', again: 'WRONG, AGAIN', cancel: 'CANCEL = FAIL', done: 'TEST PASSED' },
} as const;

/** The tests of an image on trial that the terminal itself does: printer, screen and keypad. */
export function terminalTests(device: TestDevice, options: TerminalTestOptions): Omit<FlashTests, 'echo'> {
  return {
    printer: done => run(printerTest(device, options), done),
    panel: done => run(panelTest(device, options), done),
  };
}

/** Prints the slip and asks the printer afterwards: a fault inside of the last part is told only then. */
function* printerTest(device: TestDevice, options: TerminalTestOptions): Task<Result<void>> {
  if (!options.hasPrinter) return ok(undefined);
  for (let leftMs = PAPER_MS; ; leftMs -= PAPER_POLL_MS) {
    const status = yield* wait<Parameters<Parameters<TestDevice['printerStatus']>[0]>[0]>(resume =>
      device.printerStatus(resume),
    );
    if (!status.ok) return status;
    const { paperOut, coverOpen, error } = status.value;
    if (!paperOut && !coverOpen && !error) break;
    const what = paperOut ? 'has no paper' : coverOpen ? 'is open' : 'reports an error';
    if (error || leftMs <= 0)
      return failed(fault('E_EXTENDED', 'printer-not-ready', `the printer ${what}`, 'Put it right, then flash again'));
    if (leftMs === PAPER_MS)
      options.say?.(
        paperOut ? '打印机缺纸, 请装纸' : '打印机盖未关, 请关好',
        `the printer ${what}: ${paperOut ? 'put in a roll' : 'close it'}`,
      );
    yield* pause(options.timers, PAPER_POLL_MS);
  }
  const printed = yield* wait<{ readonly ok: true } | ReturnType<typeof failed>>(resume =>
    device.print(options.slip, resume),
  );
  if (!printed.ok) return printed;
  const after = yield* wait<Parameters<Parameters<TestDevice['printerStatus']>[0]>[0]>(resume =>
    device.printerStatus(resume),
  );
  if (!after.ok) return after;
  if (after.value.coverOpen || after.value.error)
    return failed(
      fault('E_FAILURE', 'print-failed', 'the printer reports a fault after the test slip', 'Look at the printer'),
    );
  return ok(undefined);
}

/** Shows a code and lets a person type it. */
function* panelTest(device: TestDevice, options: TerminalTestOptions): Task<Result<void>> {
  const words = WORDS[options.lang];
  const code = digits(options.code, CODE_LENGTH);
  let typed = '';
  let wrong = 0;
  let flush = true;
  options.say?.(
    `请在终端键盘上输入屏幕显示的${CODE_LENGTH}位数字`,
    `type the ${CODE_LENGTH} digits that the terminal shows on its keypad`,
  );
  for (;;) {
    const head = wrong > 0 && typed === '' ? words.again : words.title;
    const entry = `${typed.padEnd(CODE_LENGTH, '_')}`;
    const shown = yield* wait<Result<void>>(resume =>
      device.showScreen([head, `${words.show} ${code}`, entry, words.cancel], 0, resume),
    );
    if (!shown.ok) return shown;
    const event = yield* wait<Result<{ readonly kind: string; readonly key?: string }>>(resume =>
      device.waitEvent({ keypad: true }, { timeoutSeconds: PANEL_SECONDS, ...(flush ? { flush: true } : {}) }, resume),
    );
    flush = false;
    if (!event.ok) return event;
    const { kind, key } = event.value;
    if (kind === 'timeout')
      return failed(fault('E_TIMEOUT', 'panel-timeout', 'nobody typed the code in time', 'Be at the terminal'));
    if (key === 'CANCEL')
      return failed(
        fault(
          'E_EXTENDED',
          'panel-refused',
          'CANCEL was pressed in the test of screen and keypad',
          'Look at screen and keys',
        ),
      );
    if (key === 'CLEAR') typed = '';
    else if (key !== undefined && /^[0-9]+$/.test(key)) typed = (typed + key).slice(0, CODE_LENGTH);
    if (typed.length < CODE_LENGTH) continue;
    if (typed === code) {
      return yield* wait<Result<void>>(resume => device.showScreen([words.done], 0, resume));
    }
    typed = '';
    if (++wrong >= WRONG_MAX)
      return failed(
        fault(
          'E_EXTENDED',
          'panel-wrong',
          `the code was typed wrong ${WRONG_MAX} times`,
          'Look at the screen and the keys',
        ),
      );
  }
}
