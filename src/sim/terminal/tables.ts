import { Refusal, decimal, latin1 } from './command.ts';
import { Stat } from './status.ts';

/** Whole record lengths that the ABECS table format knows, by record kind: AID, public key, revoked certificate. */
const RECORD_LENGTHS: Readonly<Record<string, readonly number[]>> = { '1': [284, 314, 340], '2': [611], '3': [26] };

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
