import { formatAmount } from '../../units.ts';
import type { ScreenId } from '../../profile/screens.ts';
import type { PromptId, WordId } from '../../profile/words.ts';
import type { LifeEntry, RefundView } from '../refund-desk.ts';
import { columnsOf } from '../layout.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  type Context,
  type Guard,
  type Steps,
  busy,
  doneOf,
  entryStep,
  go,
  goWhen,
  jobStep,
  key,
  keypad,
  messageStep,
  outcome,
  show,
  isKey,
  isOutcome,
} from '../step.ts';
import type { KeyName } from '../types.ts';
import { commonEnds, orSearch, passwordSteps, stars } from './common.ts';

const SCREEN_COLUMNS = 16;
const LIST_LINES = 3;
const PROOF_LENGTH = 12;

/** A number and an amount on one line: what does not fit loses the letters, then the zeros, then the amount. */
export function numberAndAmount(number: string, amountMinor: number, columns = SCREEN_COLUMNS): string {
  const amount = formatAmount(amountMinor);
  const plain = number.replace(/^[A-Z]+/, '');
  for (const head of [number, plain, plain.replace(/^0+(?=\d)/, '')])
    if (head.length + 1 + amount.length <= columns) return head + amount.padStart(columns - head.length);
  return number.slice(0, columns);
}

/** Tracking number and state on the title line. */
function headOf(refund: RefundView, lang: 'zh' | 'en'): string {
  const { tag } = refund.answer[lang];
  const plain = refund.tracking.replace(/^RF/, '');
  for (const head of [refund.tracking, plain, plain.replace(/^0+(?=\d)/, '')])
    if (head.length + 1 + columnsOf(tag) <= SCREEN_COLUMNS) return `${head} ${tag}`;
  return tag;
}

/** The three refunds of this page of the list, each behind the key that chooses it. */
function listed(c: Context): { itemA: string; itemB: string; itemC: string } {
  const item = (line: number): string => {
    const refund = c.refunds[c.page * LIST_LINES + line];
    return refund ? `${line + 1} ${numberAndAmount(refund.tracking, refund.amountMinor, SCREEN_COLUMNS - 2)}` : '';
  };
  return { itemA: item(0), itemB: item(1), itemC: item(2) };
}

const pages = (c: Context): number => Math.max(1, Math.ceil(c.refunds.length / LIST_LINES));

/**
 * Steps that find one refund by a number that is typed or a slip that is scanned: `${prefix}Ask`, `${prefix}Find`,
 * `${prefix}List`. One hit goes on at `chosen`; of several one is chosen. ENTER alone lists all that are not done.
 */
export function refundFinder(
  profile: PanelProfile,
  prefix: string,
  title: WordId,
  chosen: string,
  parent: string,
): Steps {
  const ask = `${prefix}Ask`;
  const pick =
    (index: (c: Context) => number): Change =>
    c => ({ work: { ...c.work, refund: c.refunds[index(c)] } });
  const take: Change = (_, e) => ({ refunds: doneOf(e).refunds ?? [] });
  const one: Guard = (_, e) => isOutcome(e, 'ok') && (doneOf(e).refunds?.length ?? 0) === 1;
  const found = [
    goWhen(one, chosen, (c, e) => ({ ...take(c, e), work: { ...c.work, refund: doneOf(e).refunds?.[0] } })),
    goWhen(outcome('ok'), `${prefix}List`, take),
    go(ask, (_, e) => ({ notice: doneOf(e).prompt ?? 'F21.none' })),
  ];
  return {
    [ask]: entryStep(profile, {
      screen: orSearch(
        c => show('F21.1', { title, entry: c.entry }),
        () => title,
      ),
      lengthMax: 12,
      letters: true,
      check: () => undefined,
      accept: entry => ({ entry }),
      next: `${prefix}Find`,
      scanned: `${prefix}Find`,
      cancel: parent,
      timeout: 'idle',
    }),
    [`${prefix}Find`]: jobStep(
      () => busy(title),
      c => (c.entry === '' ? { kind: 'openRefunds' } : { kind: 'findRefunds', text: c.entry }),
      found,
    ),
    [`${prefix}List`]: {
      screen: c => show('F21.list', { done: c.page + 1, of: pages(c), ...listed(c) }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          ...([0, 1, 2] as const).map(line =>
            goWhen(
              (c, e) => isKey(e, `${line + 1}` as KeyName) && c.refunds[c.page * LIST_LINES + line] !== undefined,
              chosen,
              pick(c => c.page * LIST_LINES + line),
            ),
          ),
          { when: (c, e) => isKey(e, 'DOWN', 'ENTER') && c.page + 1 < pages(c), change: c => ({ page: c.page + 1 }) },
          { when: (c, e) => isKey(e, 'UP') && c.page > 0, change: c => ({ page: c.page - 1 }) },
          goWhen(key('CANCEL', 'ENTER'), ask),
        ],
        TIMEOUT: [go('idle')],
      },
    },
  };
}

/** What can be said about a refund, in the order of the keys. */
const MARKS: readonly LifeEntry[] = ['arrived', 'cleared', 'abnormal', 'redirected', 'closed', 'manual'];

/** F21 refund status 退货进度: find it, see it, explain it, print it; 00 writes down where the money is. */
export function statusSteps(profile: PanelProfile): Steps {
  const timeout = profile.operationTimeoutMs;
  const refund = (c: Context): RefundView | undefined => c.work.refund;
  const page = (
    id: ScreenId,
    values: (view: RefundView) => Record<string, string>,
    ways: Parameters<typeof goWhen>[],
  ) => ({
    screen: (c: Context) => {
      const view = refund(c);
      return show(id, view ? values(view) : {});
    },
    await: keypad(timeout),
    on: { KEY: ways.map(way => goWhen(...way)), TIMEOUT: [go('idle')] },
  });
  const failed = (c: Context, e: Parameters<Guard>[1]): { notice: PromptId } => ({
    notice: doneOf(e).prompt ?? (c.notice as PromptId | undefined) ?? 'F21.state',
  });
  return {
    ...refundFinder(profile, 'status', 'refundStatus', 'statusShow', 'idle'),
    statusShow: {
      screen: c => {
        const view = refund(c);
        return {
          ...show('F21.2', {
            headZh: view ? headOf(view, 'zh') : '',
            headEn: view ? headOf(view, 'en') : '',
            amount: view?.amountMinor ?? 0,
            channel: view?.channel ?? 'card',
            account: view?.card ?? 'unknown',
            dueZh: view?.due.zh ?? '',
            dueEn: view?.due.en ?? '',
          }),
          ...(c.notice === undefined ? {} : { notice: c.notice }),
        };
      },
      await: keypad(timeout),
      on: {
        KEY: [
          goWhen(key('ENTER', 'DOWN'), 'statusCustomer'),
          goWhen(key('F1'), 'statusPrint', () => ({ topic: 'refundStatus' })),
          goWhen(key('1'), 'statusPassword', () => ({ topic: 'refundStatus' })),
          goWhen((c, e) => isKey(e, 'CANCEL') && c.refunds.length > 1, 'statusList'),
          goWhen(key('CANCEL'), 'statusAsk'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    /** The words for the customer, then those for the cashier. */
    statusCustomer: page(
      'F21.3',
      ({ answer, due }) => ({
        sayZh: answer.zh.line2,
        sayEn: answer.en.line2,
        moreZh: answer.zh.line3,
        moreEn: answer.en.line3,
        dueZh: due.zh,
        dueEn: due.en,
      }),
      [
        [key('ENTER', 'DOWN'), 'statusCashier'],
        [key('CANCEL', 'UP'), 'statusShow'],
      ],
    ),
    statusCashier: page(
      'F21.3b',
      ({ answer }) => ({
        sayZh: answer.zh.do2,
        sayEn: answer.en.do2,
        moreZh: answer.zh.do3,
        moreEn: answer.en.do3,
        whoZh: answer.zh.who,
        whoEn: answer.en.who,
      }),
      [
        [key('ENTER', 'CANCEL', 'DOWN'), 'statusShow'],
        [key('UP'), 'statusCustomer'],
      ],
    ),
    statusPrint: jobStep(
      () => show('F10.3', {}),
      c => ({ kind: 'printStatus', refund: c.work.refund as RefundView }),
      [
        goWhen(outcome('ok'), 'statusShow'),
        goWhen(outcome('paperOut', 'printerFault'), 'statusPaper', (_, e) => ({ done: doneOf(e) })),
        ...commonEnds(),
      ],
    ),
    statusPaper: {
      screen: c => (c.done?.outcome === 'paperOut' ? show('F18.1', {}) : show('F18.3', {})),
      await: keypad(timeout),
      beep: 'S-S-S',
      on: {
        KEY: [goWhen(key('ENTER'), 'statusPrint'), goWhen(key('CANCEL'), 'statusShow')],
        TIMEOUT: [go('statusShow')],
      },
    },

    /** S062: 00 writes down that the money arrived, or where else it is. */
    ...passwordSteps(profile, 'statusPassword', {
      screen: c => show('F21.4', stars(c)),
      length: () => 6,
      operator: () => '00',
      accepted: [{ when: outcome('ok'), to: 'statusMark' }],
      wrong: 'E13',
      triesMax: profile.passwordTries,
      cancel: 'statusShow',
    }),
    statusMark: {
      screen: () => show('F21.5', {}),
      await: keypad(timeout),
      on: {
        KEY: [
          ...MARKS.map((mark, index) =>
            goWhen(key(`${index + 1}` as KeyName), 'statusReference', c => ({ work: { ...c.work, mark } })),
          ),
          goWhen(key('CANCEL'), 'statusShow'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    statusReference: entryStep(profile, {
      screen: c => show('F21.6', { entry: c.entry }),
      lengthMax: PROOF_LENGTH,
      letters: true,
      check: () => undefined,
      accept: entry => ({ entry }),
      next: 'statusMarkDo',
      cancel: 'statusMark',
      timeout: 'idle',
    }),
    statusMarkDo: jobStep(
      () => busy('refundStatus'),
      c => ({
        kind: 'markRefund',
        id: c.work.refund?.id ?? 0,
        state: c.work.mark ?? 'arrived',
        reference: c.entry,
      }),
      [
        goWhen(outcome('ok'), 'statusMarked', (c, e) => ({ work: { ...c.work, refund: doneOf(e).refunds?.[0] } })),
        go('statusShow', failed),
      ],
    ),
    statusMarked: messageStep(() => show('F21.7', {}), 3000, 'statusShow', 'S'),
  };
}
