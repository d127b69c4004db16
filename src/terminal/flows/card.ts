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
  outcome,
  show,
  keypad,
  isOutcome,
} from '../step.ts';
import type { CardSource, Draft } from '../types.ts';
import { THREE_BEEPS, beforeScreen, commonEnds, keepDone, refuse, secondsLeft, withDraft } from './common.ts';
import { checking } from './qr.ts';

export interface CardFlow {
  /** Name before each step of this flow. */
  readonly prefix: string;
  readonly kind: Draft['kind'];
  /** The screen that asks for the card. */
  readonly card: Step['screen'];
  /** Where a read card leads. */
  readonly next: (c: Context) => string;
  /** All values of `next`. */
  readonly nextSteps: readonly string[];
  /** False: no step of this flow reads a card (void without card). */
  readonly reads: boolean;
  /** The operator reads the number back after a swipe. */
  readonly confirm: boolean;
}

const ALL: readonly CardSource[] = ['swipe', 'chip', 'tap'];
const WAITING: Record<Draft['kind'], 'F04.5' | 'F05.7' | 'F06.12'> = { sale: 'F04.5', void: 'F05.7', refund: 'F06.12' };

const PIN: Record<Draft['kind'], 'F04.4' | 'F05.6' | 'F06.12p'> = { sale: 'F04.4', void: 'F05.6', refund: 'F06.12p' };

/**
 * Reading the card and the PIN, and the exchange itself: the same for sale, void and refund (F04-2…5, F05-5…7, F06-3
 * and 12, F17).
 */
export function cardSteps(profile: PanelProfile, flow: CardFlow): Steps {
  const name = (part: string): string => `${flow.prefix}${part}`;
  const accepted = (when: Way['when']): readonly Way[] =>
    flow.nextSteps.map(step =>
      goWhen(
        (c, e) => (when === undefined || when(c, e)) && flow.next({ ...c, ...withCard(c, e) }) === step,
        step,
        withCard,
      ),
    );
  const waiting = (
    screen: Step['screen'],
    cards: readonly CardSource[],
    ms: number,
    back?: string,
    beep?: string,
  ): Step => ({
    screen,
    await: () => ({ kind: 'event', cards, removal: false, scanner: false, timeoutMs: ms }),
    ...(beep === undefined ? {} : { beep }),
    on: {
      KEY: [goWhen(key('CANCEL'), 'forget')],
      CARD: ALL.map(source => goWhen((_, e) => e.type === 'CARD' && e.source === source, name(`Read-${source}`))),
      TIMEOUT: [back === undefined ? refuse(undefined, 'E21') : go(back)],
    },
  });
  const plain =
    (id: Extract<ScreenId, 'F17.1' | 'F17.2' | 'F17.3' | 'F17.4'>): Step['screen'] =>
    () =>
      show(id, {});
  const reading = (source: CardSource): Step =>
    jobStep(flow.card, c => ({ kind: 'readCard', source, draft: c.draft }), [
      ...(profile.readTriesMax > 1
        ? [
            goWhen(
              (c, e) => isOutcome(e, 'swipeError') && c.draft.readTries + 1 < profile.readTriesMax,
              name('SwipeAgain'),
              again,
            ),
          ]
        : []),
      refuse(outcome('swipeError'), 'E52'),
      goWhen(outcome('chipCard'), name('UseChip')),
      ...(profile.fallbackAllowed
        ? [
            goWhen(
              outcome('chipError'),
              name('Fallback'),
              withDraft(() => ({ fallback: true })),
            ),
          ]
        : []),
      refuse(outcome('chipError'), 'E65'),
      goWhen(outcome('oneCard'), name('OneCard')),
      goWhen(outcome('tapAgain'), name('Card')),
      ...(flow.confirm ? [goWhen((_, e) => isOutcome(e, 'ok') && source === 'swipe', name('Confirm'), withCard)] : []),
      ...accepted(outcome('ok')),
      ...commonEnds(),
    ]);
  const wrongPin: Step = {
    screen: c => show('F04.5p', { count: Math.max(profile.pinSendsMax - c.draft.pinTries, 0) }),
    await: keypad(profile.operationTimeoutMs),
    beep: THREE_BEEPS,
    on: { KEY: [goWhen(key('ENTER'), name('Pin')), goWhen(key('CANCEL'), 'forget')], TIMEOUT: [go('forget')] },
  };
  const reads: Steps = {
    [name('Card')]: waiting(flow.card, ALL, profile.cardTimeoutMs),
    ...(profile.readTriesMax > 1
      ? { [name('SwipeAgain')]: waiting(plain('F17.1'), ALL, profile.cardTimeoutMs, undefined, THREE_BEEPS) }
      : {}),
    [name('UseChip')]: waiting(plain('F17.2'), ['chip', 'tap'], profile.cardTimeoutMs, undefined, THREE_BEEPS),
    ...(profile.fallbackAllowed
      ? { [name('Fallback')]: waiting(plain('F17.3'), ['swipe'], profile.cardTimeoutMs, undefined, THREE_BEEPS) }
      : {}),
    [name('OneCard')]: waiting(plain('F17.4'), ALL, 5000, name('Card'), THREE_BEEPS),
    [name('Read-swipe')]: reading('swipe'),
    [name('Read-chip')]: reading('chip'),
    [name('Read-tap')]: reading('tap'),
  };
  /** F04-3 */
  const confirm: Steps = {
    [name('Confirm')]: {
      screen: c => show('F04.3', { pan: c.draft.card?.masked ?? '' }),
      await: keypad(profile.cardConfirmMs),
      on: { KEY: [...accepted(key('ENTER')), goWhen(key('CANCEL'), 'forget')], TIMEOUT: [go('forget')] },
    },
  };
  return {
    ...(flow.reads ? reads : {}),
    ...(flow.reads && flow.confirm ? confirm : {}),
    [name('Pin')]: jobStep(
      c =>
        profile.training
          ? show('F22.pin', {})
          : skipsPin(profile, c.draft)
            ? busy(flow.kind)
            : show(PIN[flow.kind], { amount: c.draft.amountMinor, entry: '' }),
      c => ({ kind: 'pin', draft: c.draft, skip: skipsPin(profile, c.draft) }),
      [
        ...(flow.kind === 'refund'
          ? [goWhen((c, e) => isOutcome(e, 'ok') && waits(c.draft), 'refundHold', asked)]
          : []),
        goWhen(outcome('ok'), name('Online'), asked),
        ...(flow.reads && profile.fallbackAllowed
          ? [
              goWhen(
                outcome('chipError'),
                name('Fallback'),
                withDraft(draft => ({
                  fallback: true,
                  ...(flow.kind === 'refund' && draft.heldId === undefined ? UNDECIDED : {}),
                })),
              ),
            ]
          : []),
        refuse(outcome('chipError'), 'E65'),
        ...commonEnds(),
      ],
    ),
    [name('Online')]: jobStep(
      c => beforeScreen(c) ?? checking(c) ?? show(WAITING[flow.kind], { seconds: secondsLeft(c, profile) }),
      c => ({ kind: 'online', draft: c.draft }),
      [
        goWhen(outcome('approved'), 'slip', keepDone),
        // A void or refund has nothing to choose: what was approved is booked and printed.
        goWhen(outcome('partial'), flow.kind === 'sale' ? 'partial' : 'slip', keepDone),
        ...(profile.scan && flow.kind === 'void' ? [goWhen(outcome('unknownRefund'), 'voidUnknown', keepDone)] : []),
        goWhen(outcome('unknownRefund'), 'refundUnknown', keepDone),
        ...(profile.pinSendsMax > 1
          ? [
              goWhen(
                (c, e) =>
                  doneOf(e).remark?.code === '55' &&
                  c.draft.pinTries < profile.pinSendsMax &&
                  c.draft.heldId === undefined,
                name('WrongPin'),
                keepDone,
              ),
            ]
          : []),
        goWhen(outcome('reversed'), 'reversed', keepDone),
        goWhen(outcome('reversalFailed'), 'reversalFailed', keepDone),
        ...commonEnds(),
      ],
    ),
    /** [55]: the PIN may be entered again, each time with a new trace. */
    ...(profile.pinSendsMax > 1 ? { [name('WrongPin')]: wrongPin } : {}),
  };
}

/** A scanned payment has no PIN. Contactless sales up to the limit of the profile ask for none; voids and refunds only when the profile says so. */
function skipsPin(profile: PanelProfile, draft: Draft): boolean {
  if (draft.channel !== undefined) return true;
  if (draft.kind === 'void') return !profile.voidNeedsPin;
  if (draft.kind === 'refund') return !profile.refundNeedsPin;
  return draft.card?.entry === 'tap' && draft.amountMinor <= profile.noPinLimitMinor;
}

const withCard: Change = (c, event) => {
  const card = doneOf(event).card;
  return card ? { draft: { ...c.draft, card } } : {};
};

/** Another card may be read now: what was agreed on with the one before counts no more. */
const UNDECIDED: Partial<Draft> = {
  judged: undefined,
  second: undefined,
  blindMinor: undefined,
  reason: undefined,
  note: undefined,
};

const asked = withDraft(d => ({ pinTries: d.pinTries + 1 }));

/** The rules keep this refund back for a while; what was held or sent before goes out now. */
function waits(draft: Draft): boolean {
  return (draft.judged?.holdSeconds ?? 0) > 0 && draft.heldId === undefined && draft.resend === undefined;
}

const again = withDraft(d => ({ readTries: d.readTries + 1 }));
