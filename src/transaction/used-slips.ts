import { failed, fault, ok, type Result } from '../fault.ts';
import { type SigningKey, verifySignature } from '../security/signature.ts';
import { AMOUNT_MINOR_MAX } from '../units.ts';

/** Money that one terminal gave back for a slip: its own or that of another terminal. */
export interface UsedSlip {
  /** Record number at the terminal that gave it back; with its signer it names the refund once for ever. */
  readonly record: number;
  readonly act: 'refund' | 'void';
  /** Reference number (data element 37) and date YYMMDD of the original. */
  readonly reference: string;
  readonly date: string;
  readonly amountMinor: number;
}

/** The whole list of one terminal. A newer list of the same signer takes the place of an older one. */
export interface UsedList {
  /** Terminal number, 8 characters. */
  readonly terminal: string;
  /** Short name of the key that signed it. */
  readonly signer: string;
  /** Newest record of the journal when the list was made: the larger one is the newer list. */
  readonly upTo: number;
  readonly madeAtMs: number;
  readonly slips: readonly UsedSlip[];
}

/** Most slips of one list: a year of a busy counter. */
export const USED_SLIPS_MAX = 50_000;

const FORMAT = 'pos8583 used slips 1';

/**
 * A list as a JSON file, signed: members `format`, `terminal`, `signer`, `upTo`, `madeAtMs`, `slips` (rows of record, act,
 * reference, date, amount in minor units) and `signature` (Ed25519 over the JSON without it, hex). No card data is in it.
 */
export function usedListText(list: Omit<UsedList, 'signer'>, key: SigningKey): string {
  const body = bodyOf({ ...list, signer: key.signer });
  const signature = hexOf(key.sign(bytesOf(body)));
  return `${JSON.stringify({ ...body, signature }).replaceAll('],[', '],\n[')}\n`;
}

/**
 * Reads a list and checks its signature; `publicKey` finds the key of a signer. Faults: `used-list-form` (no such file, or cut
 * off), `used-list-signature` (changed after it was signed), and those of `publicKey`.
 */
export function readUsedList(text: string, publicKey: (signer: string) => Result<Uint8Array>): Result<UsedList> {
  const parsed = parse(text);
  if (!parsed)
    return failed(
      fault(
        'E_ILLEGAL',
        'used-list-form',
        'this is no whole list of used slips',
        'Export it again and copy the whole file',
      ),
    );
  const { list, signature } = parsed;
  const key = publicKey(list.signer);
  if (!key.ok) return key;
  if (verifySignature(key.value, bytesOf(bodyOf(list)), signature)) return ok(list);
  return failed(
    fault(
      'E_ILLEGAL',
      'used-list-signature',
      `the list of terminal ${list.terminal} does not agree with its signature`,
      'It was changed on the way: export it again',
    ),
  );
}

/** What other terminals gave back for the sale of `reference` and `date` (YYMMDD), out of their lists. */
export function usedElsewhere(
  lists: readonly UsedList[],
  ownSigner: string,
  reference: string,
  date: string,
): { readonly refundedMinor: number; readonly refunds: number; readonly voided: boolean } {
  let refundedMinor = 0;
  let refunds = 0;
  let voided = false;
  for (const list of lists) {
    if (list.signer === ownSigner) continue;
    for (const slip of list.slips) {
      if (slip.reference !== reference || slip.date !== date) continue;
      if (slip.act === 'void') voided = true;
      else {
        refundedMinor += slip.amountMinor;
        refunds++;
      }
    }
  }
  return { refundedMinor, refunds, voided };
}

type Row = readonly [record: number, act: 'refund' | 'void', reference: string, date: string, amountMinor: number];

interface Body {
  readonly format: string;
  readonly terminal: string;
  readonly signer: string;
  readonly upTo: number;
  readonly madeAtMs: number;
  readonly slips: readonly Row[];
}

function bodyOf(list: UsedList): Body {
  const slips = list.slips.map((s): Row => [s.record, s.act, s.reference, s.date, s.amountMinor]);
  const { terminal, signer, upTo, madeAtMs } = list;
  return { format: FORMAT, terminal, signer, upTo, madeAtMs, slips };
}

const bytesOf = (body: Body): Uint8Array => new TextEncoder().encode(JSON.stringify(body));

function parse(text: string): { list: UsedList; signature: Uint8Array } | undefined {
  let file: Record<string, unknown>;
  try {
    file = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
  if (typeof file !== 'object' || file === null || file.format !== FORMAT) return undefined;
  const { terminal, signer, upTo, madeAtMs, slips, signature } = file;
  if (
    !isText(terminal, /^[ -~]{8}$/) ||
    !isText(signer, /^[0-9a-f]{8}$/) ||
    !isText(signature, /^[0-9a-f]{128}$/) ||
    !isNumber(upTo, Number.MAX_SAFE_INTEGER) ||
    !isNumber(madeAtMs, Number.MAX_SAFE_INTEGER) ||
    !Array.isArray(slips) ||
    slips.length > USED_SLIPS_MAX
  )
    return undefined;
  const rows = slips.map(slipOf);
  if (!rows.every(row => row !== undefined)) return undefined;
  return {
    list: { terminal, signer, upTo, madeAtMs, slips: rows },
    signature: Uint8Array.from(signature.match(/../g) ?? [], pair => Number.parseInt(pair, 16)),
  };
}

function slipOf(row: unknown): UsedSlip | undefined {
  if (!Array.isArray(row) || row.length !== 5) return undefined;
  const [record, act, reference, date, amountMinor] = row as readonly unknown[];
  const right =
    isNumber(record, Number.MAX_SAFE_INTEGER) &&
    (act === 'refund' || act === 'void') &&
    isText(reference, /^[ -~]{1,12}$/) &&
    isText(date, /^\d{6}$/) &&
    isNumber(amountMinor, AMOUNT_MINOR_MAX);
  return right ? { record, act, reference, date, amountMinor } : undefined;
}

const isText = (value: unknown, form: RegExp): value is string => typeof value === 'string' && form.test(value);
const isNumber = (value: unknown, max: number): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= max;

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
