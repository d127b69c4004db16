import type { PanelProfile } from '../profile.ts';
import type { Job } from '../types.ts';
import {
  type Context,
  type Step,
  type Steps,
  type Way,
  busy,
  doneOf,
  edited,
  go,
  goWhen,
  jobStep,
  key,
  keypad,
  outcome,
  scannedTo,
  show,
  isKey,
  isOutcome,
} from '../step.ts';
import {
  THREE_BEEPS,
  beforeScreen,
  commonEnds,
  keepDone,
  passwordSteps,
  secondsLeft,
  noticeOf,
  stars,
  takeOriginal,
  withDraft,
  saleAmountStep,
} from './common.ts';

/** Longest payer's code and order number that can be typed where no scanner is. */
const CODE_DIGITS_MAX = 32;
/** What fits on the last line of the screen. */
const SHOWN_DIGITS = 16;

/** F07 scan sale 扫码消费: amount, the payer's code, the exchange, and the wait for a customer who must confirm. */
export function qrSaleSteps(profile: PanelProfile): Steps {
  const { scan } = profile;
  if (!scan) return {};
  const ends: readonly Way[] = [
    goWhen(outcome('approved', 'partial'), 'slip', keepDone),
    goWhen(outcome('reversed'), 'reversed', keepDone),
    goWhen(outcome('reversalFailed'), 'reversalFailed', keepDone),
    ...commonEnds(),
  ];
  const left = (c: Context): number =>
    Math.max(0, scan.confirmSeconds - (c.draft.inquiries ?? 0) * scan.inquirySeconds);
  const confirm: Step['screen'] = c => show('F07.3', { seconds: left(c) });
  const asked = withDraft(d => ({ inquiries: (d.inquiries ?? 0) + 1 }));
  return {
    qrAmount: saleAmountStep(profile, { screen: 'F07.1', next: 'qrScan', cancel: 'idle' }),
    qrScan: scanStep(
      profile,
      c => show('F07.2', { amount: c.draft.amountMinor, entry: c.entry.slice(-SHOWN_DIGITS) }),
      'qrCode',
      'qrCode',
    ),
    qrCode: jobStep(
      () => busy('qrSale'),
      c => ({ kind: 'readCode', text: c.entry }),
      [
        goWhen(outcome('ok'), 'qrOnline', (c, e) => {
          const { channel } = doneOf(e);
          return channel === undefined ? {} : { draft: { ...c.draft, channel } };
        }),
        goWhen(outcome('badCode'), 'qrScan', () => ({ notice: 'E45' })),
        ...commonEnds(),
      ],
    ),
    qrOnline: jobStep(
      c => beforeScreen(c) ?? checking(c) ?? show('F07.2w', { seconds: secondsLeft(c, profile) }),
      c => ({ kind: 'online', draft: c.draft }),
      [goWhen(outcome('waiting'), 'qrConfirm', keepDone), ...ends],
    ),
    /** F07-3: the customer types a password at the telephone. Nothing leaves this place but an outcome. */
    qrConfirm: {
      screen: confirm,
      await: () => ({
        kind: 'event',
        cards: [],
        removal: false,
        scanner: false,
        timeoutMs: scan.inquirySeconds * 1000,
      }),
      on: { KEY: [goWhen(key('CANCEL'), 'qrStopAsk')], TIMEOUT: [go('qrInquiry', asked)] },
    },
    qrInquiry: jobStep(
      c => beforeScreen(c) ?? confirm(c),
      c => ({ kind: 'qrInquiry', id: c.record?.id ?? 0 }),
      [
        goWhen((c, e) => isOutcome(e, 'waiting') && left(c) > 0, 'qrConfirm', keepDone),
        goWhen(outcome('waiting'), 'qrClose', keepDone),
        ...ends,
      ],
    ),
    /**
     * CANCEL asks again: a payment on its way is closed, never left alone. Whoever goes on waiting has the acquirer asked at
     * once, which counts as any inquiry does: no keys keep a payment open for longer than the time that it has.
     */
    qrStopAsk: {
      screen: () => show('F07.3s', {}),
      await: () => ({
        kind: 'event',
        cards: [],
        removal: false,
        scanner: false,
        timeoutMs: scan.inquirySeconds * 1000,
      }),
      beep: THREE_BEEPS,
      on: {
        KEY: [goWhen(key('ENTER'), 'qrClose'), goWhen(key('CANCEL'), 'qrInquiry', asked)],
        TIMEOUT: [go('qrInquiry', asked)],
      },
    },
    qrClose: jobStep(
      c => beforeScreen(c) ?? show('F07.3c', {}),
      c => ({ kind: 'qrClose', id: c.record?.id ?? 0 }),
      ends,
    ),
  };
}

/** F05 with a scanned payment: the original by its order number or voucher; no card and no PIN. */
export function qrVoidSteps(profile: PanelProfile): Steps {
  if (!profile.scan) return {};
  const found: readonly Way[] = [
    goWhen(outcome('ok'), 'voidOriginal', takeOriginal),
    goWhen(outcome('tooOld'), 'voidTooOld', takeOriginal),
    goWhen(outcome('notFound'), 'qrVoidFind', noticeOf('E02')),
    ...commonEnds(),
  ];
  return {
    ...manager(profile, 'qrVoidPassword', 'F05.1', profile.voidNeedsManager, 'qrVoidFind'),
    ...slipOrVoucher(profile, 'qrVoid', 'F05.2q', 'void', found),
    /** A void of a scanned payment has no reversal: without an answer its sale is locked until a person knows. */
    voidUnknown: {
      screen: c => show('F19.2v', { tracking: c.done?.tracking ?? '' }),
      await: keypad(),
      beep: THREE_BEEPS,
      on: { KEY: [go('forget')] },
    },
  };
}

/** F08 scan refund 扫码退货: the original by its slip, order number or voucher; amount, confirmation and reason are those of F06. */
export function qrRefundSteps(profile: PanelProfile): Steps {
  if (!profile.scan) return {};
  const found: readonly Way[] = [
    goWhen(outcome('ok'), 'refundOriginal', takeOriginal),
    otherOrder,
    orderNext,
    goWhen(outcome('notFound'), 'qrRefundFind', noticeOf('E02')),
    ...commonEnds(),
  ];
  return {
    ...manager(profile, 'qrRefundPassword', 'F08.1', profile.refundNeedsManager, 'qrRefundFind'),
    ...slipOrVoucher(profile, 'qrRefund', 'F08.2', 'refund', found),
  };
}

/** A payment of another terminal: its order number and day are known, its amount only to the acquirer. */
export const otherOrder: Way = goWhen(outcome('otherOrder'), 'refundAmount', (c, e) => {
  const { channel, order, date } = doneOf(e);
  return {
    draft: {
      ...c.draft,
      ...(channel === undefined ? {} : { channel }),
      ...(order === undefined ? {} : { order }),
      ...(date === undefined ? {} : { date }),
    },
  };
});

/** The slip of another terminal's scanned payment does not hold the order number: that is scanned or typed next. */
export const orderNext: Way = goWhen(outcome('scanOrder'), 'qrRefundFind', (c, e) => ({
  ...noticeOf('E94')(c, e),
  topic: 'qrRefund',
}));

/** The original by the code of its slip or its order number, scanned or typed; up to six typed digits are a voucher. */
function slipOrVoucher(
  profile: PanelProfile,
  topic: 'qrVoid' | 'qrRefund',
  id: 'F05.2q' | 'F08.2',
  purpose: 'void' | 'refund',
  found: readonly Way[],
): Steps {
  const screen: Step['screen'] = c => show(id, { entry: c.entry.slice(-SHOWN_DIGITS) });
  const bySlip = (c: Context): Job => ({ kind: 'findSlip', text: c.entry, purpose });
  return {
    [`${topic}Find`]: scanStep(profile, screen, `${topic}Scanned`, `${topic}Typed`),
    [`${topic}Scanned`]: jobStep(() => busy(topic), bySlip, found),
    [`${topic}Typed`]: jobStep(
      () => busy(topic),
      c => (c.entry.length > 6 ? bySlip(c) : { kind: 'findVoucher', voucher: Number(c.entry), purpose }),
      found,
    ),
  };
}

/** A step in which a code is scanned, or typed where that is easier. */
function scanStep(profile: PanelProfile, screen: Step['screen'], scanned: string, typed: string): Step {
  return {
    screen: c => ({ ...screen(c), ...(c.notice === undefined ? {} : { notice: c.notice }) }),
    await: () => ({
      kind: 'event',
      cards: [],
      removal: false,
      scanner: true,
      timeoutMs: profile.operationTimeoutMs,
    }),
    on: {
      SCAN: [scannedTo(scanned)],
      KEY: [
        goWhen(key('CANCEL'), 'idle'),
        goWhen(
          (c, e) => isKey(e, 'ENTER') && c.entry !== '',
          typed,
          c => ({ entry: c.entry }),
        ),
        {
          change: (c, e) =>
            e.type === 'KEY' ? { entry: edited(c.entry, e.key, CODE_DIGITS_MAX, false), notice: undefined } : {},
        },
      ],
      TIMEOUT: [go('idle')],
    },
  };
}

/** F19-1: no usable answer came, and the acquirer is asked. */
export function checking(c: Context): ReturnType<Step['screen']> | undefined {
  const p = c.progress;
  return p?.stage === 'inquiry' ? show('F19.1', { seconds: p.secondsLeft }) : undefined;
}

/** The supervisor's password, unless the profile asks for none. */
function manager(profile: PanelProfile, name: string, id: 'F05.1' | 'F08.1', needed: boolean, next: string): Steps {
  if (!needed)
    return {
      [name]: { screen: c => busy(c.topic), await: () => ({ kind: 'pause', ms: 0 }), on: { TIMEOUT: [go(next)] } },
    };
  return passwordSteps(profile, name, {
    screen: c => show(id, stars(c)),
    length: () => 6,
    operator: () => '00',
    accepted: [{ ...go(next), change: withDraft(() => ({ approver: '00' })) }],
    wrong: 'E13',
    triesMax: profile.passwordTries,
  });
}
