import { failed, fault, ok, type Result } from '../fault.ts';
import { AMOUNT_MINOR_MAX, digits } from '../units.ts';

/** One transaction as an acquirer's statement names it. */
export interface StatementLine {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly kind: 'sale' | 'void' | 'refund';
  /** Terminal number, 8 characters; empty when the file has no such column. */
  readonly tid: string;
  /** Six digits. */
  readonly batch: string;
  /** Six digits. */
  readonly trace: string;
  readonly amountMinor: number;
  readonly state: StatementState;
  readonly reference: string;
}

export type StatementState = 'approved' | 'voided' | 'reversed' | 'declined';

/** Words of a statement for what a transaction is and what became of it. */
const KINDS: ReadonlyMap<string, StatementLine['kind']> = new Map(
  Object.entries({
    sale: 'sale',
    消费: 'sale',
    扫码消费: 'sale',
    void: 'void',
    撤销: 'void',
    消费撤销: 'void',
    扫码撤销: 'void',
    refund: 'refund',
    退货: 'refund',
    扫码退货: 'refund',
  } as const),
);
const STATES: ReadonlyMap<string, StatementState> = new Map(
  Object.entries({
    '': 'approved',
    approved: 'approved',
    成功: 'approved',
    voided: 'voided',
    已撤销: 'voided',
    reversed: 'reversed',
    已冲正: 'reversed',
    declined: 'declined',
    失败: 'declined',
  } as const),
);

const NEEDED = ['kind', 'batch', 'trace', 'amount'] as const;
const REMEDY = 'docs/reliability.md lists the columns of a statement';

/**
 * Reads an acquirer's statement: CSV in UTF-8 (a byte order mark, CR LF and quoted values are allowed), the first line names
 * the columns in any order. Needed: `kind`, `batch`, `trace`, `amount`; used when there: `tid`, `state`, `reference`; others
 * are passed over. Amounts have two digits after the point. Fault `statement` names the line and what is wrong in it.
 */
export function parseStatement(text: string, name: string): Result<readonly StatementLine[]> {
  const wrong = (line: number, cause: string): Result<never> =>
    failed(fault('E_ILLEGAL', 'statement', `${name}, line ${line}: ${cause}`, REMEDY));
  const rows = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const head = cells(rows[0]);
  if (!head) return wrong(1, 'a quote is open at the end of the line');
  const columns = new Map(head.map((column, at) => [column.trim().toLowerCase(), at]));
  for (const column of NEEDED)
    if (!columns.has(column)) return wrong(1, `there is no column "${column}" among ${head.length}`);
  const lines: StatementLine[] = [];
  for (const [at, row] of rows.entries()) {
    if (at === 0 || row.trim() === '') continue;
    const line = at + 1;
    const values = cells(row);
    if (!values) return wrong(line, 'a quote is open at the end of the line');
    if (values.length !== head.length) return wrong(line, `${values.length} values, the first line has ${head.length}`);
    const value = (column: string): string => values[columns.get(column) ?? -1]?.trim() ?? '';
    const kind = KINDS.get(value('kind'));
    if (!kind) return wrong(line, 'the kind is none of sale, void, refund');
    const state = STATES.get(value('state'));
    if (!state) return wrong(line, 'the state is none of approved, voided, reversed, declined');
    const [batch, trace] = [value('batch'), value('trace')];
    if (!/^\d{1,6}$/.test(batch)) return wrong(line, 'the batch has not 1 to 6 digits');
    if (!/^\d{1,6}$/.test(trace)) return wrong(line, 'the trace has not 1 to 6 digits');
    const amountMinor = amountOf(value('amount'));
    if (amountMinor === undefined) return wrong(line, 'the amount is not of the form 1234.56');
    lines.push({
      line,
      kind,
      tid: value('tid'),
      batch: digits(Number(batch), 6),
      trace: digits(Number(trace), 6),
      amountMinor,
      state,
      reference: value('reference'),
    });
  }
  return ok(lines);
}

/** `1234.56` or `1,234.56` → minor units; a statement may write credits with a minus. */
function amountOf(text: string): number | undefined {
  if (!/^-?(\d+|\d{1,3}(,\d{3})+)\.\d{2}$/.test(text)) return undefined;
  const amountMinor = Number(text.replaceAll(/[-,.]/g, ''));
  return amountMinor <= AMOUNT_MINOR_MAX ? amountMinor : undefined;
}

/** Values of one line; undefined when a quote is not closed. */
function cells(row: string): string[] | undefined {
  const values: string[] = [];
  let value = '';
  let quoted = false;
  for (let at = 0; at < row.length; at++) {
    const character = row[at];
    if (quoted && character === '"' && row[at + 1] === '"') value += row[at++];
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      values.push(value);
      value = '';
    } else value += character;
  }
  values.push(value);
  return quoted ? undefined : values;
}
