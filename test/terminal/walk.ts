import { assert } from '../../src/assert.ts';
import { LANGUAGES, type Language, SCREENS } from '../../src/profile/screens.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { draw } from '../../src/runtime/desk.ts';
import type { Shop } from '../../src/runtime/shop.ts';
import { columnsOf } from '../../src/terminal/layout.ts';
import { FIRST_CONTEXT } from '../../src/terminal/machine.ts';
import type { PanelProfile } from '../../src/terminal/profile.ts';
import { isShownId, missingValues, type ShownId } from '../../src/terminal/screens.ts';
import type { Context, Step, Steps } from '../../src/terminal/step.ts';
import type { DeskStatus, Done, Job, KeyName, ScreenSpec, TerminalEvent } from '../../src/terminal/types.ts';
import { deskAfter, leftovers, OUTCOMES, PROGRESS } from './world.ts';

/**
 * Walks the whole keypad machine: from power-up, every key, card, time-out and answer of every job, until nothing new
 * comes. What it finds wrong comes back as text, so that a planted fault can be looked for.
 */

/** What the person and the acquirer's side really did since the idle screen, seen from outside the machine. */
interface Facts {
  readonly supervisor?: boolean;
  readonly shownVoucher?: number;
  readonly reference?: boolean;
  readonly date?: boolean;
  readonly confirmedMinor?: number;
  readonly reason?: boolean;
  readonly resend?: boolean;
  readonly pinAsked?: boolean;
  readonly refusedPart?: boolean;
}

/** A step and what is known in it. */
export interface Place {
  readonly value: string;
  readonly context: Context;
}

/** One event, without the machinery of the real machine (a test holds the two side by side). */
export function follow(steps: Steps, place: Place, event: TerminalEvent): Place {
  const { value, context } = place;
  if (event.type === 'STATUS') return { value, context: { ...context, desk: event.desk } };
  const way = steps[value].on[event.type]?.find(one => one.when === undefined || one.when(context, event));
  if (!way) return place;
  return { value: way.to ?? value, context: way.change ? { ...context, ...way.change(context, event) } : context };
}

interface Node {
  readonly snapshot: Place;
  readonly facts: Facts;
}

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
/** Steps that wait for ever, by what they show: paper trouble and an unknown refund want a person (F18, F19-2). */
const PATIENT: ReadonlySet<string> = new Set(['F18.1', 'F18.3', 'F19.2']);
/** Jobs on the way home after CANCEL: none of them moves money, but for the void that CANCEL asks for at PARTIAL. */
const HOME_JOBS: ReadonlySet<Job['kind']> = new Set(['forgetCard', 'dropPrint', 'finishSettlement', 'unknownRefund']);
const HOME_STEPS_MAX = 20;
const STATES_MAX = 60_000;
export const SECRET_STEP = /[Pp]assword/;

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
  settlementOpen: false,
  chipIn: false,
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
};
export const QUIET = DESK;

/** Desks at power-up: busy, quiet, a settlement cut off, stopped by a held reversal, locked. */
const STARTS: readonly DeskStatus[] = [
  BUSY,
  QUIET,
  { ...DESK, signedOn: false, batchCount: 0, settlementOpen: true, reversalsOwed: 1, reversalsDue: 1 },
  { ...DESK, reversalsOwed: 120, reversalsDue: 120, blocked: true, unknownRefunds: 120 },
  { ...DESK, lockedBy: '01', reversalsOwed: 1 },
];

export function walk(steps: Steps, panel: PanelProfile, profile: Profile, desks: readonly DeskStatus[] = STARTS): Walk {
  const findings = new Set<string>();
  const visited = new Set<string>();
  const screens = new Set<string>();
  let states = 0;
  const go = (start: Place): void => {
    states += explore(steps, panel, profile, start, findings, visited, screens);
  };
  for (const desk of desks) go({ value: 'boot', context: { ...FIRST_CONTEXT, desk } });
  if (desks.includes(QUIET)) go({ value: 'idle', context: leftovers({ ...FIRST_CONTEXT, desk: DESK }) });
  for (const name of Object.keys(steps)) if (!visited.has(name)) findings.add(`${name}: no way leads here`);
  return { findings: [...findings], states, screens };
}

const stepOf = (node: Node): string => node.snapshot.value;
const contextOf = (node: Node): Context => node.snapshot.context;

function explore(
  steps: Steps,
  panel: PanelProfile,
  profile: Profile,
  start: Place,
  findings: Set<string>,
  visited: Set<string>,
  screens: Set<string>,
): number {
  const nodes = new Map<string, Node>();
  const back = new Map<string, string[]>();
  const queue: string[] = [];
  const report = (step: string, text: string): void => {
    findings.add(`${step}: ${text}`);
  };
  const add = (node: Node, from: string | undefined): void => {
    const key = keyOf(node, panel);
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
    look(steps[stepOf(node)], node, profile, screens, report);
    judge(steps[stepOf(node)], node, panel, report);
  };
  add({ snapshot: start, facts: {} }, undefined);
  for (let key = queue.shift(); key !== undefined; key = queue.shift()) {
    const node = nodes.get(key) as Node;
    for (const next of moves(steps, node, profile, report)) add(next, key);
  }
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

/** Steps that print look at the transaction and the printer only. */
const PRINTS = /^(slip|settleSlip|settlePrint|reprint(ed|Owed|Resume|Trouble|$)|print[A-Z])/;
/** Steps in which it counts whose number or password is typed. */
const PEOPLE = /[Oo]perator|[Pp]assword|^logon|^unlock/;

/** Steps outside every transaction. */
const NO_MONEY =
  /^(boot|journalFull|menu|logon|newPassword|passwordOld|passwordChanged|lock|unlock|sign|echo|version|help|query|settle|supervisor|addOp|removeOp|operator|listOp|release)/;

/** Steps that ask for a card or read it. */
const READS = /(Card|Again|UseChip|Fallback|OneCard|Read-[a-z]+)$/;

/** Two nodes with the same key behave the same: sizes of amounts, texts and leftovers that no guard looks at are left out. */
function keyOf(node: Node, panel: PanelProfile): string {
  const c = contextOf(node);
  const step = stepOf(node);
  const { operator, signedOn, lockedBy, chipIn, settlementOpen, blocked, journalFull } = c.desk;
  const place = [step, operator !== undefined, signedOn, lockedBy, chipIn, settlementOpen, journalFull].join();
  if (step === 'idle') return [place, blocked, c.owedSlip !== undefined].join();
  if (ENDS.has(step)) return [place, c.topic, c.notice, c.remark?.code, c.record?.id].join();
  if (PRINTS.test(step))
    return [place, c.record?.kind, c.done?.outcome, c.owedSlip?.id === c.record?.id, c.topic].join();
  const people = PEOPLE.test(step)
    ? [c.password?.length, role(c.operator), role(c.candidate), Math.min(c.tries, panel.passwordTries)].join()
    : '';
  const d = c.draft;
  const draft = NO_MONEY.test(step)
    ? ''
    : [
        d.kind,
        d.amountMinor > 0,
        d.original?.id,
        d.reference === undefined,
        d.date === undefined,
        d.reason === undefined,
        d.approver,
        d.card === undefined ? '' : d.card.entry === 'tap',
        ...(/(Pin|Online)$/.test(step) ? [d.pinTries === 0 ? 0 : d.pinTries < panel.pinSendsMax] : []),
        ...(READS.test(step) ? [d.fallback, d.readTries + 1 < panel.readTriesMax] : []),
        d.resend,
      ].join();
  const shown = [c.topic, c.notice, c.page, c.records.length, c.entry === ''].join();
  const f = node.facts;
  const facts = [
    f.supervisor,
    f.shownVoucher === d.original?.voucher,
    f.reference,
    f.date,
    f.confirmedMinor === d.amountMinor,
    f.reason,
    f.resend,
    f.pinAsked,
    f.refusedPart,
  ].join();
  return [place, draft, shown, people, facts].join('|');
}

/** Every place that can follow. */
function moves(steps: Steps, node: Node, profile: Profile, report: (step: string, text: string) => void): Node[] {
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
  if (waiting.removal)
    next.push(send(steps, atDesk(node, { ...contextOf(node).desk, chipIn: false }), { type: 'REMOVED' }));
  if (waiting.timeoutMs !== undefined) next.push(send(steps, node, { type: 'TIMEOUT' }));
  else if (!PATIENT.has(idOf(step.screen(contextOf(node))))) report(stepOf(node), 'waits for ever');
  cancelHome(steps, node, report);
  return next;
}

function answers(
  steps: Steps,
  node: Node,
  job: Job,
  profile: Profile,
  report: (step: string, text: string) => void,
): Node[] {
  const next: Node[] = [];
  for (const end of outcomesOf(job)) {
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

const outcomesOf = (job: Job): readonly Done[] => (OUTCOMES[job.kind] as (job: Job) => readonly Done[])(job);

function atDesk(node: Node, desk: DeskStatus): Node {
  return { ...node, snapshot: { ...node.snapshot, context: { ...contextOf(node), desk } } };
}

function send(steps: Steps, node: Node, event: TerminalEvent): Node {
  const snapshot = follow(steps, node.snapshot, event);
  const facts = snapshot.value === 'idle' && stepOf(node) !== 'idle' ? {} : learn(steps, node, event, snapshot);
  return { snapshot, facts };
}

/** What an onlooker learns from one event: from the screens that were shown, not from the machine's own notes. */
function learn(steps: Steps, node: Node, event: TerminalEvent, after: Place): Facts {
  const context = contextOf(node);
  const step = steps[stepOf(node)];
  const spec = step.screen(context);
  const id = idOf(spec);
  const waiting = step.await(context);
  const moved = after.value !== stepOf(node);
  const facts = { ...node.facts, ...seen(steps, after) };
  if (event.type === 'DONE' && waiting.kind === 'job') {
    const { job } = waiting;
    if (
      job.kind === 'checkPassword' &&
      job.operator === '00' &&
      (event.outcome === 'ok' || event.outcome === 'mustChange')
    )
      return { ...facts, supervisor: true };
    if (job.kind === 'pin' && event.outcome === 'ok') return { ...facts, pinAsked: true };
  }
  if (event.type !== 'KEY' || !moved) return facts;
  if (event.key === 'CANCEL') return id === 'PARTIAL' ? { ...facts, refusedPart: true } : facts;
  if (/^[1-6]$/.test(event.key) && (id === 'F05.4' || id === 'F06.9')) return { ...facts, reason: true };
  if (event.key !== 'ENTER') return facts;
  if (id === 'F06.4' && context.entry.length === 12) return { ...facts, reference: true };
  if (id === 'F06.5' && context.entry.length === 4) return { ...facts, date: true };
  if (id === 'F06.8' && spec.kind === 'screen') return { ...facts, confirmedMinor: Number(spec.values.amount) };
  if (id === 'F19.3c') return { ...facts, resend: true };
  return facts;
}

/** An original counts as shown when its screen stood there. */
function seen(steps: Steps, snapshot: Place): Facts {
  const context = snapshot.context as Context;
  const id = idOf(steps[snapshot.value as string].screen(context));
  return (id === 'F05.3' || id === 'F06.6') && context.record ? { shownVoucher: context.record.voucher } : {};
}

/** The laws of money at the step that sends. */
function judge(step: Step, node: Node, panel: PanelProfile, report: (step: string, text: string) => void): void {
  const context = contextOf(node);
  if (stepOf(node) === 'idle' && context.password !== undefined) report('idle', 'a password is still in memory');
  const waiting = step.await(context);
  if (waiting.kind !== 'job') return;
  const { job } = waiting;
  const { facts } = node;
  const must = (holds: boolean, what: string): void => {
    if (!holds) report(stepOf(node), what);
  };
  if (job.kind === 'voidOf') must(facts.refusedPart === true, 'a void of a part that nobody refused');
  if (
    job.kind === 'release' ||
    job.kind === 'resolveRefund' ||
    job.kind === 'addOperator' ||
    job.kind === 'removeOperator'
  )
    must(facts.supervisor === true, `${job.kind} without the supervisor's password`);
  if (job.kind !== 'online') return;
  const { draft } = job;
  const { kind } = draft;
  must(draft.amountMinor > 0, `${kind} of nothing`);
  must(facts.pinAsked === true, `${kind} past the PIN step`);
  if (kind === 'void') {
    must(
      draft.original !== undefined && facts.shownVoucher === draft.original.voucher,
      'void without the original shown',
    );
    must(draft.amountMinor === draft.original?.amountMinor, 'void of another amount than the original');
    must(!panel.voidNeedsManager || (facts.supervisor === true && draft.approver === '00'), 'void without approval');
    must(!panel.voidNeedsReason || (facts.reason === true && draft.reason !== undefined), 'void without reason');
    must(!panel.voidNeedsCard || draft.card !== undefined, 'void without card');
    return;
  }
  must(draft.card !== undefined, `${kind} without card`);
  if (kind === 'sale') return;
  if (draft.resend !== undefined) {
    must(facts.resend === true && facts.supervisor === true, 'refund sent again without the supervisor');
    return;
  }
  must(!panel.refundNeedsManager || (facts.supervisor === true && draft.approver === '00'), 'refund without approval');
  must(facts.confirmedMinor === draft.amountMinor, 'refund of an amount that was not confirmed');
  must(!panel.refundNeedsReason || (facts.reason === true && draft.reason !== undefined), 'refund without reason');
  must(
    draft.original !== undefined
      ? facts.shownVoucher === draft.original.voucher
      : facts.reference === true && facts.date === true,
    'refund without the original shown or its reference and date typed',
  );
}

/** Where an answer must lead, by what stands on the screen then. */
function landing(steps: Steps, from: Node, job: Job, end: Done, to: Node): string | undefined {
  const context = contextOf(to);
  const step = steps[stepOf(to)];
  const spec = step.screen(context);
  const id = idOf(spec);
  const waiting = step.await(context);
  const is = (right: boolean): string | undefined => (right ? undefined : `${stepOf(to)} shows ${spec.notice ?? id}`);
  const next = waiting.kind === 'job' ? waiting.job.kind : undefined;
  const shown = spec.notice ?? (spec.kind === 'prompt' ? spec.prompt : undefined);
  // Printing never decides: a settlement goes on without its paper.
  if (end.prompt !== undefined && job.kind === 'printReport' && stepOf(from).startsWith('settle'))
    return is(shown === undefined);
  if (end.prompt !== undefined) return is(shown === end.prompt);
  if (end.remark !== undefined)
    return is(
      (spec.kind === 'response' && spec.remark.code === end.remark.code) ||
        (end.remark.code === '55' && id === 'F04.5p'),
    );
  switch (end.outcome) {
    case 'approved':
      return is(next === 'printSlip');
    case 'partial':
      return is(job.kind === 'online' && job.draft.kind === 'sale' ? id === 'PARTIAL' : next === 'printSlip');
    case 'reversed':
      return is(id === 'F16.2' || (job.kind === 'reverse' && id === 'F01.4'));
    case 'reversalFailed':
      return is(id === 'F16.3');
    case 'unknownRefund':
      return is(id === 'F19.2');
    case 'cancelled':
      return is(next === 'forgetCard');
    case 'paperOut':
      return is(id === 'F18.1');
    case 'printerFault':
      return is(id === 'F18.3');
    case 'settleFirst':
      return is(['F01.4', 'F14.1', 'E77'].includes(shown ?? id));
    case 'notAnswered':
      return is(id === 'F09.again');
    case 'settled':
      return is(next === 'printReport');
    case 'wrong':
      return is(['F02.wrong', 'F11.wrong', 'F15.wrong', 'E13'].includes(shown ?? ''));
    case 'blocked':
      return is(id === 'F17.5');
    case 'chipCard':
      return is(['F17.2', 'E19'].includes(shown ?? id));
    case 'chipError':
      return is(['F17.3', 'E65', 'E67'].includes(shown ?? id));
    case 'oneCard':
      return is(['F17.4', 'E20'].includes(shown ?? id));
    case 'swipeError':
      return is(['F17.1', 'E52', 'E18'].includes(shown ?? id));
    case 'tapAgain':
      return is(shown === 'E66' || (waiting.kind === 'event' && waiting.cards.includes('tap')));
    case 'none':
      return is(shown === 'E78' || shown === 'E79' || id === 'F01.4' || spec.kind === 'idle');
    case 'ok':
    case 'mustChange':
    case 'foreign':
      // Nothing is there for 99 in this release.
      if (job.kind === 'logOn' && job.operator === '99') return is(shown === 'E39');
      return is(shown === undefined && spec.kind !== 'response');
    default:
      return `nobody says where ${end.outcome} leads`;
  }
}

/** CANCEL in every step, as often as it takes, leads to the idle screen and sends nothing. */
function cancelHome(steps: Steps, start: Node, report: (step: string, text: string) => void): void {
  const from = stepOf(start);
  const part = idOf(steps[from].screen(contextOf(start))) === 'PARTIAL';
  let node = start;
  for (let count = 0; count < HOME_STEPS_MAX; count++) {
    if (stepOf(node) === 'idle') return;
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
function type(
  steps: Steps,
  start: Node,
  text: string,
  profile: Profile,
  report: (step: string, text: string) => void,
): Node {
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

function idOf(spec: ScreenSpec): string {
  switch (spec.kind) {
    case 'prompt':
      return spec.prompt;
    case 'response':
      return 'CODE';
    case 'busy':
      return 'WAIT';
    default:
      return spec.id;
  }
}

/** The screen of a node, and of its news, in both languages: no value forgotten, no line too wide, nothing cut. */
function look(
  step: Step,
  node: Node,
  profile: Profile,
  screens: Set<string>,
  report: (step: string, text: string) => void,
): void {
  const specs = [step.screen(contextOf(node))];
  if (step.await(contextOf(node)).kind === 'job')
    for (const progress of PROGRESS) specs.push(step.screen({ ...contextOf(node), progress }));
  for (const spec of specs) {
    screens.add(idOf(spec));
    if (spec.kind === 'screen') {
      if (!isShownId(spec.id)) report(stepOf(node), `screen ${String(spec.id)} does not exist`);
      else
        for (const name of missingValues(spec.id as ShownId, spec.values))
          report(stepOf(node), `${spec.id} without its ${name}`);
      for (const name of Object.keys(spec.values))
        if (!(SCREENS[spec.id] as readonly string[]).includes(name)) report(stepOf(node), `${spec.id} has no ${name}`);
    }
    for (const lang of LANGUAGES) {
      const lines = linesOf(profile, lang, spec);
      const own = lines.filter(
        line => !line.startsWith(profile.merchant.name[lang].slice(0, 2)) && !line.startsWith(profile.id.slice(0, 3)),
      );
      if (lines.length !== 4 || lines.some(line => columnsOf(line) > 16))
        report(stepOf(node), `${idOf(spec)} is too wide`);
      if (own.some(line => line.includes('~')))
        report(stepOf(node), `${idOf(spec)} cuts a value: ${lines.join(' / ')}`);
      if (lines.every(line => line === '')) report(stepOf(node), `${idOf(spec)} is blank`);
    }
  }
}

const drawn = new Map<string, readonly string[]>();
const shops = new Map<string, Shop>();

/** As the runtime draws it, at a fixed minute. */
function linesOf(profile: Profile, lang: Language, spec: ScreenSpec): readonly string[] {
  const key = `${profile.id}${lang}${JSON.stringify(spec)}`;
  let lines = drawn.get(key);
  if (!lines) {
    const name = profile.id + lang;
    const shop = shops.get(name) ?? shopOf(profile, lang);
    shops.set(name, shop);
    lines = draw(shop, spec).lines;
    drawn.set(key, lines);
  }
  return lines;
}

function shopOf(profile: Profile, lang: Language): Shop {
  const at = { year: 2026, month: 12, day: 31, hour: 23, minute: 59, second: 59 };
  return { profile, lang, hal: { clock: { nowMs: () => 0, local: () => at } } } as unknown as Shop;
}
