import type { Patch } from './rim.ts';

/** A fault planted into the program (or into its disk), which the simulation must find. */
export interface Sabotage {
  readonly name: string;
  readonly patches?: readonly Patch[];
  /** Commits that the disk forgets at a crash. */
  readonly forgets?: number;
}

const patch = (file: string, from: string, to: string): Patch => ({ file, from, to });

/** Each breaks one law of money by one small change of the program's text while it is loaded; the files stay as they are. */
export const SABOTAGES: readonly Sabotage[] = [
  {
    name: 'journal after send',
    patches: [
      patch(
        'runtime/money.ts',
        'const begun = journal.appendIntent(hal.clock.nowMs(), intent);',
        'let begun: any = { ok: true };',
      ),
      patch(
        'runtime/money.ts',
        'return yield* book(shop, begun.value, answer, card);',
        'begun = journal.appendIntent(hal.clock.nowMs(), intent); if (!begun.ok) return failure(begun.fault);\n  return yield* book(shop, begun.value, answer, card);',
      ),
    ],
  },
  {
    name: 'outcome shown before it is durable',
    patches: [
      patch(
        'runtime/money.ts',
        '  journal.appendOutcome(hal.clock.nowMs(), txn.id, {\n    ...approved,',
        '  yield* printSlipEarly(shop, txn.id);\n  journal.appendOutcome(hal.clock.nowMs(), txn.id, {\n    ...approved,',
      ),
      patch(
        'runtime/money.ts',
        "import { printUnknownSlip } from './printing.ts';",
        "import { printUnknownSlip, printSlip as printSlipOf } from './printing.ts';\nfunction* printSlipEarly(shop: any, id: number): any { yield* printSlipOf(shop, id, 'merchant'); }",
      ),
    ],
  },
  { name: 'disk that ignores sync', forgets: 3 },
  {
    name: 'STAN used again',
    patches: [patch('journal/ledger.ts', "store.commit(() => store.append(nowMs, 'trace', { trace }));", '')],
  },
  {
    name: 'reversal dropped after its tries',
    patches: [
      patch(
        'journal/reversals.ts',
        "const state = ends ? 'done' : final || reversal.tries >= policy.triesMax ? 'held' : 'owed';",
        "const state = final || reversal.tries >= policy.triesMax ? 'done' : 'owed';",
      ),
    ],
  },
  {
    name: 'reversal not remembered across a restart',
    patches: [
      patch(
        'journal/reversals.ts',
        "for (const { id } of interrupted) store.append(nowMs, 'reversal-held', { id });",
        '',
      ),
      patch(
        'journal/reversals.ts',
        'const open = store.all("SELECT id, kind FROM txn WHERE state = \'open\' ORDER BY id");',
        "const open: any[] = []; for (const { id } of store.all(\"SELECT id FROM txn WHERE state = 'open'\")) store.commit(() => store.append(nowMs, 'outcome', { id, result: 'failed', why: 'restart' }));",
      ),
    ],
  },
  {
    name: 'old answer accepted',
    patches: [
      patch(
        'transaction/answers.ts',
        "if (sent.trace !== '' && (!answer.has(11) || answer.text(11) !== sent.trace)) return 'drop';",
        '',
      ),
    ],
  },
  {
    name: 'matched by STAN alone',
    patches: [patch('transaction/answers.ts', "if (answer.mti !== answerMti(sent.mti)) return 'drop';", '')],
  },
  {
    name: 'amount of the answer not compared',
    patches: [
      patch(
        'transaction/answers.ts',
        "if (sent.amountMinor !== undefined && !partial && answer.has(4) && answer.amountMinor(4) !== sent.amountMinor)\n    return 'mismatch';",
        '',
      ),
    ],
  },
  {
    name: 'time-out taken for a refusal',
    patches: [
      patch(
        'runtime/money.ts',
        "if (answer.kind === 'notSent') {",
        "if (answer.kind === 'notSent' || (answer.kind === 'unknown' && answer.why === 'timeout')) {",
      ),
    ],
  },
  {
    name: 'refund reversed',
    patches: [
      patch(
        'journal/money.ts',
        "refund: { act: 'refund', reversible: false, undoes: 'sale' },",
        "refund: { act: 'refund', reversible: true, undoes: 'sale' },",
      ),
    ],
  },
  {
    name: 'void of a voided sale allowed',
    patches: [
      patch(
        'journal/ledger.ts',
        "if (original.state === 'voided') return originalFault('original-voided', intent, original);\n    if (original.state !== 'approved')",
        "if (original.state !== 'approved' && original.state !== 'voided')",
      ),
      patch(
        'journal/money.ts',
        "if (original.state !== 'approved') return 0;",
        "if (original.state !== 'approved' && original.state !== 'voided') return 0;",
      ),
      patch(
        'runtime/jobs.ts',
        "if (txn.state === 'voided') return refused('E03', 'notFound');\n  if (txn.state !== 'approved')",
        "if (txn.state !== 'approved' && txn.state !== 'voided')",
      ),
    ],
  },
  {
    name: 'refunds not counted',
    patches: [
      patch(
        'journal/money.ts',
        "if (refund.state === 'approved' || refund.state === 'unknown' || refund.state === 'open')",
        "if (refund.state === 'open')",
      ),
    ],
  },
  {
    name: 'unknown refund does not lock its sale',
    patches: [
      patch(
        'journal/ledger.ts',
        "const unknown = refunds.find(refund => refund.state === 'unknown');",
        'const unknown = undefined as any;',
      ),
      patch('journal/money.ts', "refund.state === 'unknown' || ", ''),
      patch(
        'runtime/jobs.ts',
        "return shop.journal.refundsOf(sale.id).some(refund => refund.state === 'unknown');",
        'return false;',
      ),
    ],
  },
  {
    name: 'reversal with a new STAN',
    patches: [
      patch(
        'transaction/requests.ts',
        'text.set(39, reason);',
        "text.set(39, reason);\n  text.set(11, String((Number(text.get(11)) % 999999) + 1).padStart(6, '0'));",
      ),
    ],
  },
  {
    name: 'settlement in spite of an owed reversal',
    patches: [
      patch(
        'runtime/settlement.ts',
        "    const stop = stopped(shop, yield* reverseOwed(shop, 'all'));\n    if (stop) return stop;\n",
        '',
      ),
      patch('journal/settlement.ts', 'const owed = queries.owedReversal();', 'const owed = undefined as any;'),
    ],
  },
  {
    name: 'transactions in spite of an owed reversal',
    patches: [
      patch(
        'runtime/reversal.ts',
        "let kind: 'none' | 'reversed' | 'held' = 'none';",
        "let kind: 'none' | 'reversed' | 'held' = 'none';\n  if (which !== 'all') return { kind };",
      ),
      patch('journal/ledger.ts', 'const owed = queries.owedReversal();', 'const owed = undefined as any;'),
    ],
  },
  {
    name: 'void of a scanned payment reversed',
    patches: [
      patch(
        'journal/money.ts',
        "qrVoid: { act: 'void', reversible: false, undoes: 'qrSale' },",
        "qrVoid: { act: 'void', reversible: true, undoes: 'qrSale' },",
      ),
    ],
  },
  {
    name: 'inquiry without an answer taken for a refusal',
    patches: [
      patch(
        'runtime/qr.ts',
        "return typeof found === 'object' ? yield* found.end : yield* book(shop, txn, open, undefined);",
        "return typeof found === 'object' ? yield* found.end : (shop.journal.appendOutcome(shop.hal.clock.nowMs(), txn.id, { result: 'declined', code: '05' } as any), failure(open.fault));",
      ),
    ],
  },
  {
    name: 'waiting refunds not counted',
    patches: [patch('journal/refund-desk.ts', ', ...takenBeside(original, exceptHold)];', '];')],
  },
];
