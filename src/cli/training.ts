import type { Command } from 'commander';
import { failed, fault, faultText, ok, type Result } from '../fault.ts';
import type { Clock, Entropy, Timers } from '../hal/hal.ts';
import { compileFieldPlan } from '../iso8583/plan.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrainingResult } from '../journal/types.ts';
import type { Console } from '../node/console.ts';
import type { Profile } from '../profile/schema.ts';
import type { TrainingDesk } from '../runtime/training.ts';
import { Acquirer } from '../sim/acquirer/acquirer.ts';
import { openLedger } from '../sim/acquirer/ledger.ts';
import { acquirerLink, cipherUnder } from '../sim/acquirer/link.ts';

/** Exit statuses, as of the other commands that read a journal. */
const EXIT_NO_JOURNAL = 2;
const MASTER_KEY_LENGTH = 16;

export interface TrainingRoomRim {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly entropy: Entropy;
  /** Opens the books of training, beside the shop's: same rules, own file and own key. */
  openJournal(path: string): Result<Journal>;
}

/** Files of training lie beside the journal: its own books, and those of the acquirer in this process. */
export const trainingPaths = (journal: string): { readonly books: string; readonly acquirer: string } => ({
  books: `${journal}.training.db`,
  acquirer: `${journal}.training-acquirer.db`,
});

/**
 * Opens the room where training happens: a virtual acquirer in this process, which speaks the dialect of the profile and knows
 * only this terminal. Its master key is made anew for each training and is in no terminal.
 */
export function openTraining(journalPath: string, profile: Profile, rim: TrainingRoomRim): Result<TrainingDesk> {
  const plan = compileFieldPlan(profile.dialect, profile.acquirer.dialectOptions);
  if (!plan.ok) return plan;
  if (!plan.value.framing.length)
    return failed(
      fault(
        'E_ILLEGAL',
        'training-dialect',
        `the dialect of ${profile.id} has no length prefix, which the training acquirer needs`,
        'Train with a profile that has one, e.g. unionpay-pos',
      ),
    );
  const paths = trainingPaths(journalPath);
  const ledger = openLedger(paths.acquirer);
  if (!ledger.ok) return ledger;
  const journal = rim.openJournal(paths.books);
  if (!journal.ok) {
    ledger.value.db.close();
    return journal;
  }
  const masterKey = new Uint8Array(MASTER_KEY_LENGTH);
  rim.entropy.fill(masterKey);
  const { merchant, acquirer } = profile;
  const handler = new Acquirer({
    plan: plan.value,
    ledger: ledger.value,
    entropy: rim.entropy,
    local: ms => rim.clock.local(ms),
    masterKey,
    terminals: [{ tid: merchant.terminalNo, mid: merchant.merchantNo }],
    mac: { kind: acquirer.macAlgorithm, tail: 'hex', part: acquirer.macAlgorithm === 'x9.19' ? 'whole' : 'left' },
  });
  return ok({
    journal: journal.value,
    host: acquirerLink(
      handler,
      { nowMs: () => rim.clock.nowMs(), timers: rim.timers, log: () => undefined },
      'training',
    ),
    encrypt: cipherUnder(masterKey),
    close() {
      journal.value.close();
      ledger.value.db.close();
    },
  });
}

export interface TrainingRim {
  readonly console: Console;
  openJournal(path: string): Result<Journal>;
}

interface Flags {
  readonly journal: string;
  readonly json?: boolean;
}

/** Adds `training score`: what each operator reached, from the shop's own journal. */
export function register(program: Command, rim: TrainingRim): void {
  program
    .command('training')
    .description('results of training at the terminal')
    .command('score')
    .description('what each operator reached, newest first, and who may refund where the policy asks for training')
    .requiredOption('--journal <file>', 'journal of the shop, not that of training')
    .option('--json', 'print one JSON array')
    .action((flags: Flags) => score(flags, rim));
}

function score(flags: Flags, { console, openJournal }: TrainingRim): void {
  const journal = openJournal(flags.journal);
  if (!journal.ok) {
    console.printError(`pos8583: ${faultText(journal.fault)}`);
    console.setExitStatus(EXIT_NO_JOURNAL);
    return;
  }
  const rows = journal.value
    .recordsOfKinds(['training'])
    .reverse()
    .map(({ atMs, body }) => {
      const result = body as TrainingResult;
      return { at: new Date(atMs).toISOString(), ...result, mayRefund: journal.value.trained(result.operator) };
    });
  journal.value.close();
  if (flags.json) return console.print(JSON.stringify(rows, undefined, 2));
  if (rows.length === 0) return console.print('Nobody has been trained at this terminal.');
  console.print('time (UTC)           operator  by  score  result      may refund');
  for (const { at, operator, by, score: right, of, passed, mayRefund } of rows)
    console.print(
      `${at.slice(0, 19).replace('T', ' ')}  ${operator.padEnd(8)}  ${by}  ${`${right}/${of}`.padEnd(5)}  ${(passed ? 'passed' : 'not passed').padEnd(10)}  ${mayRefund ? 'yes' : 'no'}`,
    );
}
