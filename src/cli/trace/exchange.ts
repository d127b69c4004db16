import { failed, fault, ok, type Result } from '../../fault.ts';
import type { Detection } from '../../iso8583/detect.ts';
import { Kind } from '../../trace/kinds.ts';
import type { Reading } from './reading.ts';
import { detectionOf } from './show.ts';
import type { Row } from './story.ts';

/** Messages before the one that is meant which may belong to it. */
const BEFORE_MAX = 20_000;
/** Screens after it that are told. */
const SCREENS_MAX = 2;

/** One message and everything in the capture that belongs to the same transaction. */
export interface Exchange {
  /** The message that a person named, and its fields. */
  readonly target: Row;
  readonly found: Detection;
  /** Of the transaction itself, not of its reversal; undefined when it is not in the capture. */
  readonly request: Row | undefined;
  readonly answer: Row | undefined;
  /** An answer that came after the reversal had been sent. */
  readonly late: Row | undefined;
  readonly reversals: readonly Row[];
  /** The last answer to a reversal. */
  readonly reversalAnswer: Row | undefined;
  /** All of them in order. */
  readonly rows: readonly Row[];
  /** Data element 44 of the answer. */
  readonly institutions: string;
  /** How the connection ended while the answer was awaited; only a trace of this program tells. */
  readonly closed: string | undefined;
  /** What the terminal showed afterwards; only a trace of this program tells. */
  readonly screens: readonly (readonly string[])[];
}

/** Reads to the end and takes together what belongs to message `number`. Fault `no-message`. */
export function exchangeOf(reading: Reading, number: number): Result<Exchange> {
  const before: Row[] = [];
  let target: Row | undefined;
  let found: Detection | undefined;
  let rows: Row[] = [];
  const screens: (readonly string[])[] = [];
  const institutions = new Map<number, string>();
  const closed = new Map<number, string>();
  let last: Row | undefined;
  let count = 0;
  let open = true;
  while (reading.next()) {
    if (!reading.atMessage) {
      if (target !== undefined) noteScreen(reading, screens);
      if (reading.records?.kind === Kind.hostClosed && last !== undefined && !last.answer) {
        if (closed.size > BEFORE_MAX) closed.clear();
        closed.set(last.number, reading.records.texts()[0] ?? '');
      }
      continue;
    }
    count++;
    const { row, view } = reading;
    last = row;
    if (target !== undefined) {
      if (!open || !belongs(target, row)) continue;
      // A trace number that comes round again begins another transaction.
      open = !isFirstRequest(row) || rows.every(each => isReversal(each) || each.answer);
      if (open) rows.push(row);
    } else if (row.number === number) {
      target = row;
      found = detectionOf(reading);
      rows = [...sameTransaction(before, row), row];
    } else {
      before.push(row);
      if (before.length > 2 * BEFORE_MAX) before.splice(0, BEFORE_MAX);
    }
    if (row.answer && view.has(44)) institutions.set(row.number, view.text(44));
  }
  if (target === undefined || found === undefined) {
    const cause = `there is no message ${number}: the capture has ${count}`;
    return failed(fault('E_NOEXIST', 'no-message', cause, 'pos8583 trace view lists them with their numbers'));
  }
  const request = rows.find(isFirstRequest);
  const reversals = rows.filter(row => !row.answer && isReversal(row));
  const answers = rows.filter(row => row.answer && !isReversal(row));
  const firstReversal = reversals.at(0)?.number ?? Infinity;
  const answer = answers.find(row => row.number < firstReversal);
  return ok({
    target,
    found,
    request,
    answer,
    late: answers.find(row => row.number > firstReversal),
    reversals,
    reversalAnswer: rows.findLast(row => row.answer && isReversal(row)),
    rows,
    institutions: institutions.get(answer?.number ?? 0) ?? '',
    closed: request === undefined ? undefined : closed.get(request.number),
    screens,
  });
}

/** What was before and belongs to `row`, from the request on that began it. */
function sameTransaction(before: readonly Row[], row: Row): Row[] {
  const same = before.filter(each => belongs(row, each) || (row.request > 0 && each.number === row.request));
  const first = isFirstRequest(row) ? same.length : same.findLastIndex(isFirstRequest);
  return first < 0 ? same.filter(each => each.number === row.request) : same.slice(first);
}

/** Same terminal and trace number. A message without one belongs to nothing but its own request. */
function belongs(a: Row, b: Row): boolean {
  if (b.request === a.number || (a.request > 0 && b.number === a.request)) return true;
  return a.stan !== '' && a.stan === b.stan && a.terminal === b.terminal && isMoney(a) === isMoney(b);
}

/** Sales, refunds and reversals of them share a trace number; messages of management have their own. */
const isMoney = ({ mti }: Row): boolean => /^.[124]/.test(mti);
const isReversal = ({ mti }: Row): boolean => mti[1] === '4';
/** A request that is neither a reversal nor sent for the second time. */
const isFirstRequest = (row: Row): boolean => !row.answer && !isReversal(row) && Number(row.mti[3] ?? 0) % 2 === 0;

function noteScreen({ records }: Reading, screens: (readonly string[])[]): void {
  if (records?.kind !== Kind.screen || screens.length === SCREENS_MAX) return;
  const lines = records.texts().slice(1);
  if (lines.join('\n') !== screens.at(-1)?.join('\n')) screens.push(lines);
}
