import type { Profile } from '../../profile/schema.ts';
import { FIRST_CONTEXT } from '../../terminal/machine.ts';
import type { PanelProfile } from '../../terminal/profile.ts';
import type { Context, Steps } from '../../terminal/step.ts';
import type { Done, Draft, Job, Judged, KeyName, RecordView, TerminalEvent } from '../../terminal/types.ts';

/** What a person has really done on the way to a send: seen from the screens and jobs, not from the machine's own notes. */
interface Facts {
  readonly manager?: boolean;
  readonly shown?: boolean;
  readonly reference?: boolean;
  readonly reason?: boolean;
  readonly read?: boolean;
  readonly pin?: boolean;
  readonly judged?: number;
  readonly warned?: boolean;
  readonly second?: boolean;
  readonly blind?: boolean;
  readonly confirmedMinor?: number;
}

interface Node {
  readonly step: string;
  readonly context: Context;
  readonly facts: Facts;
}

export interface WalkResult {
  /** Sends without a required step: what is missing, and the steps that lead there. */
  readonly gaps: readonly { readonly kind: string; readonly missing: string; readonly path: readonly string[] }[];
  /** What can be sent at all. */
  readonly reached: ReadonlySet<string>;
  readonly states: number;
  /** False: there were more states than the walk looks at. */
  readonly whole: boolean;
}

/** Kinds of sends that the keys of a terminal must reach. */
export const SENDS = ['signOn', 'sale', 'void', 'refund', 'settle'] as const;

const STATES_MAX = 40_000;
const AMOUNT = '10000';
/** What is typed into an entry line before ENTER: a number of a person, passwords, voucher, reference, date, amount. */
const TYPED = ['01', '02', '2580', '246810', '112233445566', '1122', AMOUNT] as const;
/** Screens on which the second person types a password. */
const SECOND_SCREENS: ReadonlySet<string> = new Set(['F05.10b', 'F06.10b', 'F06.10p']);
const ORIGINAL_SCREENS: ReadonlySet<string> = new Set(['F05.3', 'F06.6', 'F08.3']);

const RECORD: RecordView = {
  id: 1,
  kind: 'sale',
  state: 'approved',
  masked: '621226*********1234',
  amountMinor: Number(AMOUNT),
  voucher: 1,
  batch: 1,
  reference: '112233445566',
  at: { year: 2026, month: 1, day: 2, hour: 3, minute: 4, second: 5 },
  remainingMinor: Number(AMOUNT),
  refundedMinor: 0,
};
const PLAIN: Judged = { warnings: [], second: false, blind: false, holdSeconds: 0, voidInstead: false };
const WARNING = {
  kind: 'window',
  prompt: 'E82',
  value: 1,
  limit: 1,
  unit: 'days',
} as unknown as Judged['warnings'][number];
/** What the rules may say; the place in the list stands for it in {@link Facts.judged}. */
const VERDICTS: readonly Judged[] = [
  PLAIN,
  { ...PLAIN, warnings: [WARNING] },
  { ...PLAIN, second: true },
  { ...PLAIN, second: true, blind: true },
  { ...PLAIN, holdSeconds: 300 },
  { ...PLAIN, voidInstead: true },
  { ...PLAIN, refused: WARNING },
];

/**
 * Walks the flows of sign-on, sale, void, refund and settlement from the idle screen with the keys that the profile's
 * terminal has, by every way, and looks at each place that sends: were the steps that the policy asks for taken?
 */
export function walkSends(steps: Steps, panel: PanelProfile, profile: Profile): WalkResult {
  const keys = keysOf(profile);
  const seen = new Set<string>();
  const parents = new Map<Node, Node>();
  const gaps: { kind: string; missing: string; path: string[] }[] = [];
  const told = new Set<string>();
  const reached = new Set<string>();
  const desk = { ...FIRST_CONTEXT.desk, operator: '01', signedOn: true, batchCount: 3, scanner: true };
  const start = (signedOn: boolean): Node => ({
    step: 'idle',
    context: { ...FIRST_CONTEXT, desk: signedOn ? desk : { ...FIRST_CONTEXT.desk, scanner: true } },
    facts: {},
  });
  const queue: Node[] = [];
  const add = (node: Node, from: Node | undefined): void => {
    const key = keyOf(node);
    if (seen.has(key)) return;
    seen.add(key);
    if (from) parents.set(node, from);
    queue.push(node);
  };
  add(start(true), undefined);
  add(start(false), undefined);
  for (let at = 0; at < queue.length && queue.length < STATES_MAX; at++) {
    const node = queue[at];
    const waiting = steps[node.step].await(node.context);
    if (waiting.kind === 'job') {
      const sent = sendOf(waiting.job);
      if (sent !== undefined) {
        reached.add(sent);
        if (waiting.job.kind === 'online' || waiting.job.kind === 'hold')
          for (const missing of missingOf(waiting.job.draft, waiting.job.kind, node, panel)) {
            const text = `${node.step}: ${missing}`;
            if (told.has(text)) continue;
            told.add(text);
            gaps.push({ kind: sent, missing, path: pathOf(node, parents) });
          }
        continue;
      }
    }
    // Home again: what follows begins anew.
    if (node.step === 'idle' && parents.has(node)) continue;
    for (const next of movesOf(steps, node, keys)) if (next !== node) add(next, node);
  }
  return { gaps, reached, states: seen.size, whole: queue.length < STATES_MAX };
}

/** Keys of the flows that the device can give. */
function keysOf({ terminal }: Profile): readonly KeyName[] {
  return [...new Set(terminal.keys.map(key => terminal.keymap[key] ?? key))];
}

function sendOf(job: Job): string | undefined {
  if (job.kind === 'online' || job.kind === 'hold') return job.draft.kind;
  return job.kind === 'signOn' || job.kind === 'settle' ? job.kind : undefined;
}

/** The rules of the policy at a send. */
function missingOf(draft: Draft, job: 'online' | 'hold', { context, facts }: Node, panel: PanelProfile): string[] {
  const missing: string[] = [];
  const need = (holds: boolean | undefined, what: string): void => {
    if (holds !== true) missing.push(what);
  };
  const { kind } = draft;
  const scanned = draft.channel !== undefined;
  need(draft.amountMinor > 0, 'no amount was typed');
  need(scanned || facts.pin, 'the PIN step was passed by');
  if (kind === 'sale') {
    need(scanned || facts.read, 'no card was read');
    need(draft.amountMinor <= panel.saleMaxMinor, 'the amount is above saleMaxMinor');
    return missing;
  }
  const verdict = facts.judged === undefined ? undefined : VERDICTS[facts.judged];
  need(verdict !== undefined, 'no rule looked at it');
  need(verdict?.refused === undefined, 'a rule refused it');
  need(verdict?.warnings.length === 0 || facts.warned, 'nobody saw the warning');
  need(
    verdict?.second !== true || (facts.second && draft.second !== context.desk.operator),
    'no second person approved',
  );
  need(verdict?.blind !== true || facts.blind, 'the second person did not type it unseen');
  if (kind === 'void') {
    need(facts.shown, 'the original was not shown');
    need(draft.amountMinor === draft.original?.amountMinor, 'the amount is not that of the original');
    need(!panel.voidNeedsManager || facts.manager, 'the manager did not approve (voidNeedsManager)');
    need(!panel.voidNeedsReason || facts.reason, 'no reason was given (voidNeedsReason)');
    need(!panel.voidNeedsCard || scanned || facts.read, 'the card was not read (voidNeedsCard)');
    return missing;
  }
  need(scanned || facts.read, 'no card was read');
  need(facts.shown || facts.reference, 'neither the original was shown nor its reference typed');
  need(facts.confirmedMinor === draft.amountMinor, 'the amount was not confirmed');
  need(!panel.refundNeedsManager || facts.manager, 'the manager did not approve (refundNeedsManager)');
  need(!panel.refundNeedsReason || facts.reason, 'no reason was given (refundNeedsReason)');
  need(verdict?.holdSeconds === 0 || job === 'hold', 'it was sent at once, but the rules hold it');
  return missing;
}

function movesOf(steps: Steps, node: Node, keys: readonly KeyName[]): Node[] {
  const step = steps[node.step];
  const waiting = step.await(node.context);
  if (waiting.kind === 'pause') return [send(steps, node, { type: 'TIMEOUT' })];
  if (waiting.kind === 'job')
    return (ANSWERS[waiting.job.kind]?.(waiting.job) ?? []).map(end => send(steps, node, end));
  const spec = step.screen(node.context);
  const next: Node[] = [];
  if (spec.kind === 'screen' && spec.values.entry !== undefined) {
    for (const text of TYPED) {
      let typed = node;
      for (const key of text) typed = send(steps, typed, { type: 'KEY', key: key as KeyName });
      next.push(send(steps, typed, { type: 'KEY', key: 'ENTER' }));
    }
    for (const key of keys) if (!/^\d+$/.test(key)) next.push(send(steps, node, { type: 'KEY', key }));
  } else for (const key of keys) next.push(send(steps, node, { type: 'KEY', key }));
  for (const source of waiting.cards) next.push(send(steps, node, { type: 'CARD', source }));
  if (waiting.scanner) next.push(send(steps, node, { type: 'SCAN', text: 'P8' }));
  if (waiting.timeoutMs !== undefined) next.push(send(steps, node, { type: 'TIMEOUT' }));
  return next;
}

/** One event: the first way whose condition holds. */
function send(steps: Steps, node: Node, event: TerminalEvent): Node {
  const { step, context } = node;
  const way = steps[step].on[event.type]?.find(one => one.when === undefined || one.when(context, event));
  if (!way) return node;
  const to = way.to ?? step;
  const after = { step: to, context: way.change ? { ...context, ...way.change(context, event) } : context };
  if (to === 'idle') return { ...after, facts: {} };
  if (way.to === undefined) return { ...after, facts: node.facts };
  const facts = learned(steps, node, event, after);
  const shown = screenIdOf(steps, after.step, after.context);
  // Another amount is typed: what was said of the one before counts no more.
  if (shown !== 'F06.7' && shown !== 'F06.7u') return { ...after, facts };
  const { manager, shown: original, reference, read, pin } = facts;
  return { ...after, facts: only({ manager, shown: original, reference, read, pin }) };
}

function screenIdOf(steps: Steps, step: string, context: Context): string {
  const spec = steps[step].screen(context);
  return spec.kind === 'screen' ? spec.id : spec.kind === 'prompt' && spec.ask === true ? 'RULE.ask' : '';
}

function learned(
  steps: Steps,
  node: Node,
  event: TerminalEvent,
  after: { readonly step: string; readonly context: Context },
): Facts {
  const { context } = node;
  const id = screenIdOf(steps, node.step, context);
  const now = screenIdOf(steps, after.step, after.context);
  const facts: Facts = { ...node.facts, ...(ORIGINAL_SCREENS.has(now) && after.context.record ? { shown: true } : {}) };
  const waiting = steps[node.step].await(context);
  if (event.type === 'DONE' && waiting.kind === 'job') {
    const { job } = waiting;
    const good = event.outcome === 'ok';
    if (job.kind === 'judge' && event.judged)
      return { ...facts, judged: VERDICTS.indexOf(event.judged), warned: false };
    if ((job.kind === 'checkPassword' || job.kind === 'setPassword') && good)
      return SECOND_SCREENS.has(id) || job.operator !== '00' ? { ...facts, second: true } : { ...facts, manager: true };
    if (job.kind === 'readCard' && good) return { ...facts, read: true };
    if (job.kind === 'pin' && good) return { ...facts, pin: true };
    if (job.kind === 'checkBlind' && good) return { ...facts, blind: true };
    if (job.kind === 'findReference' && event.outcome === 'foreign') return { ...facts, reference: true };
    return facts;
  }
  if (event.type !== 'KEY' || after.step === node.step) return facts;
  if (/^[1-6]$/.test(event.key) && (id === 'F05.4' || id === 'F06.9')) return { ...facts, reason: true };
  if (event.key !== 'ENTER') return facts;
  if (id === 'RULE.ask') return { ...facts, warned: true };
  if (id === 'F06.8') return { ...facts, confirmedMinor: context.draft.amountMinor };
  return facts;
}

function only(facts: { readonly [K in keyof Facts]: Facts[K] | undefined }): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
}

const done = (outcome: string, more: Partial<Done> = {}): Done => ({ type: 'DONE', outcome, ...more });
const ok = (): readonly Done[] => [done('ok')];
const found = (): readonly Done[] => [done('ok', { record: RECORD })];

/** How the jobs on the way to a send may end: well, and in the ways that ask for one more step. Other jobs end the path. */
const ANSWERS: Readonly<Partial<Record<Job['kind'], (job: Job) => readonly Done[]>>> = {
  operatorKnown: ok,
  checkPassword: () => [done('ok'), done('mustChange'), done('wrong')],
  setPassword: ok,
  logOn: ok,
  forgetCard: ok,
  checkBlind: ok,
  readCard: job =>
    job.kind === 'readCard'
      ? [done('ok', { card: { masked: RECORD.masked, entry: job.source, fallback: false } })]
      : [],
  pin: ok,
  judge: () => VERDICTS.map(judged => done(judged.refused ? 'refused' : 'ok', { judged })),
  findVoucher: found,
  findLast: found,
  findSlip: found,
  findReference: () => [done('ok', { record: RECORD }), done('foreign')],
  refundsOf: () => [done('none')],
  totals: () => [done('ok', { sides: Array.from({ length: 4 }, () => ({ count: 1, amountMinor: 1 })) })],
  reverse: () => [done('none')],
};

/** Steps after which nothing of the transaction counts any more. */
const ENDS: ReadonlySet<string> = new Set([
  'idle',
  'forget',
  'takeCard',
  'takeCardBeep',
  'refusal',
  'declined',
  'notOpen',
]);

/** Two nodes with the same key behave the same: which amount, reason, voucher or cashier it was is left out. */
function keyOf({ step, context, facts }: Node): string {
  const { desk, draft } = context;
  const place = [step, desk.operator, desk.signedOn, context.topic];
  if (ENDS.has(step)) return JSON.stringify(place);
  const { original, card, judged, amountMinor, reason, note, reference, date, second, blindMinor, ...rest } = draft;
  const { confirmedMinor, ...done } = facts;
  const role = (who: string | undefined): string | undefined =>
    who === undefined || who === '00' || who === '99' || who === desk.operator ? who : 'other';
  return JSON.stringify([
    ...place,
    [role(context.operator), context.password?.length, role(context.candidate), context.entry === '', context.notice],
    [context.page, Math.min(context.tries, 3), context.record !== undefined],
    rest,
    [amountMinor > 0, amountMinor === original?.amountMinor, confirmedMinor === amountMinor],
    [reason === undefined, reason === 6, note === undefined, reference === undefined, date === undefined],
    [role(second), blindMinor === undefined, original?.id, card === undefined || card.entry === 'tap'],
    judged === undefined ? -1 : verdictOf(judged),
    done,
  ]);
}

/** Place of a verdict in {@link VERDICTS}; the flows may have answered its advice meanwhile. */
function verdictOf(judged: Judged): number {
  const { second, blind, holdSeconds, warnings, voidInstead } = judged;
  return VERDICTS.findIndex(
    one =>
      one.second === second &&
      one.blind === blind &&
      one.holdSeconds === holdSeconds &&
      one.warnings.length === warnings.length &&
      one.voidInstead === voidInstead,
  );
}

function pathOf(node: Node, parents: ReadonlyMap<Node, Node>): string[] {
  const path: string[] = [];
  for (let at: Node | undefined = node; at; at = parents.get(at)) if (path[0] !== at.step) path.unshift(at.step);
  return path;
}
