import type { DatabaseSync } from 'node:sqlite';
import { compileFieldPlan, type FieldPlan } from '../../src/iso8583/plan.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import type { Profile } from '../../src/profile/profile.ts';
import { reversalPolicyOf } from '../../src/runtime/reversal.ts';
import { Ledger } from '../../src/sim/acquirer/ledger.ts';
import type { ShopOptions } from '../simulation/plan.ts';
import type { Random } from '../simulation/random.ts';
import { profileOf, value } from '../simulation/shop.ts';
import { MatrixDisk, mount } from './matrix-disk.ts';

const JOURNAL = 'journal.matrix';
const SEAL_KEY = new Uint8Array(32).fill(7);

/** What a settlement depends on: all that the two books hold, but for times and numbers of records. */
const BOOKS_OF_SHOP = [
  `SELECT kind, state, period, batch, trace, amount_minor, refunded_minor, organisation FROM txn ORDER BY id`,
  'SELECT state, reason, tries, last_code, released_by FROM reversal ORDER BY id',
  'SELECT name, value FROM setting ORDER BY name',
  'SELECT period, batch, stage, totals, flags, cursor, items FROM settlement ORDER BY id',
];
const BOOKS_OF_ACQUIRER = [
  'SELECT kind, state, batch, trace, amountMinor, code, organisation, original FROM txn ORDER BY id',
  'SELECT batch, signedOn, mode, mak FROM terminal ORDER BY tid',
  'SELECT * FROM settlement ORDER BY batch',
  'SELECT * FROM upload ORDER BY batch, sort, trace',
];

/** A shop with its books, in which a scenario begins again and again: the disk, the acquirer's books, the profile. */
export class Shop {
  readonly profile: Profile;
  readonly options: ShopOptions;
  readonly fields: FieldPlan;
  readonly disk = new MatrixDisk();
  readonly books = new MatrixDisk();
  readonly ledger: Ledger;
  /** Virtual time at which the preparation ended. */
  startMs = 0;
  /** Sales, voids and refunds of the preparation. */
  transactions = 0;
  /** The acquirer's totals are others than ours, and the settlement must say so. */
  unbalanced = false;

  constructor(options: ShopOptions) {
    this.options = options;
    this.profile = profileOf(options);
    this.fields = value(compileFieldPlan(this.profile.dialect, this.profile.acquirer.dialectOptions));
    this.ledger = new Ledger(this.books as unknown as DatabaseSync);
    mount(JOURNAL, this.disk);
  }

  /** The journal on this disk, as a program finds it at its start. */
  openJournal(entropy: Random): Journal {
    const reversal = reversalPolicyOf(this.profile);
    return value(openJournal({ path: JOURNAL, sealKey: SEAL_KEY, entropy, reversal }));
  }

  /** The present state is the one in which scenarios begin. */
  keep(): void {
    this.disk.keep();
    this.books.keep();
  }

  /** Back to what was kept. */
  reset(): void {
    mount(JOURNAL, this.disk);
    this.disk.back();
    this.books.back();
  }

  /** Both books as one text: equal texts go on equally. */
  state(): string {
    return JSON.stringify([
      ...BOOKS_OF_SHOP.map(sql => this.disk.prepare(sql).all()),
      ...BOOKS_OF_ACQUIRER.map(sql => this.books.prepare(sql).all()),
    ]);
  }

  end(): void {
    this.disk.end();
    this.books.end();
  }
}
