import type { FailureClass } from './failure-class.ts';

/**
 * What the keys say: the same thing done again and again at one screen. It proves nothing alone; it shows where people lose
 * time, and whose help they need.
 */

/** CANCEL, the end of the waiting, or much CLEAR. */
export type KeyHabit = 'CANCEL' | 'TIMEOUT' | 'CLEAR';

/** So often within {@link HABIT_MS}, by one operator at one screen, is a pattern. */
export const HABIT_COUNT: Readonly<Record<KeyHabit, number>> = { CANCEL: 3, TIMEOUT: 3, CLEAR: 9 };
export const HABIT_MS = 10 * 60_000;

/** Screens of sale, void and refund that only tell, on which CANCEL is an answer, or that want a password. */
const LEFT_OUT: ReadonlySet<string> = new Set(
  'F04.6 F04.7 F04.8 F04.8b F04.8c F05.8 F06.6b F06.6c F06.11 F06.13 F06.13b F07.4 F08.4 F08.4m F05.1 F06.1 F08.1 F05.10b F06.10b F06.10p'.split(
    ' ',
  ),
);
/** Screens on which the customer is asked for a card, a PIN or a code, or to confirm. */
const CUSTOMERS: ReadonlySet<string> = new Set([
  'F04.2',
  'F04.5p',
  'F05.5',
  'F06.3',
  'F07.2',
  'F07.3',
  'F07.3s',
  'PIN',
]);

/** Does what is pressed on this screen count? `PIN` is the wait for a PIN, which has no screen of the flow. */
export function habitCounts(screen: string): boolean {
  return screen === 'PIN' || (/^F0[4-8]\./.test(screen) && !LEFT_OUT.has(screen));
}

interface Texts {
  readonly zh: string;
  readonly en: string;
}

/** Class and remedy of a habit at a screen. */
export function classifyHabit(
  habit: KeyHabit,
  screen: string,
): { readonly class: FailureClass; readonly remedy: Texts } {
  const customer = CUSTOMERS.has(screen);
  if (habit === 'CLEAR')
    return {
      class: 'operator',
      remedy: { zh: '用F1、扫码或凭证号代替手输', en: 'Use F1, the scanner or the voucher instead of typing' },
    };
  if (customer)
    return habit === 'CANCEL'
      ? { class: 'customer', remedy: { zh: '请顾客换卡或换付款方式', en: 'Offer another card or another way to pay' } }
      : {
          class: 'customer',
          remedy: { zh: '先请顾客备好卡再输金额', en: 'Have the card ready before the amount is typed' },
        };
  return {
    class: 'operator',
    remedy: { zh: '按FN看本步说明, 或安排培训', en: 'FN explains the step; let the operator train' },
  };
}
