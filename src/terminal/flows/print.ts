import type { ScreenId } from '../../profile/screens.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
  type Context,
  type Step,
  type Steps,
  type Way,
  busy,
  doneOf,
  go,
  goWhen,
  jobStep,
  key,
  menuStep,
  outcome,
  prompt,
  show,
  keypad,
  isKey,
  isOutcome,
} from '../step.ts';
import type { RecordView } from '../types.ts';
import {
  commonEnds,
  keepDone,
  passwordSteps,
  stampOf,
  stars,
  THREE_BEEPS,
  voucherText,
  voucherSteps,
} from './common.ts';

const printing: Step['screen'] = () => show('F10.3', {});

/** Printing never decides a transaction: paper out after an approval is a reprint, not a failure (F18). */
export function printSteps(profile: PanelProfile): Steps {
  const two = profile.slipCopies > 1;
  const afterFirst = two ? 'slipTear' : 'slipDone';
  const reprint = profile.reprintNeedsManager ? 'reprintPassword' : 'reprint';
  const foundForReprint: readonly Way[] = [
    goWhen(outcome('ok'), reprint, (_, e) => ({ record: doneOf(e).record })),
    goWhen(
      (c, e) => isOutcome(e, 'notFound') && c.entry !== '',
      'reprintVoucher',
      (_, e) => ({ notice: doneOf(e).prompt ?? 'E02' }),
    ),
    ...commonEnds(),
  ];
  const printed = (next: string): readonly Way[] => [goWhen(outcome('ok'), next)];
  /** F18-1 and F18-3: ENTER goes on where the paper ended, CANCEL leaves the slip for later. */
  const trouble = (resume: string, later: Way): Step => ({
    screen: c => (c.done?.outcome === 'paperOut' ? show('F18.1', {}) : show('F18.3', {})),
    await: keypad(),
    beep: THREE_BEEPS,
    on: { KEY: [goWhen(key('ENTER'), resume), later] },
  });
  const slipLater = goWhen(key('CANCEL'), 'slipLater', c => ({ owedSlip: c.record }));
  const reportLater = goWhen(key('CANCEL'), 'reportLater');
  /** A job that prints, with its paper trouble and its continuation. */
  const printJob = (
    name: string,
    screen: Step['screen'],
    job: Parameters<typeof jobStep>[1],
    next: readonly Way[],
    later: Way,
    beep?: string,
  ): Steps => {
    const ways = [...next, goWhen(outcome('paperOut', 'printerFault'), `${name}Trouble`, keepDone), ...commonEnds()];
    return {
      [name]: jobStep(screen, job, ways, beep),
      [`${name}Trouble`]: trouble(`${name}Resume`, later),
      [`${name}Resume`]: jobStep(printing, () => ({ kind: 'resumePrint' }), ways),
    };
  };
  const second: Steps = {
    slipTear: {
      screen: () => show('F04.7', {}),
      await: keypad(10_000),
      on: { KEY: [goWhen(key('ENTER'), 'slipSecond'), goWhen(key('CANCEL'), 'slipDone')], TIMEOUT: [go('slipSecond')] },
    },
    ...printJob(
      'slipSecond',
      printing,
      c => ({ kind: 'printSlip', id: c.record?.id ?? 0, copy: 'cardholder' }),
      printed('slipDone'),
      slipLater,
    ),
  };
  const reprinted: readonly Way[] = [
    goWhen(
      (c, e) => isOutcome(e, 'ok') && c.owedSlip?.id === c.record?.id,
      'reprinted',
      (_, e) => ({ owedSlip: doneOf(e).owedSlip }),
    ),
    ...printed('reprinted'),
  ];
  return {
    /** F04-6, F05-8, F06-13: approved, the merchant copy is printed. */
    ...printJob(
      'slip',
      resultScreen,
      c => ({ kind: 'printSlip', id: c.record?.id ?? 0, copy: 'merchant' }),
      printed(afterFirst),
      slipLater,
      'S',
    ),
    ...(two ? second : {}),
    /** CANCEL at the paper screen: the slip waits, and the idle screen says so. */
    slipLater: jobStep(
      c => busy(c.topic),
      c => ({ kind: 'dropPrint', ...(c.record === undefined ? {} : { id: c.record.id }) }),
      [go('slipDone')],
    ),
    /** A report is not owed to anybody: it can be asked for again. */
    reportLater: jobStep(
      c => busy(c.topic),
      () => ({ kind: 'dropPrint' }),
      [go('idle')],
    ),
    slipDone: {
      screen: c => (c.desk.chipIn ? show('F04.8', {}) : show('F04.8b', {})),
      await: () => ({ kind: 'event', cards: [], removal: true, scanner: false, timeoutMs: 3000 }),
      on: { KEY: [go('forget')], REMOVED: [go('forget')], TIMEOUT: [go('forget')] },
    },

    menuPrint: menuStep(
      profile,
      'MENU.print',
      [
        { key: '1', to: 'reprintLast' },
        { key: '2', to: 'reprintVoucher' },
        { key: '3', to: 'printDetail' },
        { key: '4', to: 'printTotals' },
        { key: '5', to: 'printSettlement' },
      ],
      'menu',
    ),
    /** The slip that waits; a password first when a reprint needs one. */
    reprintOwed: {
      screen: printing,
      await: () => ({ kind: 'pause', ms: 0 }),
      on: { TIMEOUT: [go(reprint, c => ({ record: c.owedSlip }))] },
    },
    reprintLast: jobStep(printing, () => ({ kind: 'findLast', purpose: 'reprint' }), foundForReprint),
    ...voucherSteps(profile, {
      ask: 'reprintVoucher',
      find: 'reprintFind',
      screen: c => show('F10.2', { entry: c.entry }),
      purpose: 'reprint',
      found: foundForReprint,
      cancel: 'menuPrint',
    }),
    ...(profile.reprintNeedsManager
      ? passwordSteps(profile, 'reprintPassword', {
          screen: c => show('F10.4', stars(c)),
          length: () => 6,
          operator: () => '00',
          accepted: [{ when: outcome('ok', 'mustChange'), to: 'reprint' }],
          wrong: 'E13',
          triesMax: profile.passwordTries,
        })
      : {}),
    ...printJob('reprint', printing, c => ({ kind: 'reprint', id: c.record?.id ?? 0 }), reprinted, slipLater),
    ...printJob(
      'printDetail',
      printing,
      () => ({ kind: 'printReport', report: 'detail' }),
      printed('reprinted'),
      reportLater,
    ),
    ...printJob(
      'printTotals',
      printing,
      () => ({ kind: 'printReport', report: 'totals' }),
      printed('reprinted'),
      reportLater,
    ),
    ...printJob(
      'printSettlement',
      printing,
      () => ({ kind: 'printReport', report: 'lastSettlement' }),
      printed('reprinted'),
      reportLater,
    ),
    ...printJob(
      'printDay',
      printing,
      () => ({ kind: 'printReport', report: 'day' }),
      printed('supervisor'),
      reportLater,
    ),
    reprinted: { screen: printing, await: () => ({ kind: 'pause', ms: 500 }), on: { TIMEOUT: [go('idle')] } },
  };
}

function resultScreen(c: Context): ReturnType<Step['screen']> {
  const record = c.record;
  const voucher = voucherText(record?.voucher ?? 0);
  if (record?.kind === 'void')
    return show('F05.8', {
      voucher: voucherText(c.draft.original?.voucher ?? record.originalVoucher ?? 0),
      newVoucher: voucher,
    });
  if (record?.kind === 'refund' && record.channel !== undefined) {
    const { tracking = '', dueDays = 0, dueMinutes } = c.done ?? {};
    return dueMinutes === undefined
      ? show('F08.4', { tracking, dueDays })
      : show('F08.4m', { tracking, minutes: dueMinutes });
  }
  if (record?.kind === 'refund')
    return c.done?.due === undefined
      ? show('F06.13b', { tracking: c.done?.tracking ?? '', dueDays: c.done?.dueDays ?? 0 })
      : show('F06.13', { tracking: c.done.tracking ?? '', due: c.done.due });
  if (record?.channel !== undefined)
    return show('F07.4', { channel: record.channel, amount: record.amountMinor, voucher });
  return show('F04.6', { amount: record?.amountMinor ?? c.draft.amountMinor, voucher });
}

/** The word behind the kind of a transaction: voided, refunded, unknown, reversed, failed. */
export function stateOf(record: RecordView): string {
  if (record.kind === 'sale' && record.state === 'approved' && record.refundedMinor > 0)
    return record.refundedMinor >= record.amountMinor ? 'refunded' : 'partRefunded';
  return record.state;
}

/** F12 query: newest first, two screens a transaction. */
export function querySteps(profile: PanelProfile): Steps {
  const current = (c: Context): RecordView | undefined => c.records[c.page];
  const show1 = (r: RecordView): ReturnType<Step['screen']> =>
    show('F12.2', {
      kind: r.kind,
      state: stateOf(r),
      pan: r.masked,
      amount: r.amountMinor,
      voucher: voucherText(r.voucher),
    });
  const show2 = (r: RecordView): ReturnType<Step['screen']> =>
    show('F12.2b', { kind: r.kind, state: stateOf(r), reference: r.reference, ...stampOf(r.at) });
  const page =
    (by: number): Change =>
    c => ({ page: c.page + by });
  const step = (second: boolean): Step => ({
    screen: c => {
      const record = current(c);
      if (!record) return prompt('query', 'E01');
      return second ? show2(record) : show1(record);
    },
    await: keypad(profile.operationTimeoutMs),
    on: {
      KEY: [
        { when: (c, e) => isKey(e, 'DOWN') && c.page + 1 < c.records.length, to: 'queryShow', change: page(1) },
        { when: (c, e) => isKey(e, 'UP') && c.page > 0, to: 'queryShow', change: page(-1) },
        goWhen(key('DOWN'), 'queryEnd'),
        { when: key('ENTER'), to: second ? 'queryShow' : 'queryShow2' },
        goWhen(key('F1'), profile.reprintNeedsManager ? 'reprintPassword' : 'reprint', c => ({ record: current(c) })),
        goWhen(key('CANCEL'), 'menuQuery'),
      ],
      TIMEOUT: [go('idle')],
    },
  });
  return {
    menuQuery: menuStep(
      profile,
      'MENU.query',
      [
        { key: '1', to: 'queryHistory' },
        { key: '2', to: 'queryTotals' },
        { key: '3', to: 'queryVoucher' },
        { key: '4', to: 'statusAsk', change: () => ({ topic: 'refundStatus', work: {}, refunds: [] }) },
        { key: '5', to: 'querySearchDate' },
      ],
      'menuManage',
    ),
    queryHistory: jobStep(
      () => busy('query'),
      () => ({ kind: 'history' }),
      [goWhen(outcome('ok'), 'queryShow', (_, e) => ({ records: doneOf(e).records ?? [] })), ...commonEnds()],
    ),
    ...voucherSteps(profile, {
      ask: 'queryVoucher',
      find: 'queryFind',
      screen: c => show('F12.3', { entry: c.entry }),
      purpose: 'query',
      found: [
        goWhen(outcome('ok'), 'queryShow', (_, e) => {
          const record = doneOf(e).record;
          return { records: record ? [record] : [] };
        }),
        goWhen(outcome('notFound'), 'queryVoucher', (_, e) => ({ notice: doneOf(e).prompt ?? 'E02' })),
        ...commonEnds(),
      ],
      cancel: 'menuQuery',
    }),
    queryShow: step(false),
    queryShow2: step(true),
    queryEnd: {
      screen: () => show('F12.end', {}),
      await: () => ({ kind: 'pause', ms: 1000 }),
      on: { TIMEOUT: [go('menuQuery')] },
    },
    queryTotals: jobStep(
      () => busy('query'),
      () => ({ kind: 'totals' }),
      [goWhen(outcome('ok'), 'queryTotals1', keepDone), ...commonEnds()],
    ),
    ...totalsPages(profile, 'back', 'queryTotals', 'menuQuery', 'menuQuery'),
  };
}

/**
 * F09-2: sales and refunds of UnionPay cards, of foreign cards and, where there were any, of scanned payments: one page
 * each. `last`: `settle` when ENTER on the last one begins the settlement, `back` when it leads back.
 */
const CARD_PAGES = 4;

export function totalsPages(
  profile: PanelProfile,
  last: 'back' | 'settle',
  prefix: string,
  next: string,
  cancel: string,
): Steps {
  const steps: Steps = {};
  const scanned = (c: Context): boolean => (c.done?.sides?.length ?? 0) > CARD_PAGES;
  const end = { 4: { back: 'F09.2.4', settle: 'F09.2.4s' }, 6: { back: 'F09.2.6', settle: 'F09.2.6s' } } as const;
  const pages: readonly ((c: Context) => ScreenId)[] = [
    () => 'F09.2.1',
    () => 'F09.2.2',
    () => 'F09.2.3',
    c => (scanned(c) ? 'F09.2.4q' : end[4][last]),
    ...(profile.scan ? [() => 'F09.2.5' as const, () => end[6][last]] : []),
  ];
  pages.forEach((id, index) => {
    steps[`${prefix}${index + 1}`] = {
      screen: c => {
        const sum = c.done?.sides?.[index];
        return show(id(c), { count: sum?.count ?? 0, amount: sum?.amountMinor ?? 0 });
      },
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          ...(index + 1 === CARD_PAGES ? [goWhen((c, e) => isKey(e, 'ENTER') && !scanned(c), next)] : []),
          goWhen(key('ENTER'), index + 1 < pages.length ? `${prefix}${index + 2}` : next),
          goWhen(key('CANCEL'), cancel),
        ],
        TIMEOUT: [go(cancel)],
      },
    };
  });
  return steps;
}
