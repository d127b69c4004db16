import type { PanelProfile } from '../profile.ts';
import {
  type Context,
  type Step,
  type Steps,
  type Way,
  busy,
  doneOf,
  entryStep,
  go,
  goWhen,
  jobStep,
  key,
  keypad,
  outcome,
  scannedTo,
  scannerAndKeypad,
  show,
  isKey,
} from '../step.ts';
import { managerSteps } from './approval.ts';
import { orderNext, otherOrder } from './qr.ts';
import { commonEnds, noticeOf, stampOf, takeOriginal, voucherText, voucherSteps } from './common.ts';

/**
 * F06-1…6: who may, and which sale. By voucher, by the code of its slip, or by card, reference and date; then the original
 * and what is left of it.
 */
export function originalSteps(profile: PanelProfile): Steps {
  const slipFound = (text: (c: Context) => string): Step =>
    jobStep(
      () => busy('refund'),
      c => ({ kind: 'findSlip', text: text(c), purpose: 'refund' }),
      [
        goWhen(outcome('ok'), 'refundOriginal', takeOriginal),
        ...(profile.scan ? [otherOrder, orderNext] : []),
        goWhen(outcome('notFound'), 'refundScan', noticeOf('E75')),
        ...commonEnds(),
      ],
    );
  const original = (screen: Step['screen'], ways: readonly Way[]): Step => ({
    screen,
    await: keypad(profile.operationTimeoutMs),
    on: {
      KEY: [
        goWhen(
          (c, e) => isKey(e, 'ENTER') && (c.draft.card !== undefined || c.draft.channel !== undefined),
          'refundAmount',
        ),
        goWhen(key('ENTER'), 'refundCard'),
        ...ways,
      ],
      TIMEOUT: [go('forget')],
    },
  });
  return {
    ...managerSteps(profile, 'refundPassword', 'F06.1', profile.refundNeedsManager, 'refundFind', [
      goWhen(c => c.draft.original !== undefined, 'refundChecked'),
      goWhen(c => c.draft.slip !== undefined, 'refundSlip'),
    ]),
    /** A slip that was scanned at the idle screen. */
    refundSlip: slipFound(c => c.draft.slip ?? ''),
    /** A void that became a refund: may this original still be refunded? */
    refundChecked: jobStep(
      () => busy('refund'),
      c => ({
        kind: 'findVoucher',
        voucher: c.draft.original?.voucher ?? 0,
        batch: c.draft.original?.batch ?? 0,
        purpose: 'refund',
      }),
      [goWhen(outcome('ok'), 'refundOriginal', takeOriginal), ...commonEnds()],
    ),
    refundFind: {
      screen: () => show('F06.2', {}),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          goWhen(key('1'), 'refundVoucher', c => ({ page: c.desk.batch })),
          goWhen(key('2'), 'refundCard'),
          goWhen((c, e) => isKey(e, '3') && c.desk.scanner === true, 'refundScan'),
          // Without a scanner the voucher number finds the same original.
          goWhen(key('3'), 'refundVoucher', c => ({ page: c.desk.batch, notice: 'E74' })),
          goWhen(key('CANCEL'), 'idle'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    /** F06-2, 3: the signed code of a slip, of this terminal or of another one of the merchant. */
    refundScan: {
      screen: c => ({ ...show('F06.2b', {}), ...(c.notice === undefined ? {} : { notice: c.notice }) }),
      await: scannerAndKeypad(profile),
      on: {
        SCAN: [scannedTo('refundScanned')],
        KEY: [goWhen(key('CANCEL'), 'idle')],
        TIMEOUT: [go('idle')],
      },
    },
    refundScanned: slipFound(c => c.entry),
    ...voucherSteps(profile, {
      ask: 'refundVoucher',
      find: 'refundFound',
      screen: c => show('F06.2a', { entry: c.entry, batch: voucherText(c.page) }),
      purpose: 'refund',
      found: [
        goWhen(outcome('ok'), 'refundOriginal', takeOriginal),
        goWhen(outcome('notFound'), 'refundVoucher', (c, e) => ({ ...noticeOf('E02')(c, e), page: c.page })),
        ...commonEnds(),
      ],
      scanned: 'refundScanned',
      batches: true,
    }),
    refundReference: entryStep(profile, {
      screen: c => show('F06.4', { entry: c.entry }),
      lengthMax: 12,
      letters: true,
      check: entry => (entry.length === 12 ? undefined : 'E12'),
      accept: (entry, c) => ({ draft: { ...c.draft, reference: entry } }),
      next: 'refundDate',
      cancel: 'forget',
    }),
    refundDate: entryStep(profile, {
      screen: c => show('F06.5', { entry: c.entry }),
      lengthMax: 4,
      check: entry => (validMmdd(entry) ? undefined : 'E11'),
      accept: (entry, c) => ({ draft: { ...c.draft, date: entry } }),
      next: 'refundKnown',
      cancel: 'forget',
    }),
    /** Is the original in our own journal? Then its remainder, card and state count; otherwise the acquirer decides. */
    refundKnown: jobStep(
      c => show('F06.5', { entry: c.draft.date ?? '' }),
      c => ({ kind: 'findReference', reference: c.draft.reference ?? '', date: c.draft.date ?? '' }),
      [
        goWhen(outcome('ok'), 'refundOriginal', takeOriginal),
        goWhen(outcome('foreign'), 'refundAmount'),
        goWhen(outcome('badDate'), 'refundDate', noticeOf('E11')),
        ...commonEnds(),
      ],
    ),
    refundOriginal: original(
      c => {
        const { masked = '', amountMinor = 0, remainingMinor = 0, channel } = c.record ?? {};
        if (channel !== undefined) return show('F08.3', { channel, original: amountMinor, left: remainingMinor });
        return show('F06.6', { pan: masked, original: amountMinor, left: remainingMinor });
      },
      [goWhen(key('DOWN'), 'refundOriginal2'), goWhen(key('CANCEL'), 'forget')],
    ),
    /** F06-6, DOWN: whose card it was, and what stands on the slip. */
    refundOriginal2: original(
      ({ record }) =>
        show('F06.6d', {
          bank: record?.bank ?? '',
          date: stampOf(record?.at).date,
          voucher: voucherText(record?.voucher ?? 0),
          reference: record?.reference ?? '',
        }),
      [goWhen(key('DOWN'), 'refundEarlier'), goWhen(key('UP'), 'refundOriginal'), goWhen(key('CANCEL'), 'forget')],
    ),
    /** F06-6, DOWN twice: what was given back of this sale so far, in any way. */
    refundEarlier: jobStep(
      () => busy('refund'),
      c => ({ kind: 'refundsOf', id: c.record?.id ?? 0 }),
      [
        goWhen(outcome('ok'), 'refundEarlierShow', (_, e) => ({ records: doneOf(e).records ?? [] })),
        go('refundOriginal'),
      ],
    ),
    refundEarlierShow: {
      screen: c => {
        const refund = c.records[c.page];
        return show('F06.6c', {
          done: c.page + 1,
          of: c.records.length,
          tracking: refund?.tracking ?? '',
          date: stampOf(refund?.at).date,
          amount: refund?.amountMinor ?? 0,
          state: refund?.state ?? '',
        });
      },
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          {
            when: (c, e) => isKey(e, 'DOWN') && c.page + 1 < c.records.length,
            change: c => ({ page: c.page + 1 }),
          },
          { when: (c, e) => isKey(e, 'UP') && c.page > 0, change: c => ({ page: c.page - 1 }) },
          goWhen(key('CANCEL', 'ENTER', 'UP'), 'refundOriginal'),
        ],
        TIMEOUT: [go('forget')],
      },
    },
  };
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** A day of some year, MMDD. */
export function validMmdd(text: string): boolean {
  if (!/^\d{4}$/.test(text)) return false;
  const month = Number(text.slice(0, 2));
  const day = Number(text.slice(2));
  return month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1];
}
