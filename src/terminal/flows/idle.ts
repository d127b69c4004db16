import {
  type MenuItem,
  closed,
  type Change,
  type Context,
  type Guard,
  NO_DRAFT,
  type Steps,
  type Way,
  busy,
  doneOf,
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
  isKey,
  isOutcome,
} from '../step.ts';
import type { WordId } from '../../profile/words.ts';
import { isSlipCodeText } from '../../transaction/slip-code.ts';
import type { Values } from '../../profile/template.ts';
import type { Badge, Draft, IdleId, KeyName } from '../types.ts';
import type { PanelProfile } from '../profile.ts';
import { about, beforeScreen, commonEnds, keepDone, passwordSteps, stars } from './common.ts';
import { dueWay } from './held.ts';

const ready = (c: Context): boolean => c.desk.operator !== undefined && c.desk.signedOn;

/** The terminal is the one that this profile needs, and a person has seen when it was changed. */
const known = (c: Context): boolean => c.desk.equipment === undefined;

/** Nothing but the notice of a changed terminal stands on the idle screen. */
const onlyChanged = (c: Context): boolean =>
  c.desk.equipment?.change !== undefined && c.desk.equipment.trouble === undefined;

const COUNT_MAX = 99;

/** Scan payment, where the profile has it. */
const QR: readonly Begun[] = ['qrSale', 'qrVoid', 'qrRefund'];

/** What waits for a person: the screen that says it alone, and its short form beside others. The most pressing first. */
function waiting(c: Context): readonly { readonly id: IdleId; readonly badge: Badge; readonly values?: Values }[] {
  const { desk } = c;
  const some = (id: IdleId, word: WordId, value: string, count: number) => {
    const shown = Math.min(count, COUNT_MAX);
    return count > 0 ? [{ id, badge: { word, count: shown }, values: { [value]: shown } }] : [];
  };
  return [
    ...(desk.frozen === undefined ? [] : [{ id: 'F01.1f', badge: { word: 'badge.frozen' } } as const]),
    ...some('F01.1r', 'badge.owed', 'owed', desk.reversalsOwed),
    ...some('F01.1u', 'badge.unknown', 'unknown', desk.unknownRefunds),
    ...some('F01.1h', 'badge.held', 'held', desk.heldRefunds),
    ...some('F01.1o', 'badge.overdue', 'cases', desk.overdueCases),
    ...(c.owedSlip === undefined ? [] : [{ id: 'F01.1s', badge: { word: 'badge.slip' } } as const]),
    ...some('F01.1c', 'badge.cases', 'cases', desk.openCases - desk.overdueCases),
  ];
}

/** The idle screen, or one that says what waits for a person: first what stops the counter, then what was lost from sight. */
function idleScreen(c: Context): { readonly id: IdleId; readonly values?: Values; readonly badges?: readonly Badge[] } {
  const { desk } = c;
  if (desk.lockedBy !== undefined) return { id: 'F01.3' };
  const { trouble, change } = desk.equipment ?? {};
  if (trouble) {
    const { part, was, is, way } = trouble;
    return { id: 'F01.7', values: { part, was, is, way } };
  }
  if (change) return { id: 'F01.8', values: { part: change.part, was: change.was, is: change.is } };
  if (!ready(c)) return { id: 'F01.2' };
  if (desk.blocked) return { id: 'F01.1b' };
  const all = waiting(c);
  if (all.length > 1) return { id: 'F01.1m', badges: all.map(one => one.badge) };
  const [only] = all;
  return only ? { id: only.id, ...(only.values ? { values: only.values } : {}) } : { id: 'F01.1' };
}

/** Where a transaction begins: its first step and what it is for the draft. */
const STARTS = {
  sale: { step: 'saleAmount', kind: 'sale' },
  void: { step: 'voidPassword', kind: 'void' },
  refund: { step: 'refundPassword', kind: 'refund' },
  qrSale: { step: 'qrAmount', kind: 'sale' },
  qrVoid: { step: 'qrVoidPassword', kind: 'void' },
  qrRefund: { step: 'qrRefundPassword', kind: 'refund' },
} as const satisfies Readonly<Record<string, { step: string; kind: Draft['kind'] }>>;

/** What a person can begin; it is the title of its screens, too. */
export type Begun = keyof typeof STARTS;

/** A new transaction begins: the draft is empty but for its kind. */
export function begin(what: Begun): Change {
  const { kind } = STARTS[what];
  return () => ({ topic: what, draft: { ...NO_DRAFT, kind }, record: undefined, remark: undefined, done: undefined });
}

/** The way into a money flow, with the checks before any transaction: sign-on, a settlement that was cut off, a full journal. */
export function startWays(when: Guard, what: Begun): readonly Way[] {
  return [
    // The idle screen says what is odd, and asks for the key that is wanted.
    goWhen((c, e) => when(c, e) && onlyChanged(c), 'idle'),
    goWhen(
      (c, e) => when(c, e) && !known(c),
      'refusal',
      () => ({ topic: what, notice: 'F23.stopped' }),
    ),
    goWhen((c, e) => when(c, e) && c.desk.settlementOpen, 'settleInterrupted'),
    goWhen((c, e) => when(c, e) && c.desk.journalFull, 'journalFull'),
    goWhen(
      (c, e) => when(c, e) && !ready(c),
      'refusal',
      () => ({ topic: what, notice: 'E37' }),
    ),
    ...(STARTS[what].kind === 'refund'
      ? [goWhen((c, e) => when(c, e) && c.desk.frozen !== undefined, 'refundFrozen', begin(what))]
      : []),
    goWhen((c, e) => when(c, e) && owes(c), 'oweFirst', begin(what)),
    goWhen(when, STARTS[what].step, begin(what)),
  ];
}

const slipScanned: Guard = (_, e) => e.type === 'SCAN' && isSlipCodeText(e.text);

/** The code of a slip at the idle screen begins its refund; anything else that is scanned there says nothing. */
const slipWays: readonly Way[] = startWays(slipScanned, 'refund').map(({ change, ...way }) => ({
  ...way,
  change: (c, e) => {
    const next = change?.(c, e) ?? {};
    return next.draft && e.type === 'SCAN' ? { ...next, draft: { ...next.draft, slip: e.text } } : next;
  },
}));

/** Something at the refund desk begins. */
const atDesk =
  (topic: WordId): Change =>
  () => ({ topic, work: {}, refunds: [] });

/** The slip that a stopped program still owes. */
const owedSlip: Change = (_, e) => ({ owedSlip: doneOf(e).record });

/** A reversal must go out, or stops the terminal: that is settled before anybody types an amount or takes out a card. */
const owes = (c: Context): boolean => c.desk.reversalsDue > 0 || c.desk.blocked;

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
  const locksItself = profile.autoLockMinutes > 0;
  const at = (name: KeyName, what: Begun): readonly Way[] => startWays(key(name), what);
  const begun: readonly Begun[] = ['sale', 'void', 'refund', ...(profile.scan ? QR : [])];
  const shut = (...keys: readonly string[]): readonly MenuItem[] => (profile.scan ? [] : closed(...keys));
  const menu = menuStep(
    profile,
    'MENU.main',
    [
      ...shut('4'),
      { key: '5', to: 'statusAsk', change: atDesk('refundStatus') },
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
  const menuVoid = menuStep(profile, 'MENU.void', shut('2'), 'menu');
  const menuRefund = menuStep(
    profile,
    'MENU.refund',
    [...shut('2'), { key: '3', to: 'externalPassword', change: atDesk('external') }],
    'menu',
  );
  return {
    /** Power-up order: recover the journal, reverse what is owed, resume a settlement, then idle. */
    boot: jobStep(
      () => busy('terminal'),
      () => ({ kind: 'recover' }),
      [
        goWhen(c => c.desk.reversalsDue > 0, 'bootOwed', owedSlip),
        goWhen(c => c.desk.settlementOpen, 'settleInterrupted', owedSlip),
        go('idle', owedSlip),
      ],
    ),
    bootOwed: pauseStep(() => show('F01.6', {}), 2000, [go('bootReverse', about('reversal'))]),
    bootReverse: jobStep(
      c => beforeScreen(c) ?? show('F01.6', {}),
      () => ({ kind: 'reverse' }),
      [
        goWhen((c, e) => isOutcome(e, 'reversed') && c.desk.settlementOpen, 'settleInterrupted'),
        goWhen(outcome('reversed'), 'bootReversed'),
        goWhen(outcome('reversalFailed'), 'reversalFailed', keepDone),
        goWhen((c, e) => isOutcome(e, 'none') && c.desk.settlementOpen, 'settleInterrupted'),
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
        ...begun.map(what => goWhen((c, e) => isOutcome(e, 'reversed', 'none') && c.topic === what, STARTS[what].step)),
        ...commonEnds(),
      ],
    ),
    bootReversed: messageStep(() => show('F16.2', {}), 3000, 'idle', 'S'),

    idle: {
      screen: c => ({ kind: 'idle', operator: c.desk.operator ?? '', ...idleScreen(c) }),
      // The clock line is redrawn every minute; the runtime shortens the first wait to the full minute.
      await: c => ({
        kind: 'event',
        cards:
          ready(c) && known(c) && c.desk.lockedBy === undefined && profile.cardStartsSale
            ? ['swipe', 'chip', 'tap']
            : [],
        removal: c.desk.chipIn,
        scanner: ready(c) && known(c) && c.desk.lockedBy === undefined && c.desk.scanner === true,
        timeoutMs: 60_000,
      }),
      on: {
        KEY: [
          ...(profile.training ? [goWhen(key('FN'), 'trainMenu', about('training'))] : []),
          goWhen(c => c.desk.lockedBy !== undefined, 'unlockOperator', about('unlock')),
          goWhen((c, e) => isKey(e, 'ENTER') && onlyChanged(c), 'terminalSeen'),
          goWhen(c => c.desk.operator === undefined, 'logonOperator', about('operatorSignOn')),
          // MENU opens the menu also when the acquirer cannot be reached: a supervisor must get in.
          goWhen(key('MENU'), 'menu', about('terminal')),
          goWhen(key('F2'), 'statusAsk', atDesk('refundStatus')),
          goWhen(c => c.desk.settlementOpen, 'settleInterrupted'),
          goWhen(c => !c.desk.signedOn, 'signOn', about('signOn')),
          goWhen(key('ENTER'), 'menu', about('terminal')),
          goWhen((c, e) => isKey(e, 'F1') && c.owedSlip !== undefined, 'reprintOwed', about('print')),
          goWhen(key('F1'), 'reprintLast', about('print')),
          ...(profile.scan ? at('F4', 'qrSale') : []),
          goWhen(key('F4', 'FN'), 'notOpen', about('terminal')),
          ...at('F3', 'void'),
        ],
        CARD: profile.cardStartsSale ? cardWays : [],
        SCAN: [...slipWays, go('idle')],
        DUE: [dueWay],
        REMOVED: [go('idle')],
        // The first wait ends with the minute, so one more is counted than the policy says.
        TIMEOUT: [
          goWhen(
            c => locksItself && ready(c) && c.desk.lockedBy === undefined && c.idleMinutes >= profile.autoLockMinutes,
            'lock',
            about('lock'),
          ),
          {
            to: 'idle',
            change: c => ({ idleMinutes: locksItself ? Math.min(c.idleMinutes + 1, profile.autoLockMinutes) : 0 }),
          },
        ],
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
        KEY: [...at('1', 'sale'), ...(profile.scan ? at('4', 'qrSale') : []), ...(menu.on.KEY ?? [])],
      },
    },
    menuVoid: {
      ...menuVoid,
      on: {
        ...menuVoid.on,
        KEY: [...at('1', 'void'), ...(profile.scan ? at('2', 'qrVoid') : []), ...(menuVoid.on.KEY ?? [])],
      },
    },
    menuRefund: {
      ...menuRefund,
      on: {
        ...menuRefund.on,
        KEY: [...at('1', 'refund'), ...(profile.scan ? at('2', 'qrRefund') : []), ...(menuRefund.on.KEY ?? [])],
      },
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
        { key: '8', to: 'help', change: about('terminal') },
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
