import { createHash } from 'node:crypto';
import { zipSync } from 'fflate';
import type { ExactRecord, Journal, Slip, Txn } from '../../journal/journal.ts';
import { digits, formatAmount } from '../../units.ts';
import { adjustmentRequest } from './adjustment.ts';
import { timeText } from './time.ts';

/** What a pack is about, as found in the journal. */
export interface Subject {
  readonly txn?: Txn;
  /** Number of the held refund, when it was one. */
  readonly heldId?: number;
  readonly original?: Txn;
  /** Transactions, holds, cases and slips whose records belong to it. */
  readonly ids: readonly number[];
}

/** Paper that carries an anchor: a settlement slip printed after all records of the subject. */
export interface PaperAnchor {
  readonly slip: Slip;
  readonly anchor: string;
  /** Number of the record that the anchor belongs to. */
  readonly seq: number;
}

/** A made pack. */
export interface Pack {
  readonly bytes: Uint8Array;
  readonly records: number;
  readonly anchor: string;
  readonly paper?: PaperAnchor;
}

const ANCHOR = /[0-9a-f]{4}(?:-[0-9a-f]{4}){3}/;
/** Fixed, so that the same records give the same pack. */
const ZIP_TIME = new Date(2000, 0, 1);

/**
 * Finds what `RF000014`, `IC000020` or the number of a transaction stands for: the refund with its original, its hold, its cases, its
 * slips and the earlier refunds of the same original. Undefined when the journal has nothing of it.
 */
export function subjectOf(journal: Journal, text: string): Subject | undefined {
  const match = /^(RF|IC)?(\d{1,12})$/i.exec(text);
  if (!match) return undefined;
  const number = Number(match[2]);
  const incident = match[1]?.toUpperCase() === 'RF' ? undefined : journal.case(number);
  if (match[1]?.toUpperCase() === 'IC' && !incident) return undefined;
  const about = incident?.about ?? number;
  const hold = journal.held(about) ?? journal.holdOfTxn(about);
  const txn = journal.txn(hold?.txnId ?? about);
  if (!txn && !hold) return undefined;
  const originalId = txn?.intent.original?.txnId ?? hold?.original.txnId;
  const original = originalId === undefined ? undefined : journal.txn(originalId);
  const ids = new Set<number>();
  for (const id of [txn?.id, hold?.id, original?.id]) if (id !== undefined) ids.add(id);
  for (const one of journal.cases()) if (ids.has(one.about)) ids.add(one.id);
  for (const id of [...ids]) for (const slip of journal.slipsOf(id)) ids.add(slip.id);
  return {
    ids: [...ids],
    ...(txn ? { txn } : {}),
    ...(hold ? { heldId: hold.id } : {}),
    ...(original ? { original } : {}),
  };
}

/** When the records of a subject were written, milliseconds since 1970. */
export function timesOf(journal: Journal, subject: Subject): number[] {
  return journal.recordsNaming(subject.ids).map(seq => journal.exactRecord(seq).atMs);
}

/** The first settlement slip after record `seq`, whose anchor covers it. */
function paperAfter(journal: Journal, seq: number): PaperAnchor | undefined {
  for (const slip of journal.slipsOfKind('settlement', seq)) {
    const anchor = slip.lines.map(line => ANCHOR.exec(line)?.[0]).find(found => found !== undefined);
    const found = anchor === undefined ? [] : journal.recordsOfAnchor(anchor.replaceAll('-', ''));
    if (anchor !== undefined && found.length === 1 && found[0].seq >= seq) return { slip, anchor, seq: found[0].seq };
  }
  return undefined;
}

/** Makes the pack: a zip without compression, so that 30 lines of any language can read it. */
export function makePack(
  journal: Journal,
  subject: Subject,
  extra: { readonly version: string; readonly verifier: string; readonly traceLines?: readonly string[] },
): Pack {
  const seqs = new Set(journal.recordsNaming(subject.ids));
  const [firstSeq] = seqs;
  for (const seq of [...seqs]) {
    const policy = journal.policySeqAt(seq);
    if (policy !== undefined && seq === (subject.txn?.id ?? subject.heldId)) seqs.add(policy);
  }
  const ordered = [...seqs].sort((a, b) => a - b);
  const last = ordered[ordered.length - 1] ?? firstSeq;
  const paper = paperAfter(journal, last);
  const chain = journal.chainLinks(ordered[0], paper?.seq ?? journal.headSeq);
  const records = ordered.map(seq => journal.exactRecord(seq));
  const anchor = paper?.anchor ?? journal.anchor();
  const files = new Map<string, string>();
  files.set('summary.txt', summary(journal, subject, records, anchor, paper));
  files.set('adjustment-request.txt', adjustmentRequest(journal, subject, anchor));
  files.set('chain.json', `${JSON.stringify(chain)}\n`);
  files.set('verify-evidence.mjs', extra.verifier);
  for (const record of records) {
    files.set(`records/${digits(record.seq, 6)}.json`, `${JSON.stringify(record)}\n`);
    if (record.kind !== 'slip') continue;
    const { lines } = JSON.parse(record.body) as { lines: string[] };
    files.set(`slips/${digits(record.seq, 6)}.txt`, `${lines.join('\n')}\n`);
  }
  if (extra.traceLines) files.set('trace.jsonl', `${extra.traceLines.join('\n')}\n`);
  const manifest = {
    format: 1,
    software: `pos8583 ${extra.version}`,
    subject: { txn: subject.txn?.id ?? null, held: subject.heldId ?? null, original: subject.original?.id ?? null },
    anchor,
    paper: paper ? { slip: paper.slip.id, atMs: paper.slip.atMs } : null,
    files: [...files].map(([name, text]) => ({ name, sha256: createHash('sha256').update(text).digest('hex') })),
  };
  const manifestText = `${JSON.stringify(manifest, null, 1)}\n`;
  const sums = [
    ['manifest.json', manifestText],
    ['manifest.sha256', `${createHash('sha256').update(manifestText).digest('hex')}\n`],
  ] as const;
  const bytes = zipSync(
    Object.fromEntries([...sums, ...files].map(([name, text]) => [name, new TextEncoder().encode(text)])),
    { level: 0, mtime: ZIP_TIME },
  );
  return { bytes, records: records.length, anchor, ...(paper ? { paper } : {}) };
}

/** For people: original and refund side by side, then everything in order. Derived from the records, which alone prove. */
function summary(
  journal: Journal,
  subject: Subject,
  records: readonly ExactRecord[],
  anchor: string,
  paper: PaperAnchor | undefined,
): string {
  const { txn, original } = subject;
  const lines = ['证据包 EVIDENCE PACK', ''];
  const row = (name: string, a: string, b: string): void => {
    lines.push(
      `${name.padEnd(14)}${a.padEnd(24)}${b.padEnd(24)}${a !== '' && b !== '' && a !== b ? '!' : ''}`.trimEnd(),
    );
  };
  row('', 'original', 'refund / void');
  const facts = (of: Txn | undefined): readonly string[] =>
    of
      ? [
          String(of.id),
          timeText(of.atMs),
          formatAmount(of.amountMinor),
          of.intent.card?.masked ?? of.intent.channel ?? '',
          of.intent.operator,
          `${digits(of.batch, 6)}/${digits(of.trace, 6)}`,
          of.answer?.reference ?? '',
          of.state,
        ]
      : Array.from({ length: 8 }, () => '');
  const [left, right] = [facts(original), facts(txn)];
  for (const [i, name] of [
    'number',
    'time',
    'amount',
    'card',
    'operator',
    'batch/voucher',
    'reference',
    'state',
  ].entries())
    row(name, left[i], right[i]);
  if (original) lines.push('', `still refundable: ${formatAmount(journal.refundable(original.id))}`);
  lines.push('', 'Records in order:');
  for (const record of records) lines.push(`  ${digits(record.seq, 6)}  ${timeText(record.atMs)}  ${record.kind}`);
  lines.push(
    '',
    `Anchor 账本锚: ${anchor}`,
    paper
      ? `It is printed on the settlement slip of ${timeText(paper.slip.atMs)} (record ${paper.slip.id}).`
      : 'No settlement slip has been printed since: make the pack again after the next settlement to have it on paper.',
    '',
    'To check: node verify-evidence.mjs <this zip> <anchor on the paper>',
    '',
  );
  return lines.join('\n');
}
