import { compareBooks } from '../../src/cli/compare.ts';
import type { Hal } from '../../src/hal/hal.ts';
import { compileFieldPlan } from '../../src/iso8583/plan.ts';
import { type Journal, openJournal } from '../../src/journal/journal.ts';
import { namedProfile } from '../../src/node/profiles.ts';
import { loadProfile, type Profile } from '../../src/profile/profile.ts';
import { boot } from '../../src/runtime/boot.ts';
import { reversalPolicyOf } from '../../src/runtime/reversal.ts';
import { Acquirer, DEFAULT_TERMINAL } from '../../src/sim/acquirer/acquirer.ts';
import { type Ledger, ledgerSummary, openLedger } from '../../src/sim/acquirer/ledger.ts';
import { Printer } from '../../src/sim/terminal/printer.ts';
import { VirtualTerminal } from '../../src/sim/terminal/terminal.ts';
import { slipBytes } from '../../src/terminal/slips/bytes.ts';
import { value } from '../runtime/counter.ts';
import { Network } from '../runtime/network.ts';
import { type Process, seeded, World } from '../runtime/world.ts';
import { SUPERVISOR_PASSWORD } from '../scenarios/people.ts';
import type { NoiseKind } from './damage.ts';
import { type Check, NoisyLine } from './line.ts';

const PROFILE = 'unionpay-pos';
const MASTER_KEY = new Uint8Array(16).fill(0x11);
const LOG_KEPT = 60;

let shipped: Profile | undefined;
const profile = (): Profile => (shipped ??= value(loadProfile(PROFILE, name => namedProfile(PROFILE).read(name))));

/** The production runtime, the virtual terminal and the virtual acquirer in virtual time, with noise on the terminal's cable. */
export class Rig {
  readonly world = new World();
  readonly line: NoisyLine;
  readonly terminal: VirtualTerminal;
  readonly ledger: Ledger;
  readonly journal: Journal;
  /** Text of each slip that came out of the terminal. */
  readonly slips: string[] = [];
  /** Text that a sound line would have brought to paper, for each document that the runtime printed. */
  readonly documents: string[] = [];
  /** Amounts that the screen showed since it was emptied, as they stood there. */
  readonly amounts = new Set<string>();
  readonly log: string[] = [];
  private readonly acquirer: Acquirer;

  constructor(kind: NoiseKind, seed: number, check: Check = 'crc') {
    const { world } = this;
    const entropy = seeded(seed);
    const process: Process = { dead: false };
    const plan = value(compileFieldPlan(profile().dialect, profile().acquirer.dialectOptions));
    this.ledger = value(openLedger(':memory:'));
    this.acquirer = new Acquirer({
      plan,
      ledger: this.ledger,
      entropy,
      local: ms => world.local(ms),
      masterKey: MASTER_KEY,
      terminals: [DEFAULT_TERMINAL],
      rules: [],
      log: () => undefined,
    });
    const network = new Network(world, plan, this.acquirer, () => undefined);
    this.terminal = new VirtualTerminal({
      timers: world,
      entropy: seeded(seed + 1),
      tmk: MASTER_KEY,
      serialNumber: 'SIM00000001',
      panel: true,
      write: bytes => this.line.fromTerminal(bytes),
      onScreen: screen => this.look(screen.lines),
      onSlip: slip => this.slips.push(slip.text),
    });
    this.line = new NoisyLine(world, kind, seed, check, bytes => this.terminal.received(bytes));
    this.journal = value(
      openJournal({
        path: ':memory:',
        sealKey: new Uint8Array(32).fill(7),
        entropy,
        reversal: reversalPolicyOf(profile()),
      }),
    );
    this.journal.setPassword(world.nowMs(), '00', SUPERVISOR_PASSWORD, '00');
    this.journal.appendEvent(world.nowMs(), 'operator-on', { operator: '01' });
    const note = (fields: unknown, message: string): void => {
      this.log.push(`${world.monotonicMs()} ${JSON.stringify(fields)} ${message}`);
      if (this.log.length > LOG_KEPT) this.log.shift();
    };
    const hal: Hal = {
      clock: world,
      timers: world,
      entropy,
      serial: this.line.port(),
      host: network.link(process),
      log: { info: note, warn: note, error: note },
    };
    const trace = (record: { kind: string; lines?: readonly string[] }): void => {
      if (record.kind === 'slip') this.documents.push(onPaper(record.lines ?? []));
    };
    value(boot(hal, profile(), this.journal, { lang: 'zh', version: '0.0.0-test', trace }, () => undefined));
  }

  get screen(): string {
    return this.terminal.screenState().lines.join('\n');
  }

  /** Differences of the books; empty when both sides have the same. */
  differences(): readonly string[] {
    const verified = this.journal.verify();
    const broken = verified.ok ? [] : [`journal record ${verified.seq}: ${verified.why}`];
    return [...compareBooks(this.journal, ledgerSummary(this.ledger.db)).differences, ...broken];
  }

  close(): void {
    this.journal.close();
    this.ledger.db.close();
  }

  private look(lines: readonly string[]): void {
    for (const line of lines) {
      const amount = /^(?:金额|原额): +(\d+\.\d\d)$/.exec(line)?.[1];
      if (amount !== undefined) this.amounts.add(amount);
    }
  }
}

/** A slip as the terminal's printer makes it of bytes that nothing has touched. */
function onPaper(lines: readonly string[]): string {
  let text = '';
  new Printer(slip => {
    text = slip.text;
  }).print(slipBytes(lines));
  return text;
}
