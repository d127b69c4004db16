import type { PanelProfile } from '../../src/terminal/profile.ts';
import type { Step, Steps } from '../../src/terminal/step.ts';
import type { Context } from '../../src/terminal/step.ts';
import type { Done, Job, TerminalEvent } from '../../src/terminal/types.ts';
import { contextOf, type Facts, idOf, type Node, type Place, type Report, stepOf } from './place.ts';

/** What an onlooker learns from one event: from the screens that were shown, not from the machine's own notes. */
export function learn(steps: Steps, node: Node, event: TerminalEvent, after: Place): Facts {
  const context = contextOf(node);
  const step = steps[stepOf(node)];
  const spec = step.screen(context);
  const id = idOf(spec);
  const waiting = step.await(context);
  const moved = after.value !== stepOf(node);
  const facts = { ...node.facts, ...seen(steps, after) };
  if (event.type === 'DONE' && waiting.kind === 'job') {
    const { job } = waiting;
    // A published first password approves nothing; the one that takes its place does.
    if (job.kind === 'checkPassword' && event.outcome === 'mustChange' && SECOND.has(id))
      return { ...facts, changing: job.operator };
    if ((job.kind === 'checkPassword' || job.kind === 'setPassword') && event.outcome === 'ok') {
      const second = SECOND.has(id) || facts.changing === job.operator;
      return {
        ...facts,
        changing: undefined,
        ...(second ? { second: job.operator } : {}),
        ...(job.operator === '00' && !second ? { supervisor: true } : {}),
        ...(job.operator === '99' ? { technician: true } : {}),
      };
    }
    if (job.kind === 'pin' && event.outcome === 'ok') return { ...facts, pinAsked: true };
    if (job.kind === 'readCode' && event.outcome === 'ok') return { ...facts, codeRead: true };
    if (job.kind === 'findSlip' && event.outcome === 'otherOrder') return { ...facts, orderRead: true };
    if (job.kind === 'judge' && event.judged) {
      const { kind, amountMinor } = job.draft;
      return { ...facts, judged: { ...event.judged, kind, minor: amountMinor }, warned: 0 };
    }
    if (job.kind === 'checkBlind' && event.outcome === 'ok') return { ...facts, blind: true };
    if (job.kind === 'takeHeld' && event.outcome === 'second') return { ...facts, ...UNSAID };
    if (job.kind === 'takeHeld' && event.draft) return { ...facts, held: event.draft.heldId };
  }
  if (event.type === 'KEY' && event.key === 'ENTER' && (id === 'RULE.ask' || id === 'F06.8b'))
    return { ...facts, warned: (facts.warned ?? 0) + 1 };
  if (event.type !== 'KEY' || !moved) return facts;
  if (event.key === 'CANCEL') return id === 'PARTIAL' ? { ...facts, refusedPart: true } : facts;
  if (/^[1-6]$/.test(event.key) && (id === 'F05.4' || id === 'F06.9')) return { ...facts, reason: true };
  if (event.key !== 'ENTER') return facts;
  if (id === 'F23.2a') return { ...facts, flashAsked: true };
  if (id === 'F06.4' && context.entry.length === 12) return { ...facts, reference: true };
  if (id === 'F06.5' && context.entry.length === 4) return { ...facts, date: true };
  if (id === 'F06.8' && spec.kind === 'screen') return { ...facts, confirmedMinor: Number(spec.values.amount) };
  if (id === 'F19.3c') return { ...facts, resend: true };
  return facts;
}

/** Screens on which a second person types a password. */
const SECOND: ReadonlySet<string> = new Set(['F05.10b', 'F06.10b', 'F06.10p']);

const UNSAID: Facts = {
  judged: undefined,
  warned: undefined,
  confirmedMinor: undefined,
  second: undefined,
  blind: undefined,
  reason: undefined,
};

/** An original counts as shown when its screen stood there. */
function seen(steps: Steps, snapshot: Place): Facts {
  const context = snapshot.context as Context;
  const id = idOf(steps[snapshot.value as string].screen(context));
  // Another amount is typed: whatever was said of the one before counts no more.
  if (id === 'F06.7' || id === 'F06.7u') return UNSAID;
  return (id === 'F05.3' || id === 'F06.6' || id === 'F08.3') && context.record
    ? { shownVoucher: context.record.voucher }
    : {};
}

/** The laws of money at the step that sends. */
export function judge(step: Step, node: Node, panel: PanelProfile, report: Report): void {
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
    job.kind === 'markRefund' ||
    job.kind === 'freezeRefunds' ||
    job.kind === 'freeRefunds' ||
    job.kind === 'openCase' ||
    job.kind === 'noteContact' ||
    job.kind === 'noteCompensation' ||
    job.kind === 'closeCase' ||
    job.kind === 'recordExternal' ||
    job.kind === 'resolveReversal' ||
    job.kind === 'removeOperator'
  )
    must(facts.supervisor === true, `${job.kind} without the supervisor's password`);
  if (job.kind === 'flash')
    must(facts.technician === true && facts.flashAsked === true, 'flash that 99 did not ask for');
  if (job.kind === 'train') must(facts.supervisor === true || job.by === '99', 'training that nobody allowed');
  if (job.kind === 'stopHeld') must(facts.supervisor === true, "stopped without the supervisor's password");
  if (job.kind === 'takeHeld' && job.second !== undefined)
    must(
      facts.second === job.second && job.second !== context.desk.operator && facts.blind === true,
      'a held refund taken up with a second person who did not agree',
    );
  if (job.kind !== 'online' && job.kind !== 'hold') return;
  const { draft } = job;
  const { kind } = draft;
  if (draft.heldId !== undefined) {
    must(facts.held === draft.heldId, 'a held refund that nobody took up');
    return;
  }
  // What 00 sends again is refused by the runtime, and stays unknown.
  must(context.desk.equipment === undefined || draft.resend !== undefined, `${kind} at a terminal that is not known`);
  must(draft.amountMinor > 0, `${kind} of nothing`);
  const scanned = draft.channel !== undefined;
  must(facts.pinAsked === true || (scanned && kind === 'sale'), `${kind} past the PIN step`);
  if (scanned && kind === 'sale') must(facts.codeRead === true, "scan sale without a payer's code");
  if (scanned && draft.resend !== undefined) {
    must(facts.resend === true && facts.supervisor === true, `${kind} sent again without the supervisor`);
    return;
  }
  if (kind !== 'sale' && draft.resend === undefined) obeysRules(job, node, panel, must);
  if (kind === 'void') {
    must(
      draft.original !== undefined && facts.shownVoucher === draft.original.voucher,
      'void without the original shown',
    );
    must(draft.amountMinor === draft.original?.amountMinor, 'void of another amount than the original');
    must(!panel.voidNeedsManager || (facts.supervisor === true && draft.approver === '00'), 'void without approval');
    must(!panel.voidNeedsReason || (facts.reason === true && draft.reason !== undefined), 'void without reason');
    must(!panel.voidNeedsCard || draft.card !== undefined || scanned, 'void without card');
    return;
  }
  must(draft.card !== undefined || scanned, `${kind} without card`);
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
      : (facts.reference === true && facts.date === true) || (scanned && facts.orderRead === true),
    'refund without the original shown or its reference and date typed',
  );
}

/** What the rules said of this very transaction was done: seen, approved by another person, typed unseen, kept back. */
function obeysRules(
  job: Extract<Job, { kind: 'online' | 'hold' }>,
  node: Node,
  panel: PanelProfile,
  must: (holds: boolean, what: string) => void,
): void {
  const { draft } = job;
  const { kind, second } = draft;
  const { desk } = contextOf(node);
  const { judged, warned = 0, blind } = node.facts;
  must(kind !== 'refund' || desk.frozen === undefined, 'refund while refunds are off');
  must(judged?.kind === kind && judged.minor === draft.amountMinor, `${kind} that no rule looked at`);
  if (!judged) return;
  must(judged.refused === undefined, `${kind} that a rule refused`);
  must(warned >= judged.warnings.length, `${kind} with a warning that nobody saw`);
  const other = second !== desk.operator && !(panel.twoPerson && second === draft.approver);
  must(
    !judged.second || (second !== undefined && node.facts.second === second && other),
    `${kind} without second person`,
  );
  must(!judged.blind || blind === true, `${kind} that was not typed unseen`);
  must(kind !== 'refund' || job.kind === 'hold' || judged.holdSeconds === 0, 'refund sent at once that must wait');
  must(
    kind !== 'refund' || draft.reason !== 6 || draft.note?.length === 2,
    'refund for another reason without its code',
  );
}

const BEGINS: Readonly<Record<string, string>> = {
  sale: 'saleAmount',
  void: 'voidPassword',
  refund: 'refundPassword',
  qrSale: 'qrAmount',
  qrVoid: 'qrVoidPassword',
  qrRefund: 'qrRefundPassword',
};

/** A reversal that was in the way is done: the transaction that was asked for begins at its own first step. */
function beginsWhatWasAsked(from: Node, to: Node): boolean {
  return stepOf(from) === 'oweFirst' && stepOf(to) === BEGINS[contextOf(from).topic];
}

/** Where an answer must lead, by what stands on the screen then. */
export function landing(steps: Steps, from: Node, job: Job, end: Done, to: Node): string | undefined {
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
  // What failed is the void of a part: the part stands, and the screen says that.
  if (job.kind === 'voidOf' && end.outcome !== 'approved' && end.outcome !== 'reversalFailed')
    return is(id === 'PARTIAL.stands');
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
      return is(
        job.kind === 'online' && job.draft.kind === 'sale' && job.draft.channel === undefined
          ? id === 'PARTIAL'
          : next === 'printSlip',
      );
    case 'reversed':
      return is(id === 'F16.2' || (job.kind === 'reverse' && id === 'F01.4') || beginsWhatWasAsked(from, to));
    case 'reversalFailed':
      return is(id === 'F16.3');
    case 'unknownRefund':
      return is(id === (job.kind === 'online' && job.draft.kind === 'void' ? 'F19.2v' : 'F19.2'));
    case 'waiting':
      return is(id === 'F07.3' || next === 'qrClose');
    case 'badCode':
      return is(id === 'F07.2');
    case 'otherOrder':
      return is(id === 'F06.7u');
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
      return is(['F02.wrong', 'F11.wrong', 'F15.wrong', 'E13', 'F22.wrong'].includes(shown ?? ''));
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
    case 'refused':
      return is(id === 'RULE' || shown === end.judged?.refused?.prompt);
    case 'held':
      return is(id === 'F06.11');
    case 'ready':
      return is(next === 'online');
    case 'second':
      return is(id === 'F06.10n');
    case 'card':
      return is(id === 'F06.3');
    case 'due':
      return is(next === 'takeHeld');
    case 'gone':
      return is(next === 'forgetCard');
    case 'flashed':
      return is(next === 'flashSlip');
    case 'fellBack':
      return is(id === 'F23.6');
    case 'noScore':
      return is(spec.kind === 'idle');
    case 'broken':
      return is(shown === 'F22.broken');
    case 'passed':
      return is(id === 'F22.6');
    case 'notYet':
      return is(id === 'F22.6n');
    case 'none':
      if (job.kind === 'drillCheck') return is(shown === 'F22.none');
      if (job.kind === 'heldRefund') return is(shown === 'F20.none' || id === 'F09.1');
      if (job.kind === 'refundsOf') return is(id === 'F06.6' || id === 'F08.3');
      return is(
        shown === 'E78' || shown === 'E79' || id === 'F01.4' || spec.kind === 'idle' || beginsWhatWasAsked(from, to),
      );
    case 'ok':
    case 'mustChange':
    case 'foreign':
      // 99 has a menu of its own, and nothing inside of a training.
      if (job.kind === 'logOn' && job.operator === '99') return is(shown === 'E39' || id === 'MENU.technician');
      return is(shown === undefined && spec.kind !== 'response');
    default:
      return `nobody says where ${end.outcome} leads`;
  }
}
