import { assert } from '../../src/assert.ts';
import { LANGUAGES } from '../../src/profile/words.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { FIRST_CONTEXT } from '../../src/terminal/machine.ts';
import type { PanelProfile } from '../../src/terminal/profile.ts';
import type { Context, Step, Steps } from '../../src/terminal/step.ts';
import type { DeskStatus, Done, Job, KeyName, TerminalEvent } from '../../src/terminal/types.ts';
import { judge, landing, learn } from './laws.ts';
import { linesOf, look, type Memo } from './picture.ts';
import { contextOf, type Facts, follow, idOf, type Node, type Place, type Report, stepOf } from './place.ts';
import { deskAfter, HELD, leftovers, ODD, OUTCOMES, RECORD } from './world.ts';

/**
 * Walks the whole keypad machine: from power-up, every key, card, time-out and answer of every job, until nothing new
 * comes. What it finds wrong comes back as text, so that a planted fault can be looked for.
 */

export interface Walk {
  readonly findings: readonly string[];
  readonly states: number;
  /** Screens that were shown. */
  readonly screens: ReadonlySet<string>;
}

const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] as const;
const OTHER_KEYS: readonly KeyName[] = [
  'ENTER',
  'CANCEL',
  'CLEAR',
  'FN',
  'MENU',
  'UP',
  'DOWN',
  'ALPHA',
  'F1',
  'F2',
  'F3',
  'F4',
  '00',
];
/** What is typed in an entry step before ENTER: nothing, too short, numbers of people, passwords, voucher, reference, date, amounts. */
const TYPED = [
  '',
  '7',
  '01',
  '00',
  '99',
  '03',
  '2580',
  '369147',
  '112233445566',
  '1120',
  '10000',
  '999999999',
] as const;
/** What is scanned: something, and what wants to be the code of a slip. */
const SCANNED = ['P8', `P8${'0'.repeat(188)}`] as const;
/** Steps that wait for ever, by what they show: paper trouble and an unknown refund want a person (F18, F19-2). */
const PATIENT: ReadonlySet<string> = new Set(['F18.1', 'F18.3', 'F19.2', 'F19.2v']);
/** Jobs on the way home after CANCEL: none of them moves money, but for the void that CANCEL asks for at PARTIAL. */
const HOME_JOBS: ReadonlySet<Job['kind']> = new Set([
  'forgetCard',
  'dropPrint',
  'finishSettlement',
  'unknownRefund',
  'openCases',
  'owedReversal',
  'printCase',
  'flashGoOn',
]);
/** A customer is asked to confirm a scanned payment: CANCEL asks whether to go on waiting. */
const ON_ITS_WAY: ReadonlySet<string> = new Set(['F07.3', 'F07.3s']);
const HOME_STEPS_MAX = 20;
const STATES_MAX = 100_000;
const SECRET_STEP = /[Pp]assword/;

const DESK: DeskStatus = {
  operator: '01',
  signedOn: true,
  batch: 2,
  batchCount: 300,
  journalFull: false,
  reversalsOwed: 0,
  reversalsDue: 0,
  blocked: false,
  unknownRefunds: 0,
  openCases: 0,
  overdueCases: 0,
  heldRefunds: 0,
  settlementOpen: false,
  chipIn: false,
  scanner: true,
  version: '99.99.99',
  anchor: 'a41f-90c2-3be7',
};

/** A new counter with everything that can wait: nobody signed on, a reversal due, refunds unknown, the journal full. */
export const BUSY: DeskStatus = {
  ...DESK,
  operator: undefined,
  signedOn: false,
  journalFull: true,
  reversalsOwed: 1,
  reversalsDue: 1,
  unknownRefunds: 3,
  heldRefunds: 1,
};
export const QUIET = DESK;

/** Steps that only a terminal which was exchanged under the counter's feet leads to. */
const CHANGED_ONLY: ReadonlySet<string> = new Set(['terminalSeen']);

/** Desks at power-up: busy, quiet, a settlement cut off, stopped by a held reversal, locked. */
const STARTS: readonly DeskStatus[] = [
  BUSY,
  QUIET,
  { ...DESK, signedOn: false, batchCount: 0, settlementOpen: true, reversalsOwed: 2, reversalsDue: 1 },
  { ...DESK, reversalsOwed: 120, reversalsDue: 120, blocked: true, unknownRefunds: 120 },
  { ...DESK, lockedBy: '01', reversalsOwed: 120, unknownRefunds: 120, scanner: false },
  { ...DESK, heldRefunds: 2, frozen: { by: '00', at: RECORD.at } },
  { ...DESK, equipment: ODD[0] },
  { ...DESK, equipment: ODD[1], operator: undefined, signedOn: false },
  { ...DESK, equipment: ODD[2] },
];

/** With `until` the walk ends when all findings that begin so are there: a planted fault need not be met again and again. */
export function walk(
  steps: Steps,
  panel: PanelProfile,
  profile: Profile,
  desks: readonly DeskStatus[] = STARTS,
  until?: readonly string[],
): Walk {
  const findings = new Set<string>();
  const visited = new Set<string>();
  const screens = new Set<string>();
  const enough = (): boolean => until?.every(text => [...findings].some(finding => finding.startsWith(text))) === true;
  const starts: Place[] = desks.map(desk => ({ value: 'boot', context: { ...FIRST_CONTEXT, desk } }));
  // What waits for a person leads through the same steps, so only the idle screen tells it: it is looked at with each desk.
  for (const desk of desks)
    starts.push({ value: 'idle', context: { ...FIRST_CONTEXT, desk: { ...desk, operator: '01', signedOn: true } } });
  if (desks.includes(QUIET)) starts.push({ value: 'idle', context: leftovers({ ...FIRST_CONTEXT, desk: DESK }) });
  const states = explore(steps, panel, profile, starts, { findings, visited, screens, enough });
  const changed = desks.some(desk => desk.equipment?.change);
  for (const name of Object.keys(steps))
    if (!visited.has(name) && (changed || !CHANGED_ONLY.has(name))) findings.add(`${name}: no way leads here`);
  return { findings: [...findings], states, screens };
}

interface Findings {
  readonly findings: Set<string>;
  readonly visited: Set<string>;
  readonly screens: Set<string>;
  /** Nothing more is looked for. */
  enough(): boolean;
}

function explore(
  steps: Steps,
  panel: PanelProfile,
  profile: Profile,
  starts: readonly Place[],
  { findings, visited, screens, enough }: Findings,
): number {
  const nodes = new Map<string, Node>();
  const memo: Memo = { home: new Set(), told: new Set(), looked: new Set() };
  const back = new Map<string, string[]>();
  const queue: string[] = [];
  let done = false;
  const report = (step: string, text: string): void => {
    const before = findings.size;
    findings.add(`${step}: ${text}`);
    if (findings.size > before) done = enough();
  };
  const add = (node: Node, from: string | undefined): void => {
    const key = keyOf(steps, node, panel);
    if (from !== undefined) {
      const ways = back.get(key);
      if (ways) ways.push(from);
      else back.set(key, [from]);
    }
    if (nodes.has(key)) return;
    assert(nodes.size < STATES_MAX, `more than ${STATES_MAX} states: ${key}`);
    nodes.set(key, node);
    queue.push(key);
    visited.add(stepOf(node));
    look(steps[stepOf(node)], node, profile, screens, memo, report);
    judge(steps[stepOf(node)], node, panel, report);
  };
  for (const start of starts) add({ snapshot: start, facts: {} }, undefined);
  for (let key = queue.shift(); key !== undefined && !done; key = queue.shift()) {
    const node = nodes.get(key) as Node;
    for (const next of moves(steps, node, profile, report)) if (next !== node) add(next, key);
    if (steps[stepOf(node)].await(contextOf(node)).kind === 'event') cancelHome(steps, node, panel, memo.home, report);
  }
  if (done) return nodes.size;
  const home = new Set<string>();
  const reach = [...nodes.keys()].filter(key => stepOf(nodes.get(key) as Node) === 'idle');
  for (let key = reach.pop(); key !== undefined; key = reach.pop()) {
    if (home.has(key)) continue;
    home.add(key);
    reach.push(...(back.get(key) ?? []));
  }
  for (const [key, node] of nodes) if (!home.has(key)) report(stepOf(node), 'no way back to the idle screen');
  return nodes.size;
}

/** Steps that end a transaction: nothing of it counts any more. */
const ENDS: ReadonlySet<string> = new Set([
  'refusal',
  'declined',
  'forget',
  'takeCard',
  'takeCardBeep',
  'notOpen',
  'cardBlocked',
  'reversed',
  'reversalFailed',
]);

const role = (operator: string | undefined): string | undefined =>
  operator === undefined || operator === '00' || operator === '99' ? operator : 'cashier';

/** What of a step's name counts for {@link keyOf}. Some hundred steps are asked about a million times, so each is looked at once. */
type Traits = Readonly<Record<keyof typeof TRAITS, boolean>>;
const KNOWN = new Map<string, Traits>();

function traitsOf(step: string): Traits {
  let known = KNOWN.get(step);
  if (!known) {
    const fits = Object.entries(TRAITS).map(([name, pattern]) => [name, pattern.test(step)]);
    KNOWN.set(step, (known = Object.fromEntries(fits) as Traits));
  }
  return known;
}

const TRAITS = {
  /** Steps that print look at the transaction and the printer only. */
  prints: /^(slip|settleSlip|settlePrint|reprint(ed|Owed|Resume|Trouble|$)|print[A-Z])/,
  /** It counts whose number or password is typed. */
  people: /[Oo]perator|[Pp]assword|^logon|^unlock|^approver/,
  /** Outside every transaction. */
  noMoney:
    /^(boot|journalFull|menu|logon|newPassword|passwordOld|passwordChanged|lock|unlock|sign|echo|version|help|query|settle|supervisor|addOp|removeOp|operator|listOp|release|status|case|external|freez|frozen|free|compensation|contact|reversalE|reversalResolve|reversalReference|technician|flash|terminalSeen)/,
  /** At the refund desk: who is signed on does not count there. */
  deskWork: /^(status|case|external|compensation|contact|reversalE|reversalResolve|reversalReference)/,
  /** Asks for a card or reads it. */
  reads: /(Card|Again|UseChip|Fallback|OneCard|Read-[a-z]+)$/,
  /** A page or a place of a list counts. */
  lists:
    /Warn|Earlier|Voucher|Found|List|Show|Find|Ask|^menu|^supervisor|^held|^unknown|^query|^help|^status|^case|^settle/,
  statusList: /^status(Ask|Find|List|Show|C)/,
  caseList: /^case(Ask|Find|List)/,
  caseSide: /^caseS/,
  reversalEnd: /^reversalRes/,
  showsHeld: /^(menu|menuManage|settleAsk)$/,
  countsTries: /^(void|refund|reprint|approver|heldStop|status|external)Password/,
  hasTopic: /^(oweFirst|passwordOld|newPassword)/,
  lesson: /^(quiz|drill)/,
  totals: /Totals/,
  flash: /^(flash|technician)/,
  case: /^case/,
  pinOrOnline: /(Pin|Online)$/,
  seesAdvice: /(Warn|Confirm|Reason|Note|Advice|Help)$/,
  qr: /^qr/,
  seesSlip: /Password|^oweFirst/,
  approver: /^approver/,
} as const;

/** What the steps of the refund desk look at, each only its own. */
function refundDesk(is: Traits, { work, refunds, cases }: Context): string {
  if (is.statusList) return [refunds.length, work.refund?.state].join();
  if (is.caseList) return String(refunds.length);
  if (is.caseSide) return [cases.length, work.sides?.length].join();
  return is.reversalEnd ? String(work.stands) : '';
}

/** Two nodes with the same key behave the same: sizes of amounts, texts and leftovers that no guard looks at are left out. */
function keyOf(steps: Steps, node: Node, panel: PanelProfile): string {
  const c = contextOf(node);
  const step = stepOf(node);
  const is = traitsOf(step);
  const { operator, signedOn, lockedBy, chipIn, settlementOpen, blocked, journalFull, reversalsDue, frozen } = c.desk;
  const owes = reversalsDue > 0 || blocked;
  const held = (step === 'idle' || ENDS.has(step) || is.showsHeld) && c.desk.heldRefunds > 0;
  const odd = c.desk.equipment && (c.desk.equipment.trouble ? 'refused' : 'changed');
  const place = [
    step,
    operator !== undefined,
    signedOn,
    lockedBy,
    chipIn,
    settlementOpen,
    journalFull,
    held,
    odd,
  ].join();
  const cases = [c.desk.openCases, c.desk.overdueCases].join('/');
  if (step === 'idle') {
    // What waits for a person shows there, and nowhere else.
    const waits = idOf(steps.idle.screen(c));
    return [place, frozen?.by, blocked, owes, c.owedSlip !== undefined, c.idleMinutes, cases, waits].join();
  }
  if (ENDS.has(step))
    return [place, owes, c.owedSlip !== undefined, c.notice, step === 'declined' && c.remark?.code].join();
  if (is.prints)
    return [place, owes, c.record?.kind, c.done?.outcome, c.owedSlip?.id === c.record?.id, dueKind(c)].join();
  const tries = is.countsTries ? Math.min(c.tries, panel.passwordTries) : 0;
  const people = is.people ? [c.password?.length, role(c.operator), role(c.candidate), tries].join() : '';
  // A title changes nothing but the first line; two steps look at it.
  const topic = is.hasTopic ? c.topic : '';
  const list = is.lists ? [c.page, c.records.length].join() : '';
  const lesson = is.lesson ? [c.training.at, c.training.questions.length, c.training.drill?.index].join() : '';
  const sides = is.totals && c.done?.sides?.length;
  if (is.flash)
    return [step, chipIn, odd, c.notice, c.page, c.flash?.digest, flashEnd(step, c), flashFacts(node)].join();
  const shown = [topic, c.notice, list, lesson, c.entry === '', sides].join();
  const f = node.facts;
  if (is.deskWork)
    return [step, is.case ? cases : '', frozen?.by, shown, refundDesk(is, c), people, f.supervisor].join('|');
  if (is.noMoney) return [place, owes, frozen?.by, shown, refundDesk(is, c), people, f.supervisor].join('|');
  const chip = is.reads || is.pinOrOnline ? chipIn : '';
  const off = c.draft.kind === 'sale' ? '' : frozen?.by;
  return [step, chip, off, shown, people, moneyKey(is, step, node, panel)].join('|');
}

/** How the job before ended, in the two steps that show it. */
const flashEnd = (step: string, { done }: Context): string =>
  step === 'flashFellBack' || step === 'flashSlipTrouble' ? [done?.outcome, done?.moment].join('/') : '';

/** What the laws over a flash look at. */
const flashFacts = ({ facts }: Node): string => [facts.technician, facts.flashAsked].join('/');

/** Which form the end of a refund has. */
const dueKind = ({ done, record }: Context): string =>
  [record?.channel === undefined, done?.due === undefined, done?.dueMinutes === undefined].join();

/** What the steps of a transaction, and the laws over it, look at. */
function moneyKey(is: Traits, step: string, node: Node, panel: PanelProfile): string {
  const d = contextOf(node).draft;
  const f = node.facts;
  const known = d.original !== undefined;
  const warning = step.endsWith('Warn');
  /** What of the rules still has to be done. */
  const open = (rules: Facts['judged'] | typeof d.judged): unknown[] =>
    rules === undefined
      ? []
      : [
          rules.second && (d.second === undefined || f.second !== d.second),
          rules.blind && f.blind !== true,
          rules.holdSeconds > 0,
          is.seesAdvice && rules.voidInstead,
          warning && rules.warnings.length,
        ];
  const draft = [
    d.kind,
    d.amountMinor > 0,
    known,
    ...(known ? [] : [d.reference === undefined, d.date === undefined, d.order === undefined]),
    d.reason === undefined ? '' : d.kind === 'refund' && d.reason === 6 ? 'other' : 'given',
    d.note === undefined,
    d.approver,
    d.card === undefined ? '' : d.kind === 'sale' && d.card.entry === 'tap',
    ...(is.pinOrOnline ? [d.pinTries === 0 ? 0 : d.pinTries < panel.pinSendsMax] : []),
    ...(is.reads ? [d.fallback, d.readTries + 1 < panel.readTriesMax] : []),
    d.resend,
    is.qr ? [d.channel, d.inquiries].join() : d.channel === undefined,
    d.heldId,
    is.seesSlip && d.slip !== undefined,
    role(d.second),
    is.approver && d.blindMinor === undefined,
    open(d.judged).join(),
  ];
  const facts = [
    f.supervisor,
    ...(known ? [f.shownVoucher === d.original?.voucher] : [f.reference, f.date, f.orderRead]),
    f.confirmedMinor === d.amountMinor,
    f.reason,
    f.resend,
    f.pinAsked,
    f.codeRead,
    f.refusedPart,
    f.judged?.kind === d.kind && f.judged.minor === d.amountMinor,
    open(f.judged).join(),
    warning ? f.warned : (f.warned ?? 0) >= (f.judged?.warnings.length ?? 0),
    is.approver && f.changing,
    f.held,
  ];
  return [...draft, ...facts].join();
}

/** Every place that can follow. */
function moves(steps: Steps, node: Node, profile: Profile, report: Report): Node[] {
  const step = steps[stepOf(node)];
  const waiting = step.await(contextOf(node));
  if (waiting.kind === 'pause') return [send(steps, node, { type: 'TIMEOUT' })];
  if (waiting.kind === 'job') return answers(steps, node, waiting.job, profile, report);
  const next: Node[] = [];
  const asks = entered(step, node) !== undefined;
  for (const key of OTHER_KEYS)
    if (!asks || (key !== '00' && key !== 'ALPHA')) next.push(send(steps, node, { type: 'KEY', key }));
  if (asks)
    for (const text of TYPED)
      next.push(send(steps, type(steps, node, text, profile, report), { type: 'KEY', key: 'ENTER' }));
  else for (const key of DIGITS) next.push(send(steps, node, { type: 'KEY', key }));
  for (const source of waiting.cards) {
    const there = source === 'chip' ? atDesk(node, { ...contextOf(node).desk, chipIn: true }) : node;
    next.push(send(steps, there, { type: 'CARD', source }));
  }
  if (step.on.DUE) next.push(send(steps, node, { type: 'DUE', id: HELD.id }));
  if (waiting.scanner) for (const text of SCANNED) next.push(send(steps, node, { type: 'SCAN', text }));
  if (waiting.removal)
    next.push(send(steps, atDesk(node, { ...contextOf(node).desk, chipIn: false }), { type: 'REMOVED' }));
  if (waiting.timeoutMs !== undefined) next.push(send(steps, node, { type: 'TIMEOUT' }));
  else if (!PATIENT.has(idOf(step.screen(contextOf(node))))) report(stepOf(node), 'waits for ever');
  return next;
}

function answers(steps: Steps, node: Node, job: Job, profile: Profile, report: Report): Node[] {
  const next: Node[] = [];
  for (const end of outcomesOf(job)) {
    if (!('qrAmount' in steps) && onlyScanned(job, end)) continue;
    const after = deskAfter(contextOf(node).desk, job, end, profile.policy.autoSignOff);
    const landed = send(steps, atDesk(node, after), end);
    const wrong = landing(steps, node, job, end, landed);
    if (wrong !== undefined)
      report(stepOf(node), `${job.kind} ended ${end.outcome}${end.prompt ? ` ${end.prompt}` : ''}, and then: ${wrong}`);
    next.push(landed);
    // The card may have been taken while the job ran.
    if (after.chipIn) next.push(send(steps, atDesk(node, { ...after, chipIn: false }), end));
  }
  return next;
}

/** What only a scanned payment can end in: not where the profile has none. */
const onlyScanned = (job: Job, { outcome }: Done): boolean =>
  outcome === 'otherOrder' ||
  outcome === 'scanOrder' ||
  (job.kind === 'online' && job.draft.kind === 'void' && outcome === 'unknownRefund');

const outcomesOf = (job: Job): readonly Done[] => (OUTCOMES[job.kind] as (job: Job) => readonly Done[])(job);

function atDesk(node: Node, desk: DeskStatus): Node {
  return { ...node, snapshot: { ...node.snapshot, context: { ...contextOf(node), desk } } };
}

function send(steps: Steps, node: Node, event: TerminalEvent): Node {
  const snapshot = follow(steps, node.snapshot, event);
  // Nothing waits for this event here: nothing has happened, and most keys of most steps are like that.
  if (snapshot === node.snapshot) return node;
  const facts = snapshot.value === 'idle' && stepOf(node) !== 'idle' ? {} : learn(steps, node, event, snapshot);
  return { snapshot, facts };
}

/** CANCEL in every step, as often as it takes, leads to the idle screen and sends nothing. */
function cancelHome(steps: Steps, start: Node, panel: PanelProfile, home: Set<string>, report: Report): void {
  const from = stepOf(start);
  const passed: string[] = [];
  const part = idOf(steps[from].screen(contextOf(start))).startsWith('PARTIAL');
  let node = start;
  for (let count = 0; count < HOME_STEPS_MAX; count++) {
    const key = keyOf(steps, node, panel);
    if (stepOf(node) === 'idle' || home.has(key)) {
      for (const one of passed) home.add(one);
      return;
    }
    passed.push(key);
    // A payment on its way is never left: CANCEL asks, and only its outcome leads on.
    if (ON_ITS_WAY.has(idOf(steps[stepOf(node)].screen(contextOf(node))))) return;
    const waiting = steps[stepOf(node)].await(contextOf(node));
    if (waiting.kind === 'pause') node = send(steps, node, { type: 'TIMEOUT' });
    else if (waiting.kind === 'event') {
      const cancelled = send(steps, node, { type: 'KEY', key: 'CANCEL' });
      if (stepOf(cancelled) === stepOf(node)) return report(stepOf(node), 'CANCEL does nothing');
      node = cancelled;
    } else {
      if (part && waiting.job.kind === 'voidOf') return;
      if (!HOME_JOBS.has(waiting.job.kind)) return report(from, `CANCEL leads to ${waiting.job.kind}`);
      node = send(steps, node, outcomesOf(waiting.job)[0]);
    }
  }
  report(from, 'CANCEL does not lead home');
}

/** Types into an entry step, looking at the screen meanwhile. */
function type(steps: Steps, start: Node, text: string, profile: Profile, report: Report): Node {
  let node = start;
  for (const key of text) node = send(steps, node, { type: 'KEY', key: key as KeyName });
  const name = stepOf(start);
  if (
    text !== '' &&
    entered(steps[name], node) !== undefined &&
    /\*/.test(String(entered(steps[name], node))) &&
    !SECRET_STEP.test(name)
  )
    report(name, 'hides what is typed, but its name does not say that it is secret');
  if (SECRET_STEP.test(name))
    for (const lang of LANGUAGES) {
      const [before, lines] = [start, node].map(at =>
        linesOf(profile, lang, steps[name].screen({ ...contextOf(at), notice: undefined })).join(''),
      );
      if (lines.replaceAll('*', '') !== before.replaceAll('*', '')) report(name, 'shows what is typed');
    }
  return node;
}

/** The entry line, when the step has one. */
function entered(step: Step, node: Node): string | number | undefined {
  const spec = step.screen(contextOf(node));
  return spec.kind === 'screen' ? spec.values.entry : undefined;
}
