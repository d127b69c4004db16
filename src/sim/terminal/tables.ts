import { createHash } from 'node:crypto';
import { Refusal, decimal, fromHex, latin1 } from './command.ts';
import { Stat } from './status.ts';

/** Whole record lengths that the ABECS table format knows, by record kind: AID, public key, revoked certificate. */
const RECORD_LENGTHS: Readonly<Record<string, readonly number[]>> = { '1': [284, 314, 340], '2': [611], '3': [26] };
/** What the characters of a record are, after length, kind, acquirer and number. */
const RECORD_BODIES: Readonly<Record<string, RegExp>> = {
  '1': body(
    ...[
      'N2',
      'H32',
      'N2',
      'A16',
      'N2',
      'H12',
      'N7',
      'A15',
      'N4',
      'A8',
      'H16',
      'N2',
      'H38',
      'A1',
      'N2',
      'H28',
      'N1',
      'H80',
    ],
    ...['A8', '(?:', 'H30', '(?:', 'H6', 'N1', 'H18', 'N1', ')?', ')?'],
  ),
  '2': body('H12', 'N3', 'H6', 'N3', 'H496', 'N1', 'H40', 'N42'),
  '3': body('H18'),
};

function body(...fields: readonly string[]): RegExp {
  const classes: Readonly<Record<string, string>> = { N: '\\d', H: '[0-9A-Fa-f]', A: '[ -~]' };
  const part = (field: string): string =>
    Object.hasOwn(classes, field[0]) ? `${classes[field[0]]}{${field.slice(1)}}` : field;
  return new RegExp(`^\\d{6}[ -~]{2}${fields.map(part).join('')}$`);
}

interface Load {
  readonly acquirer: string;
  readonly version: string;
  readonly records: string[];
}

/** EMV tables, loaded in three steps (TLI, TLR, TLE). The old ones stay in force until TLE. */
export class Tables {
  private version = '          ';
  private records: readonly string[] = [];
  private load: Load | undefined;

  /** Table version that GIX reports for every acquirer, ten characters. */
  get currentVersion(): string {
    return this.version;
  }

  /** TLI: opens a load; true when `version` differs from the one in force. */
  open(acquirer: string, version: string): boolean {
    this.load = { acquirer, version, records: [] };
    return version !== this.version;
  }

  /** TLR: `count(2)` and that many records. A wrong record ends the load with 021. */
  add(block: Uint8Array): void {
    const load = this.opened();
    const text = latin1(block);
    let at = 2;
    for (let left = decimal(block, 0, 2); left > 0; left--) {
      const length = decimal(block, at, 3);
      const record = text.slice(at, at + length);
      if (length < 0 || record.length !== length || !RECORD_LENGTHS[record[3]]?.includes(length))
        this.refuse(`record at ${at} is not right`);
      if (!RECORD_BODIES[record[3]].test(record) || (record[3] === '2' && !keySumRight(record)))
        this.refuse(`record at ${at} holds what does not belong there`);
      load.records.push(record);
      at += length;
    }
    if (at !== text.length || text.length < 2) this.refuse('number of records and bytes do not agree');
  }

  /** TLE: the loaded records replace those of the same acquirer (00 = of all). */
  end(): void {
    const load = this.opened();
    const kept = load.acquirer === '00' ? [] : this.records.filter(record => record.slice(4, 6) !== load.acquirer);
    this.records = [...kept, ...load.records];
    this.version = load.version;
    this.load = undefined;
  }

  drop(): void {
    this.load = undefined;
  }

  /** The records in force, in the order of their load. */
  get content(): readonly string[] {
    return this.records;
  }

  get empty(): boolean {
    return this.records.length === 0;
  }

  /** `acquirer(2) record(2) application type(2)` of the AID record that fits `aid` (hex), or undefined. */
  find(aid: string): string | undefined {
    for (const record of this.records) {
      if (record[3] !== '1') continue;
      const length = Number(record.slice(8, 10));
      if (aid.toUpperCase().startsWith(record.slice(10, 10 + 2 * length).toUpperCase()))
        return record.slice(4, 8) + record.slice(42, 44);
    }
    return undefined;
  }

  private opened(): Load {
    if (!this.load) throw new Refusal(Stat.invalidCall, 'no table load is open');
    return this.load;
  }

  private refuse(what: string): never {
    this.load = undefined;
    throw new Refusal(Stat.tableError, what);
  }
}

/** Checks the SHA-1 over RID, index, modulus and exponent of a key record, where it says that it has one. */
function keySumRight(record: string): boolean {
  if (record[528] !== '1') return true;
  const exponent = record.slice(23, 23 + 2 * Number(record[22]));
  const modulus = record.slice(32, 32 + 2 * Number(record.slice(29, 32)));
  const bytes = fromHex(record.slice(8, 20) + modulus + exponent);
  if (bytes === undefined || modulus.length > 496 || exponent.length > 6) return false;
  return createHash('sha1').update(bytes).digest('hex') === record.slice(529, 569).toLowerCase();
}
