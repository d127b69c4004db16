import type { Journal } from '../../src/journal/journal.ts';
import type { Seen } from './message.ts';
import type { Mood } from './network.ts';

/** How many faults of one history are told. */
const FOUND_MAX = 5;
/** Kinds of transaction that have a reversal. */
const REVERSED = new Set(['sale', 'void', 'qrSale']);
/** Batch and voucher of a sale, void or refund as they stand in one line of its slip. */
const VOUCHERS = /(?:BATCH|批次号): *([0-9]{6}) +(?:VOUCHER|凭证号): *([0-9]{6})/g;
const REASONS = new Set(['98', 'A0', '96', '06']);

/**
 * Looks at what leaves the counter, at the moment when it leaves: requests, screens, paper. What the journal must hold
 * before that is asked of the journal, what a request says is read by an eye of its own.
 */
export class Eyes {
  readonly found: string[] = [];
  /** Sales, voids and refunds that people have seen approved, by batch and trace. */
  readonly seenApproved = new Set<string>();
  /** Requests by batch and trace: message type and 60.1 of the first that used the number. */
  readonly sent = new Map<string, { readonly name: string; readonly amountMinor: number }>();
  private readonly journal: () => Journal | undefined;
  private step = '';
  /** The sale, void or refund that went out last. */
  private asked = { trace: 0, batch: 0 };

  constructor(journal: () => Journal | undefined) {
    this.journal = journal;
  }

  report(what: string): void {
    if (this.found.length < FOUND_MAX) this.found.push(what);
  }

  /** A request is handed to the network. */
  sends(seen: Seen): void {
    const journal = this.journal();
    if (!journal) return this.report(`${seen.mti} sent by a program that has no journal`);
    const { mti, type, trace, batch } = seen;
    if (trace === '') return;
    const key = `${batch}/${trace}`;
    const name = `${mti}/${type}`;
    const first = this.sent.get(key);
    // 0200 with 61 asks about a scanned payment.
    const money = (mti === '0200' && type !== '61') || mti === '0220';
    if (money || mti === '0500') {
      const owed = journal.owedReversal();
      if (owed) this.report(`${mti} ${key} goes out while the reversal of ${owed.txn.trace} is owed`);
    }
    if (mti === '0400') {
      // The original itself may never have gone out: the program ended between the commit and the sending.
      const original = journal.byVoucher(Number(trace), Number(batch));
      if (!original || !REVERSED.has(original.kind))
        this.report(`a reversal of ${key}, which is ${original?.kind ?? 'unknown'} in the journal`);
      else if (original.requestedMinor !== seen.amountMinor)
        this.report(`the reversal of ${key} is over ${seen.amountMinor}, not over ${original.requestedMinor}`);
      if (!REASONS.has(seen.code)) this.report(`the reversal of ${key} has the reason ${seen.code}`);
      if (first && first.name !== `0200/${type}`) this.report(`the reversal of ${key} has 60.1 = ${type}`);
      return;
    }
    // A batch item keeps the trace of its transaction, and so does what has no reversal and is sent again.
    if (mti === '0320' && first) return;
    const again = name === '0220/25' || (name === '0200/23' && seen.entry === '03');
    if (first && !(again && first.name === name && first.amountMinor === seen.amountMinor))
      return this.report(`trace ${key} of ${first.name} is used again by ${name}`);
    if (!first) this.sent.set(key, { name, amountMinor: seen.amountMinor });
    if (!money) return;
    this.asked = { trace: Number(trace), batch: Number(batch) };
    const txn = journal.byVoucher(Number(trace), Number(batch));
    if (!txn) return this.report(`${name} ${key} goes out, and the journal knows nothing of it`);
    if (txn.state !== 'open') this.report(`${name} ${key} goes out, and the journal says ${txn.state}`);
    if (txn.requestedMinor !== seen.amountMinor)
      this.report(`${name} ${key} goes out over ${seen.amountMinor}, the journal holds ${txn.requestedMinor}`);
    if (first && txn.resends === 0) this.report(`${name} ${key} is sent again, and nobody has said so`);
  }

  /** The screen shows a step; only the first one after a job tells its outcome. */
  shows(step: string): void {
    const before = this.step;
    this.step = step;
    if (step === before) return;
    const journal = this.journal();
    if (!journal) return;
    if ((step === 'slip' || step === 'partial') && /Online$|^partialVoid$|^qr(Inquiry|Close)$/.test(before)) {
      const { trace, batch } = this.asked;
      const last = journal.byVoucher(trace, batch);
      if (last && last.state !== 'approved')
        this.report(`the screen says approved, and the journal says that ${last.trace} is ${last.state}`);
      if (last) this.seenApproved.add(`${last.period}/${last.trace}`);
    }
    if (step === 'reversed' && /Online$|^qr(Inquiry|Close)$/.test(before) && journal.counts().owed > 0)
      this.report('the screen says reversed, and a reversal is owed');
    if (step === 'refundUnknown' && /Online$/.test(before) && journal.unknownRefunds().length === 0)
      this.report('the screen says unknown refund, and the journal has none');
  }

  /** A slip comes out of the printer: what it says is on the disk. What a crash has left of another one may hang on it. */
  prints(text: string): void {
    const journal = this.journal();
    if (!journal) return;
    for (const [, batch, voucher] of text.matchAll(VOUCHERS)) {
      const txn = journal.byVoucher(Number(voucher), Number(batch));
      if (!txn) this.report(`a slip of voucher ${voucher} came out, and the journal does not know it`);
      else if (txn.state !== 'approved' && txn.state !== 'voided')
        this.report(`a slip of voucher ${voucher} came out, and the journal says ${txn.state}`);
      else this.seenApproved.add(`${txn.period}/${txn.trace}`);
    }
  }

  /**
   * A mood as an acquirer may have it that does not lie: it answers no reversal with "I never had it" that it has, and
   * no refund that is sent again with "I have it" that it has not.
   */
  honest(mood: Mood, seen: Seen): Mood {
    const code = mood.effect?.code;
    const lies =
      (seen.mti === '0400' && (code === '12' || code === '25' || code === '00')) ||
      ((seen.mti === '0220' || (seen.type === '23' && seen.entry === '03')) && code === '94');
    return lies ? { ...mood, effect: { ...mood.effect, code: '96' } } : mood;
  }
}
