import { assert } from '../assert.ts';
import { KIND_RULES, type Txn } from '../journal/journal.ts';
import type { PromptId, WordId } from '../profile/words.ts';
import type { CaseView, DeskJob, RefundView, SideView } from '../terminal/refund-desk.ts';
import type { StatusSlip } from '../terminal/slips/slip.ts';
import type { Done } from '../terminal/types.ts';
import { isRefundOver } from '../transaction/refund-life.ts';
import { digits, formatAmount } from '../units.ts';
import { aboutOf, caseView, newCase } from './cases.ts';
import { promptOf } from './money.ts';
import { printNew, shopOf } from './printing.ts';
import { askWallets } from './qr.ts';
import { readOrder } from './qr.ts';
import { recordView } from './records.ts';
import type { Shop } from './shop.ts';
import { parseScan } from './slip-code.ts';
import { type Books, findRefunds, mayEnter, openRefunds, refundsAbout, sideBySide, viewOfTxn } from './status.ts';
import type { Task } from './task.ts';

/** The supervisor whose password opened the desk. */
const SUPERVISOR = '00';

/** The jobs of the refund desk: status, cases, freeze, money given back by another way, the end of a held reversal. */
export function* performAtDesk(shop: Shop, job: DeskJob): Task<Done> {
  switch (job.kind) {
    case 'findRefunds': {
      yield* askWallets(
        shop,
        found(shop, job.text).map(refund => refund.id),
      );
      return list(found(shop, job.text));
    }
    case 'openRefunds':
      return list(openRefunds(booksOf(shop)));
    case 'markRefund':
      return mark(shop, job);
    case 'printStatus':
      return yield* printNew(shop, statusSlip(shop, job.refund), 'status', 'cardholder', undefined);
    case 'freezeRefunds':
      shop.journal.freezeRefunds(now(shop), {
        by: SUPERVISOR,
        ...(shop.operator === undefined ? {} : { operator: shop.operator }),
        note: word(shop, `freeze${job.reason}`),
      });
      return done('ok');
    case 'freeRefunds':
      shop.journal.freeRefunds(now(shop), { by: SUPERVISOR });
      return done('ok');
    case 'compareRefund':
      return compare(shop, job.id);
    case 'openCase':
      return openCase(shop, job);
    case 'openCases':
      return cases(shop);
    case 'printCase':
      return yield* printCase(shop, job.id);
    case 'noteContact':
      return note(shop, job.id, { what: 'contact', by: SUPERVISOR, note: word(shop, `contact${job.choice}`) });
    case 'noteCompensation':
      return note(shop, job.id, {
        what: 'compensation',
        by: SUPERVISOR,
        amountMinor: job.amountMinor,
        proof: job.proof,
        note: '',
      });
    case 'closeCase': {
      const closed = shop.journal.closeCase(now(shop), job.id, SUPERVISOR, word(shop, `caseEnd${job.choice}`));
      return closed.ok ? done('ok') : refused('F20.noCase');
    }
    case 'recordExternal':
      return external(shop, job);
    case 'saleOf':
      return sale(shop, job.id);
    case 'resolveReversal':
      return endReversal(shop, job);
  }
}

const JOBS: ReadonlySet<string> = new Set<DeskJob['kind']>([
  'findRefunds',
  'openRefunds',
  'markRefund',
  'printStatus',
  'freezeRefunds',
  'freeRefunds',
  'compareRefund',
  'openCase',
  'openCases',
  'printCase',
  'noteContact',
  'noteCompensation',
  'closeCase',
  'recordExternal',
  'saleOf',
  'resolveReversal',
]);

export function isDeskJob(job: { readonly kind: string }): job is DeskJob {
  return JOBS.has(job.kind);
}

const done = (outcome: string): Done => ({ type: 'DONE', outcome });
const refused = (prompt: PromptId): Done => ({ type: 'DONE', outcome: 'failed', prompt });
const now = (shop: Shop): number => shop.hal.clock.nowMs();
const list = (refunds: RefundView[]): Done => (refunds.length === 0 ? refused('F21.none') : { ...done('ok'), refunds });

/** What the answers about refunds are read from. */
export function booksOf(shop: Shop): Books {
  const { journal, profile, hal } = shop;
  return { journal, profile, nowMs: hal.clock.nowMs(), local: ms => hal.clock.local(ms) };
}

/** A word of the profile by an id that was put together from a key. */
function word(shop: Shop, id: string): string {
  const { words } = shop.profile.texts;
  assert(Object.hasOwn(words, id), `there is a word ${id}`);
  return words[id as WordId][shop.lang];
}

function found(shop: Shop, text: string): RefundView[] {
  const paid = readOrder(shop, text);
  if (paid?.txn) return refundsAbout(booksOf(shop), paid.txn);
  const scan = parseScan(shop, text);
  if (scan.kind === 'own') return refundsAbout(booksOf(shop), scan.txn);
  const printed = /RF\d{1,12}/i.exec(text)?.[0];
  return findRefunds(booksOf(shop), scan.kind === 'foreign' ? scan.code.reference : (printed ?? text));
}

function mark(shop: Shop, job: Extract<DeskJob, { kind: 'markRefund' }>): Done {
  const txn = shop.journal.txn(job.id);
  if (!txn || KIND_RULES[txn.kind].act !== 'refund') return refused('F21.state');
  const before = viewOfTxn(booksOf(shop), txn);
  if (!mayEnter(before.state, job.state)) return refused('F21.state');
  const life = shop.journal.appendLife(now(shop), {
    id: txn.id,
    state: job.state,
    source: 'supervisor',
    by: SUPERVISOR,
    ...(job.reference === '' ? {} : { reference: job.reference }),
  });
  if (!life.ok) return { ...refused('F21.state'), fault: life.fault };
  return { ...done('ok'), refunds: [viewOfTxn(booksOf(shop), txn)] };
}

function statusSlip(shop: Shop, refund: RefundView): StatusSlip {
  const { profile, lang } = shop;
  const original = refund.originalId === undefined ? undefined : shop.journal.txn(refund.originalId);
  const at = original && shop.hal.clock.local(original.atMs);
  const { zh, en } = refund.answer;
  const account = profile.texts.words[`account.${refund.card}`][lang];
  return {
    kind: 'status',
    merchantName: profile.merchant.name[lang],
    tracking: refund.tracking,
    amountMinor: refund.amountMinor,
    ...(original && at
      ? { original: { date: `${digits(at.month, 2)}/${digits(at.day, 2)}`, amountMinor: original.amountMinor } }
      : {}),
    maskedPan: refund.masked,
    channel: `${profile.texts.words[`channel.${refund.channel}`][lang]} ${account}`.trim(),
    state: { zh: zh.tag, en: en.tag },
    ...(refund.reference === '' ? {} : { reference: refund.reference }),
    due: refund.due[lang],
    say: { zh: [zh.line2, zh.line3], en: [en.line2, en.line3] },
    over: refund.state === 'VOIDED' || isRefundOver(refund.state),
    at: shop.hal.clock.local(now(shop)),
    servicePhone: profile.merchant.servicePhone,
  };
}

/** Masked numbers lose all stars but four, so that refund and sale fit beside each other. */
const short = (masked: string): string => masked.replace(/\*+/, '****');

function compare(shop: Shop, id: number): Done {
  const txn = shop.journal.txn(id);
  if (!txn || KIND_RULES[txn.kind].act !== 'refund') return refused('F20.notSent');
  if (txn.state !== 'approved' && txn.state !== 'unknown') return refused('F20.notSent');
  const saleId = txn.intent.original?.txnId;
  const local = (ms: number) => shop.hal.clock.local(ms);
  const two = (n: number): string => digits(n, 2);
  const rows = sideBySide(txn, saleId === undefined ? undefined : shop.journal.txn(saleId), {
    amount: minor => formatAmount(minor),
    time: ms => {
      const at = local(ms);
      return `${two(at.month)}/${two(at.day)} ${two(at.hour)}:${two(at.minute)}:${two(at.second)}`;
    },
    day: ms => {
      const at = local(ms);
      return `${at.year}${two(at.month)}${two(at.day)}`;
    },
  });
  const compared: SideView[] = rows.map(row =>
    row.what === 'card' ? { ...row, refund: short(row.refund), original: short(row.original) } : row,
  );
  return { ...done('ok'), compared };
}

function openCase(shop: Shop, job: Extract<DeskJob, { kind: 'openCase' }>): Done {
  const { journal, profile } = shop;
  const txn = journal.txn(job.id);
  if (!txn || KIND_RULES[txn.kind].act !== 'refund') return refused('F20.notSent');
  const opened = journal.openCase(now(shop), newCase(txn, job.type, profile.policy, now(shop), SUPERVISOR));
  return { ...done('ok'), cases: [caseView(journal, opened, now(shop))] };
}

function cases(shop: Shop): Done {
  const open = shop.journal.cases('open');
  if (open.length === 0) return refused('F20.noCase');
  return { ...done('ok'), cases: open.map((one): CaseView => caseView(shop.journal, one, now(shop))) };
}

function* printCase(shop: Shop, id: number): Task<Done> {
  const { journal, profile, lang } = shop;
  const one = journal.case(id);
  if (!one) return refused('F20.noCase');
  const view = caseView(journal, one, now(shop));
  const { txn } = aboutOf(journal, one);
  const saleId = txn?.intent.original?.txnId;
  const paid = saleId === undefined ? undefined : journal.txn(saleId)?.intent.card?.masked;
  const words = profile.texts.words;
  return yield* printNew(
    shop,
    {
      kind: 'case',
      ...shopOf(shop),
      number: view.number,
      tracking: view.tracking,
      type: words[`caseType.${one.type}`][lang],
      amountMinor: view.amountMinor,
      ...(paid === undefined ? {} : { rightPan: paid }),
      ...(txn?.intent.card === undefined ? {} : { wrongPan: txn.intent.card.masked }),
      operator: one.operator,
      ...(txn?.intent.approver === undefined ? {} : { approver: txn.intent.approver }),
      by: one.by ?? SUPERVISOR,
      at: shop.hal.clock.local(one.atMs),
      owner: words[`owner.${one.owner}`][lang],
      due: shop.hal.clock.local(one.dueMs),
      frozen: journal.refundsFrozen() !== undefined,
      ...(view.reference === '' ? {} : { reference: view.reference }),
      servicePhone: profile.merchant.servicePhone,
      anchor: journal.anchor(),
    },
    'case',
    'merchant',
    undefined,
  );
}

function note(shop: Shop, id: number, entry: Parameters<Shop['journal']['noteCase']>[2]): Done {
  const noted = shop.journal.noteCase(now(shop), id, entry);
  return noted.ok ? done('ok') : { ...refused('F20.noCase'), fault: noted.fault };
}

/** The sale of which money goes back by another way, with what is left of it. */
function sale(shop: Shop, id: number): Done {
  const txn = shop.journal.txn(id);
  if (!txn) return refused('E02');
  if (KIND_RULES[txn.kind].act !== 'sale') return refused('E05');
  if (txn.state === 'voided') return refused('E03');
  if (txn.state !== 'approved') return refused('E80');
  const record = recordView(shop, txn);
  return record.remainingMinor > 0 ? { ...done('ok'), record } : refused('E04');
}

function external(shop: Shop, job: Extract<DeskJob, { kind: 'recordExternal' }>): Done {
  const { journal } = shop;
  const txn = journal.txn(job.originalId);
  if (!txn) return refused('E02');
  const written = journal.recordExternal(now(shop), {
    original: originalOf(txn),
    amountMinor: job.amountMinor,
    method: job.method,
    proof: job.proof,
    operator: shop.operator ?? SUPERVISOR,
    by: SUPERVISOR,
    note: '',
  });
  if (!written.ok) return { ...refused(promptOf(written.fault)), fault: written.fault };
  if (job.caseId !== undefined)
    journal.noteCase(now(shop), job.caseId, {
      what: 'remedy',
      method: 'external',
      amountMinor: job.amountMinor,
      proof: job.proof,
      by: SUPERVISOR,
      note: '',
    });
  return { ...done('ok'), record: recordView(shop, txn) };
}

const originalOf = (txn: Txn) => ({
  txnId: txn.id,
  batch: txn.batch,
  trace: txn.trace,
  ...(txn.answer?.hostDate === undefined ? {} : { dateMmdd: txn.answer.hostDate }),
  ...(txn.answer?.reference === undefined ? {} : { reference: txn.answer.reference }),
});

/** Nothing of a settlement under way may change; the totals count what stands. */
function endReversal(shop: Shop, job: Extract<DeskJob, { kind: 'resolveReversal' }>): Done {
  const { journal } = shop;
  if (journal.openSettlement()) return refused('E77');
  const ended = journal.resolveReversal(now(shop), job.id, {
    by: SUPERVISOR,
    entry: {
      result: job.stands ? 'approved' : 'reversed',
      reference: job.reference,
      note: job.stands ? 'stands, says the acquirer' : 'reversed, says the acquirer',
    },
  });
  if (!ended.ok) return { ...refused('E78'), fault: ended.fault };
  return { ...done('ok'), record: recordView(shop, journal.txn(job.id) ?? ended.value.txn) };
}
