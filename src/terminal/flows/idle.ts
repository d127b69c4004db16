import {
  closed,
  type Change,
  type Context,
  type Guard,
  NO_DRAFT,
  type Steps,
  type Way,
  busy,
  entryStep,
  go,
  goWhen,
  jobStep,
  key,
  menuStep,
  messageStep,
  outcome,
  pauseStep,
  show,
  keypad,
} from '../step.ts';
import type { Draft, IdleId, KeyName } from '../types.ts';
import type { PanelProfile } from '../profile.ts';
import { about, beforeScreen, commonEnds, keepDone, passwordSteps, stars } from './common.ts';

const ready = (c: Context): boolean => c.desk.operator !== undefined && c.desk.signedOn;

const COUNT_MAX = 99;

/** The idle screen, or one that says what waits for a person: first what stops the counter, then what was lost from sight. */
function idleScreen(c: Context): { readonly id: IdleId; readonly values?: { owed: number; unknown: number } } {
  const { desk } = c;
  if (desk.lockedBy !== undefined) return { id: 'F01.3' };
  if (!ready(c)) return { id: 'F01.2' };
  if (desk.blocked) return { id: 'F01.1b' };
  const values = { owed: Math.min(desk.reversalsOwed, COUNT_MAX), unknown: Math.min(desk.unknownRefunds, COUNT_MAX) };
  if (values.owed > 0) return { id: values.unknown > 0 ? 'F01.1ru' : 'F01.1r', values };
  if (values.unknown > 0) return { id: 'F01.1u', values };
  return { id: c.owedSlip ? 'F01.1s' : 'F01.1' };
}

/** A new transaction begins: the draft is empty but for its kind. */
export function begin(kind: Draft['kind']): Change {
  return () => ({ topic: kind, draft: { ...NO_DRAFT, kind }, record: undefined, remark: undefined, done: undefined });
}

/** The way into a money flow, with the checks before any transaction: sign-on, a settlement that was cut off, a full journal. */
export function startWays(when: Guard, to: string, kind: Draft['kind']): readonly Way[] {
  return [
    goWhen((c, e) => when(c, e) && c.desk.settlementOpen, 'settleInterrupted'),
    goWhen((c, e) => when(c, e) && c.desk.journalFull, 'journalFull'),
    goWhen(
      (c, e) => when(c, e) && !ready(c),
      'refusal',
      () => ({ topic: kind, notice: 'E37' }),
    ),
    goWhen((c, e) => when(c, e) && owes(c), 'oweFirst', begin(kind)),
    goWhen(when, to, begin(kind)),
  ];
}

/** A reversal must go out, or stops the terminal: that is settled before anybody types an amount or takes out a card. */
const owes = (c: Context): boolean => c.desk.reversalsDue > 0 || c.desk.blocked;

/** Where each money flow begins. */
const FIRST_STEP = { sale: 'saleAmount', void: 'voidPassword', refund: 'refundPassword' } as const;

/** F15 lock and unlock: the cashier who locked it, or 00, who thereby signs that cashier off. */
export function lockSteps(profile: PanelProfile): Steps {
  return {
    lockAsk: {
      screen: () => show('F15.1', {}),
      await: keypad(profile.operationTimeoutMs),
      on: { KEY: [goWhen(key('ENTER'), 'lock'), goWhen(key('CANCEL'), 'menuManage')], TIMEOUT: [go('idle')] },
    },
    lock: jobStep(
      () => busy('lock'),
      () => ({ kind: 'lock' }),
      [go('idle')],
    ),
    unlockOperator: entryStep(profile, {
      screen: c => show('F15.2', { entry: c.entry }),
      lengthMax: 2,
      check: (entry, c) => (entry === c.desk.lockedBy || entry === '00' ? undefined : 'E57'),
      accept: entry => ({ operator: entry }),
      next: 'unlockPassword',
    }),
    ...passwordSteps(profile, 'unlockPassword', {
      screen: c => show('F15.3', stars(c)),
      length: c => (c.operator === '00' ? 6 : 4),
      operator: c => c.operator ?? '',
      accepted: [{ when: outcome('ok', 'mustChange'), to: 'unlock' }],
      wrong: 'F15.wrong',
    }),
    unlock: jobStep(
      () => busy('unlock'),
      c => ({ kind: 'unlock', operator: c.operator ?? '' }),
      [go('idle')],
    ),
  };
}

/** F01: start-up, the idle screen and the menus. */
export function idleSteps(profile: PanelProfile): Steps {
  const at = (name: KeyName, to: string, kind: Draft['kind']): readonly Way[] => startWays(key(name), to, kind);
  const menu = menuStep(
    profile,
    'MENU.main',
    [
      ...closed('4', '5'),
      { key: '2', to: 'menuVoid', change: about('void') },
      { key: '3', to: 'menuRefund', change: about('refund') },
      { key: '6', to: 'menuPrint', change: about('print') },
      { key: '7', to: 'menuManage' },
      { key: '8', to: 'menuOther' },
    ],
    'idle',
  );
  const cardWays: readonly Way[] = [
    goWhen(c => c.desk.settlementOpen, 'settleInterrupted'),
    goWhen(c => c.desk.journalFull, 'journalFull'),
    goWhen(owes, 'oweFirst', begin('sale')),
    goWhen((_, e) => e.type === 'CARD' && e.source === 'swipe', 'idleSwipe', begin('sale')),
    go('saleAmount', begin('sale')),
  ];
  const cardFirst: Steps = {
    /** A card swiped at the idle screen: it is read at once (its tracks would be lost), then the amount is asked. */
    idleSwipe: jobStep(
      () => busy('sale'),
      c => ({ kind: 'readCard', source: 'swipe', draft: c.draft }),
      [
        goWhen(outcome('ok'), 'saleAmount', (c, e) =>
          e.type === 'DONE' && e.card ? { draft: { ...c.draft, card: e.card } } : {},
        ),
        ...commonEnds(),
      ],
    ),
  };
  const menuVoid = menuStep(profile, 'MENU.void', closed('2'), 'menu');
  const menuRefund = menuStep(profile, 'MENU.refund', closed('2', '3'), 'menu');
  return {
    /** Power-up order: recover the journal, reverse what is owed, resume a settlement, then idle. */
    boot: jobStep(
      () => busy('terminal'),
      () => ({ kind: 'recover' }),
      [
        goWhen(c => c.desk.reversalsDue > 0, 'bootOwed'),
        goWhen(c => c.desk.settlementOpen, 'settleInterrupted'),
        go('idle'),
      ],
    ),
    bootOwed: pauseStep(() => show('F01.6', {}), 2000, [go('bootReverse', about('reversal'))]),
    bootReverse: jobStep(
      c => beforeScreen(c) ?? show('F01.6', {}),
      () => ({ kind: 'reverse' }),
      [
        goWhen((c, e) => outcome('reversed')(c, e) && c.desk.settlementOpen, 'settleInterrupted'),
        goWhen(outcome('reversed'), 'bootReversed'),
        goWhen(outcome('reversalFailed'), 'reversalFailed', keepDone),
        goWhen((c, e) => outcome('none')(c, e) && c.desk.settlementOpen, 'settleInterrupted'),
        goWhen(outcome('none'), 'idle'),
        ...commonEnds(),
      ],
    ),
    /** A transaction was asked for while a reversal waits: the reversal first, then the transaction's own first step. */
    oweFirst: jobStep(
      c => beforeScreen(c) ?? show('F01.6', {}),
      () => ({ kind: 'reverse' }),
      [
        goWhen(outcome('reversalFailed'), 'reversalFailed', keepDone),
        ...(['sale', 'void', 'refund'] as const).map(kind =>
          goWhen((c, e) => outcome('reversed', 'none')(c, e) && c.draft.kind === kind, FIRST_STEP[kind]),
        ),
        ...commonEnds(),
      ],
    ),
    bootReversed: messageStep(() => show('F16.2', {}), 3000, 'idle', 'S'),

    idle: {
      screen: c => ({ kind: 'idle', operator: c.desk.operator ?? '', ...idleScreen(c) }),
      // The clock line is redrawn every minute; the runtime shortens the first wait to the full minute.
      await: c => ({
        kind: 'event',
        cards: ready(c) && c.desk.lockedBy === undefined && profile.cardStartsSale ? ['swipe', 'chip', 'tap'] : [],
        removal: c.desk.chipIn,
        scanner: false,
        timeoutMs: 60_000,
      }),
      on: {
        KEY: [
          goWhen(c => c.desk.lockedBy !== undefined, 'unlockOperator', about('unlock')),
          goWhen(c => c.desk.operator === undefined, 'logonOperator', about('operatorSignOn')),
          // MENU opens the menu also when the acquirer cannot be reached: a supervisor must get in.
          goWhen(key('MENU'), 'menu', about('terminal')),
          goWhen(c => c.desk.settlementOpen, 'settleInterrupted'),
          goWhen(c => !c.desk.signedOn, 'signOn', about('signOn')),
          goWhen(key('ENTER'), 'menu', about('terminal')),
          goWhen((c, e) => key('F1')(c, e) && c.owedSlip !== undefined, 'reprintOwed', about('print')),
          goWhen(key('F1'), 'reprintLast', about('print')),
          goWhen(key('F2', 'F4', 'FN'), 'notOpen', about('terminal')),
          ...at('F3', 'voidPassword', 'void'),
        ],
        CARD: profile.cardStartsSale ? cardWays : [],
        REMOVED: [go('idle')],
        TIMEOUT: [go('idle')],
      },
    },
    ...(profile.cardStartsSale ? cardFirst : {}),
    journalFull: {
      screen: () => show('F01.5', {}),
      await: keypad(profile.operationTimeoutMs),
      beep: 'S-S-S',
      on: {
        KEY: [goWhen(key('ENTER'), 'settleAsk', about('settle')), goWhen(key('CANCEL'), 'idle')],
        TIMEOUT: [go('idle')],
      },
    },
    menu: {
      ...menu,
      on: {
        ...menu.on,
        KEY: [...at('1', 'saleAmount', 'sale'), ...(menu.on.KEY ?? [])],
      },
    },
    menuVoid: {
      ...menuVoid,
      on: { ...menuVoid.on, KEY: [...at('1', 'voidPassword', 'void'), ...(menuVoid.on.KEY ?? [])] },
    },
    menuRefund: {
      ...menuRefund,
      on: { ...menuRefund.on, KEY: [...at('1', 'refundPassword', 'refund'), ...(menuRefund.on.KEY ?? [])] },
    },
    menuManage: menuStep(
      profile,
      'MENU.manage',
      [
        { key: '1', to: 'menuSignOn' },
        { key: '2', to: 'signOffAsk', change: about('signOff') },
        { key: '3', to: 'menuQuery', change: about('query') },
        { key: '4', to: 'settleAsk', change: about('settle') },
        { key: '5', to: 'lockAsk', change: about('lock') },
        { key: '6', to: 'passwordOld', change: c => ({ topic: 'password', operator: c.desk.operator ?? '' }) },
        { key: '7', to: 'version' },
        { key: '8', to: 'help' },
      ],
      'menu',
    ),
    menuSignOn: menuStep(
      profile,
      'MENU.signOn',
      [
        { key: '1', to: 'logonOperator', change: about('operatorSignOn') },
        { key: '2', to: 'signOn', change: about('signOn') },
      ],
      'menuManage',
    ),
    menuOther: menuStep(
      profile,
      'MENU.other',
      [...closed('1', '2', '3'), { key: '4', to: 'echo', change: about('echo') }],
      'menu',
    ),
  };
}
