import { formatAmount } from '../../units.ts';
import type { PromptId, ScreenId } from '../../profile/screens.ts';
import type { PanelProfile } from '../profile.ts';
import {
  type Change,
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
  outcome,
  prompt,
  show,
  keypad,
} from '../step.ts';
import { cardSteps } from './card.ts';
import {
  THREE_BEEPS,
  beforeScreen,
  commonEnds,
  keepDone,
  passwordSteps,
  secondsLeft,
  stampOf,
  stars,
  typedAmount,
  voucherText,
  withDraft,
} from './common.ts';

/** F04 sale 消费. */
export function saleSteps(profile: PanelProfile): Steps {
  return {
    saleAmount: entryStep(profile, {
      screen: c => show('F04.1', { entry: formatAmount(typedAmount(c)) }),
      lengthMax: 9,
      amount: true,
      check: entry => {
        const amount = Number(entry);
        if (amount <= 0) return 'F04.amount';
        return amount > profile.saleMaxMinor ? 'F04.limit' : undefined;
      },
      accept: (entry, c) => ({ draft: { ...c.draft, amountMinor: Number(entry) } }),
      next: 'saleAfterAmount',
      cancel: 'forget',
    }),
    /** A card that was swiped at the idle screen is not asked for again. */
    saleAfterAmount: {
      screen: c => show('F04.2', { amount: c.draft.amountMinor }),
      await: () => ({ kind: 'pause', ms: 0 }),
      on: {
        TIMEOUT: [
          goWhen(c => c.draft.card !== undefined, profile.confirmCardAfterSwipe ? 'saleConfirm' : 'salePin'),
          go('saleCard'),
        ],
      },
    },
    ...cardSteps(profile, {
      prefix: 'sale',
      kind: 'sale',
      card: c => show('F04.2', { amount: c.draft.amountMinor }),
      next: () => 'salePin',
      nextSteps: ['salePin'],
      reads: true,
      confirm: profile.confirmCardAfterSwipe,
    }),
    /** Field 39 = 10: the acquirer approved a part only. CANCEL gives it back by a void of that part. */
    partial: {
      screen: c => show('PARTIAL', { amount: c.draft.amountMinor, approved: c.done?.amountMinor ?? 0 }),
      await: keypad(profile.operationTimeoutMs),
      beep: THREE_BEEPS,
      on: { KEY: [goWhen(key('ENTER'), 'slip'), goWhen(key('CANCEL'), 'partialVoid')], TIMEOUT: [go('slip')] },
    },
    partialVoid: jobStep(
      c => beforeScreen(c) ?? show('F05.7', { seconds: secondsLeft(c, profile) }),
      c => ({ kind: 'voidOf', id: c.record?.id ?? 0 }),
      [
        goWhen(outcome('approved', 'partial'), 'slip', keepDone),
        goWhen(outcome('reversed'), 'reversed', keepDone),
        goWhen(outcome('reversalFailed'), 'reversalFailed', keepDone),
        ...commonEnds(),
      ],
    ),
  };
}

/** F05 sale void 消费撤销: always the whole original amount, in this batch only. */
export function voidSteps(profile: PanelProfile): Steps {
  const afterReason = profile.voidNeedsCard ? 'voidCard' : 'voidPin';
  const afterOriginal = profile.voidNeedsReason ? 'voidReason' : afterReason;
  const original = (screen: Step['screen'], turn: 'UP' | 'DOWN', other: string): Step => ({
    screen,
    await: keypad(profile.operationTimeoutMs),
    on: {
      KEY: [goWhen(key('ENTER'), afterOriginal), goWhen(key('CANCEL'), 'idle'), goWhen(key(turn), other)],
      TIMEOUT: [go('idle')],
    },
  });
  const found: readonly Way[] = [
    goWhen(outcome('ok'), 'voidOriginal', takeOriginal),
    goWhen(outcome('tooOld'), 'voidTooOld', takeOriginal),
    goWhen(outcome('notFound'), 'voidVoucher', noticeOf('E02')),
    ...commonEnds(),
  ];
  return {
    ...managerSteps(profile, 'voidPassword', 'F05.1', profile.voidNeedsManager, 'voidVoucher'),
    voidVoucher: entryStep(profile, {
      screen: c => show('F05.2', { entry: c.entry }),
      lengthMax: 6,
      check: entry => (Number(entry) > 0 ? undefined : 'E02'),
      accept: entry => ({ entry }),
      next: 'voidFind',
      ways: [goWhen(key('F1'), 'voidFindLast')],
    }),
    voidFind: jobStep(
      c => show('F05.2', { entry: c.entry }),
      c => ({ kind: 'findVoucher', voucher: Number(c.entry), purpose: 'void' }),
      found,
    ),
    voidFindLast: jobStep(
      () => busy('void'),
      () => ({ kind: 'findLast', purpose: 'void' }),
      found,
    ),
    voidOriginal: original(
      c =>
        show('F05.3', {
          pan: c.record?.masked ?? '',
          amount: c.record?.amountMinor ?? 0,
          voucher: voucherText(c.record?.voucher ?? 0),
        }),
      'DOWN',
      'voidOriginal2',
    ),
    voidOriginal2: original(
      c => show('F05.3b', { reference: c.record?.reference ?? '', ...stampOf(c.record?.at) }),
      'UP',
      'voidOriginal',
    ),
    /** The sale is of an older batch: ENTER goes on as a refund with the original filled in. */
    voidTooOld: {
      screen: () => prompt('void', 'E56'),
      await: keypad(profile.operationTimeoutMs),
      beep: THREE_BEEPS,
      on: {
        KEY: [
          goWhen(
            (c, e) => key('ENTER')(c, e) && c.draft.approver === undefined && profile.refundNeedsManager,
            'refundPassword',
            asRefund,
          ),
          goWhen(key('ENTER'), 'refundChecked', asRefund),
          go('idle'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    ...(profile.voidNeedsReason ? { voidReason: reasonStep(profile, 'F05.4', afterReason) } : {}),
    ...cardSteps(profile, {
      prefix: 'void',
      kind: 'void',
      card: c => show('F05.5', { amount: c.draft.amountMinor }),
      next: () => 'voidPin',
      nextSteps: ['voidPin'],
      reads: profile.voidNeedsCard,
      confirm: false,
    }),
  };
}

/** F06 refund 退货 (card). There is no reversal: an answer that does not come leaves the refund UNKNOWN (F19). */
export function refundSteps(profile: PanelProfile): Steps {
  const afterCard = (c: Context): string =>
    c.draft.resend !== undefined ? 'refundPin' : c.draft.original ? 'refundAmount' : 'refundReference';
  return {
    ...managerSteps(profile, 'refundPassword', 'F06.1', profile.refundNeedsManager, 'refundFind', [
      goWhen(c => c.draft.original !== undefined, 'refundChecked'),
    ]),
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
          // Slips of this release carry no signed code yet: the voucher number finds the same original.
          goWhen(key('3'), 'refundVoucher', c => ({ page: c.desk.batch, notice: 'E74' })),
          goWhen(key('CANCEL'), 'idle'),
        ],
        TIMEOUT: [go('idle')],
      },
    },
    refundVoucher: entryStep(profile, {
      screen: c => show('F06.2a', { entry: c.entry, batch: voucherText(c.page) }),
      lengthMax: 6,
      check: entry => (Number(entry) > 0 ? undefined : 'E02'),
      accept: (entry, c) => ({ entry, page: c.page }),
      next: 'refundFound',
      ways: [
        { when: key('UP'), change: c => ({ page: Math.max(c.page - 1, 1), notice: undefined }) },
        { when: key('DOWN'), change: c => ({ page: Math.min(c.page + 1, c.desk.batch), notice: undefined }) },
      ],
    }),
    refundFound: jobStep(
      c => show('F06.2a', { entry: c.entry, batch: voucherText(c.page) }),
      c => ({ kind: 'findVoucher', voucher: Number(c.entry), batch: c.page, purpose: 'refund' }),
      [
        goWhen(outcome('ok'), 'refundOriginal', takeOriginal),
        goWhen(outcome('notFound'), 'refundVoucher', (c, e) => ({ ...noticeOf('E02')(c, e), page: c.page })),
        ...commonEnds(),
      ],
    ),
    ...cardSteps(profile, {
      prefix: 'refund',
      kind: 'refund',
      card: () => show('F06.3', {}),
      next: afterCard,
      nextSteps: ['refundAmount', 'refundReference', 'refundPin'],
      reads: true,
      confirm: false,
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
    refundOriginal: {
      screen: c =>
        show('F06.6', {
          pan: c.record?.masked ?? '',
          original: c.record?.amountMinor ?? 0,
          left: c.record?.remainingMinor ?? 0,
        }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          goWhen((c, e) => key('ENTER')(c, e) && c.draft.card !== undefined, 'refundAmount'),
          goWhen(key('ENTER'), 'refundCard'),
          goWhen(key('CANCEL'), 'forget'),
        ],
        TIMEOUT: [go('forget')],
      },
    },
    refundAmount: entryStep(profile, {
      screen: c =>
        c.draft.original
          ? show('F06.7', { left: c.draft.original.remainingMinor, entry: formatAmount(typedAmount(c)) })
          : show('F06.7u', { entry: formatAmount(typedAmount(c)) }),
      lengthMax: 9,
      amount: true,
      check: (entry, c) => {
        const amount = Number(entry);
        if (amount <= 0) return 'F04.amount';
        if (c.draft.original && amount > c.draft.original.remainingMinor) return 'E08';
        return amount > profile.refundMaxMinor ? 'E09' : undefined;
      },
      accept: (entry, c) => ({ draft: { ...c.draft, amountMinor: Number(entry) } }),
      next: 'refundConfirm',
      cancel: 'forget',
      ways: [
        {
          when: (c, e) => key('F1')(c, e) && c.draft.original !== undefined,
          change: c => ({ entry: String(c.draft.original?.remainingMinor ?? ''), notice: undefined }),
        },
      ],
    }),
    refundConfirm: {
      screen: c => show('F06.8', { amount: c.draft.amountMinor }),
      await: keypad(profile.operationTimeoutMs),
      on: {
        KEY: [
          goWhen(key('ENTER'), profile.refundNeedsReason ? 'refundReason' : 'refundPin'),
          goWhen(key('CANCEL'), 'refundAmount'),
        ],
        TIMEOUT: [go('forget')],
      },
    },
    ...(profile.refundNeedsReason ? { refundReason: reasonStep(profile, 'F06.9', 'refundPin') } : {}),
    /** F19-2: no valid answer. Never repeated blindly; the original is locked. */
    refundUnknown: {
      screen: c => show('F19.2', { tracking: c.done?.tracking ?? '' }),
      await: keypad(),
      beep: THREE_BEEPS,
      on: { KEY: [go('forget')] },
    },
  };
}

/** F05-1 and F06-1: the supervisor's password, unless the profile asks for none. */
function managerSteps(
  profile: PanelProfile,
  name: string,
  id: 'F05.1' | 'F06.1',
  needed: boolean,
  next: string,
  before: readonly Way[] = [],
): Steps {
  if (!needed)
    return {
      [name]: { screen: c => busy(c.topic), await: () => ({ kind: 'pause', ms: 0 }), on: { TIMEOUT: [go(next)] } },
    };
  const approved = withDraft(() => ({ approver: '00' }));
  return passwordSteps(profile, name, {
    screen: c => show(id, stars(c)),
    length: () => 6,
    operator: () => '00',
    accepted: [...before, go(next)].map(way => ({
      when: (c, e) => outcome('ok', 'mustChange')(c, e) && (way.when === undefined || way.when(c, e)),
      to: way.to,
      change: approved,
    })),
    wrong: 'E13',
    triesMax: profile.passwordTries,
  });
}

const asRefund: Change = c => ({ topic: 'refund', draft: { ...c.draft, kind: 'refund', amountMinor: 0 } });

const takeOriginal: Change = (c, e) => {
  const record = doneOf(e).record;
  if (!record) return {};
  return {
    record,
    draft: {
      ...c.draft,
      original: record,
      reference: record.reference,
      amountMinor: c.draft.kind === 'void' ? record.amountMinor : 0,
    },
  };
};

function noticeOf(fallback: PromptId): Change {
  return (_, e) => ({ notice: doneOf(e).prompt ?? fallback });
}

function reasonStep(profile: PanelProfile, id: Extract<ScreenId, 'F05.4' | 'F06.9'>, next: string): Step {
  return {
    screen: () => show(id, {}),
    await: keypad(profile.operationTimeoutMs),
    on: {
      KEY: [
        ...([1, 2, 3, 4, 5, 6] as const).map(code =>
          goWhen(
            key(`${code}`),
            next,
            withDraft(() => ({ reason: code })),
          ),
        ),
        goWhen(key('CANCEL'), 'forget'),
      ],
      TIMEOUT: [go('forget')],
    },
  };
}

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function validMmdd(text: string): boolean {
  if (!/^\d{4}$/.test(text)) return false;
  const month = Number(text.slice(0, 2));
  const day = Number(text.slice(2));
  return month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1];
}
