import { maskPan } from '../../card/mask.ts';
import { ACQUIRER_ID, type Desk, newReference, mmdd, tokenOf } from './desk.ts';
import { type Decision, financialFields } from './finance.ts';
import type { TerminalRow, Totals, TxnRow, UploadItem } from './ledger.ts';
import type { Request } from './request.ts';
import { digits } from '../../units.ts';
import { uploadDifferences } from './statement.ts';

/** Digits of one block of field 48: debit amount 12, count 3, credit amount 12, count 3, flag 1. */
const BLOCK_DIGITS = 31;
/** Digits of one batch detail: organisation 2, trace 6, card number 20, amount 12. */
const DETAIL_DIGITS = 40;
/** Details that one 0320 holds at most. */
const DETAILS_MAX = 8;
const BATCH_MAX = 999_999;

const BALANCED = '1';
const UNBALANCED = '2';
const REFUSED = '3';

/**
 * Settlement request 0500: compares the terminal's totals with the books, block by block. The answer repeats the totals with a flag in
 * digits 31 and 62: 1 balanced, 2 not, 3 refused (`refused` says why, e.g. a wrong batch). It has no field 39.
 */
export function handleSettle(desk: Desk, request: Request, refused: string): Decision {
  const asked = request.view.text(48);
  const wellFormed = /^[0-9]{62}$/.test(asked);
  const why = refused || (wellFormed ? '' : 'field 48 has not 62 digits');
  const blocks = wellFormed
    ? [asked.slice(0, BLOCK_DIGITS - 1), asked.slice(BLOCK_DIGITS, 2 * BLOCK_DIGITS - 1)]
    : ['', ''].map(text => text.padEnd(BLOCK_DIGITS - 1, '0'));
  const fields = (flags: readonly string[]): Record<string, string> => ({
    '15': mmdd(desk.now),
    '32': ACQUIRER_ID,
    '37': newReference(desk),
    '48': blocks.map((block, i) => block + flags[i]).join(''),
    '49': '156',
    ...(request.view.has(63) ? { '63': request.view.text(63) } : {}),
  });
  if (why !== '') return { code: undefined, fields: fields([REFUSED, REFUSED]), note: `refused: ${why}` };
  const flags = (['CUP', 'foreign'] as const).map((organisation, i) => {
    const booked = totalsText(desk.ledger.totals(request.tid, request.mid, request.batch, organisation));
    return booked === blocks[i] ? BALANCED : UNBALANCED;
  });
  desk.ledger.putSettlement({
    tid: request.tid,
    mid: request.mid,
    batch: request.batch,
    state: 'requested',
    flagCup: flags[0],
    flagForeign: flags[1],
    announced: -1,
  });
  return {
    code: undefined,
    fields: fields(flags),
    note: flags.every(flag => flag === BALANCED) ? 'balanced' : 'not balanced',
  };
}

/** Batch upload 0320: magnetic details, certificates of chip transactions, notices. What was taken before is answered 94. */
export function handleUpload(desk: Desk, request: Request): Decision {
  if (desk.ledger.settlement(request.tid, request.mid, request.batch)?.state !== 'requested')
    return { code: '12', fields: uploadFields(desk, request), note: 'no settlement was requested for this batch' };
  const items = request.word === 'detail' ? detailsOf(desk, request) : [singleItem(desk, request)];
  if (items === undefined)
    return { code: '30', fields: uploadFields(desk, request), note: 'field 48 is no list of details' };
  const taken = items.filter(item => desk.ledger.addUpload(item)).length;
  const unknown = items.filter(item => !item.matched).length;
  return {
    code: taken > 0 || items.length === 0 ? '00' : '94',
    fields: uploadFields(desk, request),
    note: `${taken} of ${items.length} items new${unknown > 0 ? `, ${unknown} not in the books` : ''}`,
  };
}

/**
 * Batch end 0320 with 207 (balanced) or 202: closes the batch and opens the next, whose number the next sign-on answer carries. Repeated
 * for a closed batch: 00 again.
 */
export function handleBatchEnd(desk: Desk, request: Request, terminal: TerminalRow): Decision {
  const { ledger } = desk;
  const { tid, mid, batch } = request;
  const text = request.view.text(48);
  const fields = { ...uploadFields(desk, request), '48': text };
  const row = ledger.settlement(tid, mid, batch);
  if (row?.state === 'closed') return { code: '00', fields, note: 'batch is closed already' };
  if (batch !== digits(terminal.batch, 6)) return { code: '77', fields, note: `the open batch is ${terminal.batch}` };
  if (row === undefined) return { code: '12', fields, note: 'no settlement was requested for this batch' };
  const announced = Number(text.slice(0, 4));
  const { count, unmatched } = ledger.uploads(tid, mid, batch);
  ledger.putSettlement({ ...row, state: 'closed', announced });
  ledger.putTerminal({ ...terminal, batch: terminal.batch === BATCH_MAX ? 1 : terminal.batch + 1 });
  const balanced = row.flagCup === BALANCED && row.flagForeign === BALANCED;
  const remarks = [
    announced === count ? '' : `, but ${count} items came and ${announced} were announced`,
    balanced === (request.info60 === '207') ? '' : `, but ${request.info60} does not suit the totals`,
    unmatched === 0 ? '' : `, ${unmatched} items not in the books`,
  ];
  return {
    code: '00',
    fields,
    note: `batch closed${remarks.join('')}`,
    // Only an unbalanced batch was uploaded as a whole.
    ...(balanced ? {} : { remarks: uploadDifferences(ledger.db, tid, mid, batch) }),
  };
}

function totalsText(totals: Totals): string {
  return (
    digits(totals.debitMinor, 12) +
    digits(totals.debitCount, 3) +
    digits(totals.creditMinor, 12) +
    digits(totals.creditCount, 3)
  );
}

function uploadFields(desk: Desk, request: Request): Record<string, string> {
  const reference = newReference(desk);
  if (request.word === 'notice') return financialFields(desk, request, reference, undefined);
  const fields: Record<string, string> = { '32': ACQUIRER_ID, '37': reference };
  if (request.word === 'certificate' || request.word === 'failed')
    for (const field of [2, 4, 23]) if (request.view.has(field)) fields[String(field)] = request.view.text(field);
  return fields;
}

/** Items of field 48: count n2, then 40 digits each; undefined when it is no such list. */
function detailsOf(desk: Desk, request: Request): UploadItem[] | undefined {
  const text = request.view.text(48);
  const count = Number(text.slice(0, 2));
  if (!/^[0-9]*$/.test(text) || count < 1 || count > DETAILS_MAX || text.length !== 2 + count * DETAIL_DIGITS)
    return undefined;
  const items: UploadItem[] = [];
  for (let at = 2; at < text.length; at += DETAIL_DIGITS) {
    const pan = text.slice(at + 8, at + 28).replace(/^0+/, '');
    items.push(itemOf(desk, request, 'detail', text.slice(at + 2, at + 8), pan, Number(text.slice(at + 28, at + 40))));
  }
  return items;
}

function singleItem(desk: Desk, request: Request): UploadItem {
  const sort = request.word === 'certificate' || request.word === 'failed' ? request.word : 'notice';
  return itemOf(desk, request, sort, request.trace, request.view.text(2), request.amountMinor);
}

function itemOf(
  desk: Desk,
  request: Request,
  sort: UploadItem['sort'],
  trace: string,
  pan: string,
  amountMinor: number,
): UploadItem {
  const { tid, mid, batch } = request;
  const booked = desk.ledger.txnByTrace(tid, mid, batch, trace);
  // A failed chip transaction was never approved, so the books need not know it.
  const matched =
    sort === 'failed' ||
    (booked !== undefined &&
      counts(booked) &&
      booked.amountMinor === amountMinor &&
      (pan === '' || booked.token === tokenOf(desk, pan)));
  return { tid, mid, batch, sort, trace, panMasked: maskPan(pan), amountMinor, matched };
}

function counts(row: TxnRow): boolean {
  return row.state === 'approved' || row.state === 'voided';
}
