import { digits } from '../../units.ts';
import { type Desk, newReference } from './desk.ts';
import { type Decision, financialFields } from './finance.ts';
import type { TxnRow } from './ledger.ts';
import type { Request } from './request.ts';

/** How long a refund to a wallet is being processed. */
const PROCESSING_MS = 60_000;
/** A refund that finds no money is closed then. */
const CLOSED_AFTER_MS = 7 * 86_400_000;

/**
 * Inquiry (60.1 = 61): 61 names batch and trace of what is asked for, 4 its amount. The answer carries 39 = 00, the state in
 * tag Q1 and, when it was refused, its code in tag Q2; of a payment also 37, 38, 13 and its order number. Each inquiry brings
 * a customer who must confirm one step on.
 */
export function handleInquiry(desk: Desk, request: Request): Decision {
  const named = request.view.text(61);
  const row = desk.ledger.txnByTrace(request.tid, request.mid, named.slice(0, 6), named.slice(6, 12));
  const fields = financialFields(desk, request, newReference(desk), undefined);
  if (row === undefined || row.state === 'tombstone') return said(fields, 'NONE', undefined);
  if (request.amountMinor >= 0 && request.amountMinor !== row.requestedMinor)
    return { code: '64', fields, note: 'amount is not the one of the original' };
  const now = row.state === 'waiting' ? decide(desk, row) : row;
  if (now.state === 'waiting') return said(fields, 'WAIT', now);
  if (now.state === 'declined') return said(fields, 'FAIL', now, now.code);
  if (now.state === 'reversed') return said(fields, 'FAIL', now);
  const found = { ...fields, '37': now.reference, '38': now.authCode, '13': now.hostDate };
  return said(found, now.kind === 'refund' ? refundState(desk, now) : 'PAID', now);
}

function said(fields: Record<string, string>, state: string, row: TxnRow | undefined, code = ''): Decision {
  const chain = tag('A4', row?.voucher ?? '') + tag('Q1', state) + tag('Q2', code);
  const what = row === undefined ? 'nothing known' : `${row.kind} ${row.trace}: ${state}`;
  return { code: '00', fields: { ...fields, '59': chain }, note: what };
}

function tag(name: string, value: string): string {
  return value === '' ? '' : name + digits(value.length, 3) + value;
}

/** The customer looks at the telephone once more. */
function decide(desk: Desk, row: TxnRow): TxnRow {
  if (row.course === 'never') return row;
  const inquiries = row.inquiries - 1;
  if (inquiries > 0) {
    desk.ledger.setInquiries(row.id, inquiries);
    return { ...row, inquiries };
  }
  const paid = row.course !== 'refuses';
  if (paid) desk.ledger.addToBalance(row.token, -row.amountMinor);
  const code = paid ? '00' : '05';
  const state = paid ? 'approved' : 'declined';
  desk.ledger.settleWaiting(row.id, state, code);
  return { ...row, inquiries: 0, state, code };
}

/** Where the money of an accepted refund is by now. */
export function refundState(desk: Desk, row: TxnRow): 'PROCESSING' | 'SUCCESS' | 'ABNORMAL' | 'CLOSED' | 'NOTENOUGH' {
  const age = desk.nowMs - row.atMs;
  if (row.course === 'lowBalance' && !desk.ledger.paidSince(row.mid, row.channel, row.id, row.amountMinor))
    return age < CLOSED_AFTER_MS ? 'NOTENOUGH' : 'CLOSED';
  if (age < PROCESSING_MS) return 'PROCESSING';
  if (row.course === 'abnormal') return 'ABNORMAL';
  return row.course === 'closed' ? 'CLOSED' : 'SUCCESS';
}
