import type { Command } from 'commander';
import { type Fault, failed, fault, faultText, ok, type Result } from '../fault.ts';
import type { Clock, Entropy, Timers } from '../hal/hal.ts';
import { compileFieldPlan } from '../iso8583/plan.ts';
import type { Profile } from '../profile/schema.ts';
import { Acquirer, DEFAULT_MASTER_KEY_HEX, DEFAULT_TERMINAL, type Registration } from '../sim/acquirer/acquirer.ts';
import { type Ledger, openLedger } from '../sim/acquirer/ledger.ts';
import { type FaultRule, parseFaultRules } from '../sim/acquirer/rules.ts';
import { AcquirerSession, type TcpRim } from '../sim/acquirer/server.ts';
import { statementCsv } from '../sim/acquirer/statement.ts';
import { fromHex } from '../wire/hex.ts';

/** What a profile says of the messages of its acquirer. */
export interface Spoken {
  readonly dialect: Profile['dialect'];
  readonly acquirer: Pick<Profile['acquirer'], 'dialectOptions' | 'macAlgorithm'>;
}

/** What the command needs from outside. */
export interface SimAcquirerRim {
  loadProfile(id: string): Promise<Result<Spoken>> | Result<Spoken>;
  readFile(path: string): Result<Uint8Array>;
  readonly tcp: TcpRim;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly entropy: Entropy;
  /** Calls `stop` once when the process is asked to end. */
  onStop(stop: () => void): void;
  print(text: string): void;
  printError(text: string): void;
  setExit(code: number): void;
}

interface Flags {
  readonly listen: string;
  readonly tmk: string;
  readonly ledger: string;
  readonly faults?: string;
  readonly tid?: string[];
  readonly mid?: string[];
  readonly anyTerminal?: true;
  readonly profile: string;
  readonly quiet?: true;
  readonly export?: true;
}

interface Setup {
  readonly host: string;
  readonly port: number;
  readonly masterKey: Uint8Array;
  readonly terminals: readonly Registration[] | 'any';
  readonly rules: readonly FaultRule[];
}

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const collect = (value: string, earlier: string[] = []): string[] => [...earlier, ...value.split(',')];

/** Adds `pos8583 sim acquirer`. */
export function register(program: Command, rim: SimAcquirerRim): void {
  const sim =
    program.commands.find(command => command.name() === 'sim') ??
    program.command('sim').description('simulators: virtual acquirer, virtual terminal');
  sim
    .command('acquirer')
    .description('run a virtual UnionPay acquirer on TCP; the cents of an amount choose the outcome')
    .option('--listen <host:port>', 'address to listen on; port 0 takes any free one', '127.0.0.1:8583')
    .option('--tmk <hex>', 'terminal master key, 32 hex digits', DEFAULT_MASTER_KEY_HEX)
    .option('--ledger <file>', 'SQLite file of the books; in memory when left out', ':memory:')
    .option('--faults <file>', 'JSON file with fault rules')
    .option('--tid <list>', `terminal numbers that may trade, with commas (default: ${DEFAULT_TERMINAL.tid})`, collect)
    .option('--mid <list>', `merchant numbers that may trade, with commas (default: ${DEFAULT_TERMINAL.mid})`, collect)
    .option('--any-terminal', 'accept every terminal number of 8 letters and digits')
    .option('--profile <id>', 'profile whose dialect and MAC are spoken', 'unionpay-pos')
    .option('--quiet', 'no line for each message')
    .option('--export', 'print the books of --ledger as a statement (CSV) for `pos8583 reconcile`, and end')
    .action(async (flags: Flags) => {
      if (flags.export === true) return exportBooks(rim, flags.ledger);
      const setup = readFlags(flags, rim);
      if (!setup.ok) return stopWith(rim, setup.fault, EXIT_USAGE);
      const profile = await rim.loadProfile(flags.profile);
      if (!profile.ok) return stopWith(rim, profile.fault, EXIT_USAGE);
      const { dialectOptions, macAlgorithm } = profile.value.acquirer;
      const plan = compileFieldPlan(profile.value.dialect, dialectOptions);
      if (!plan.ok) return stopWith(rim, plan.fault, EXIT_USAGE);
      if (!plan.value.framing.length)
        return stopWith(
          rim,
          fault(
            'E_ILLEGAL',
            'no-length',
            `the dialect of ${flags.profile} has no length prefix, a TCP stream cannot be cut into frames`,
            'Choose another profile',
          ),
          EXIT_USAGE,
        );
      const ledger = openLedger(flags.ledger);
      if (!ledger.ok) return stopWith(rim, ledger.fault, EXIT_FAILED);
      const log = flags.quiet === true ? (): void => undefined : (line: string): void => rim.printError(line);
      const acquirer = new Acquirer({
        plan: plan.value,
        ledger: ledger.value,
        entropy: rim.entropy,
        local: ms => rim.clock.local(ms),
        masterKey: setup.value.masterKey,
        terminals: setup.value.terminals,
        rules: setup.value.rules,
        mac: { kind: macAlgorithm, tail: 'hex', part: macAlgorithm === 'x9.19' ? 'whole' : 'left' },
        log,
      });
      return serve(rim, setup.value, acquirer, ledger.value, log);
    });
}

/** Reads only as far as the statement goes; an acquirer may run on the same books meanwhile. */
function exportBooks(rim: SimAcquirerRim, path: string): void {
  if (path === ':memory:')
    return stopWith(
      rim,
      fault('E_ILLEGAL', 'no-ledger', 'books in memory end with their acquirer', 'Name the file with --ledger'),
      EXIT_USAGE,
    );
  // Opening makes missing books; a statement of none would say that nothing was booked.
  const there = rim.readFile(path);
  if (!there.ok) return stopWith(rim, there.fault, EXIT_USAGE);
  const ledger = openLedger(path);
  if (!ledger.ok) return stopWith(rim, ledger.fault, EXIT_FAILED);
  rim.print(statementCsv(ledger.value.db));
  ledger.value.db.close();
}

function serve(
  rim: SimAcquirerRim,
  setup: Setup,
  acquirer: Acquirer,
  ledger: Ledger,
  log: (line: string) => void,
): void {
  const sessionRim = { nowMs: () => rim.clock.nowMs(), timers: rim.timers, log };
  const listener = rim.tcp.listen(setup.host, setup.port, {
    listening: (host, port) => rim.print(`listening on ${host.includes(':') ? `[${host}]` : host}:${port}`),
    failed: reason => {
      ledger.db.close();
      stopWith(rim, reason, EXIT_FAILED);
    },
    connected: peer => new AcquirerSession(acquirer, peer, sessionRim),
  });
  rim.onStop(() => {
    listener.close();
    if (ledger.db.isOpen) ledger.db.close();
  });
}

function readFlags(flags: Flags, rim: SimAcquirerRim): Result<Setup> {
  const address = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(flags.listen);
  const port = Number(address?.[3] ?? NaN);
  if (address === null || port > 65535)
    return usage('listen', `--listen ${flags.listen} is no host:port`, 'Write for example --listen 127.0.0.1:8583');
  const key = fromHex(flags.tmk);
  if (!key.ok || key.value.length !== 16)
    return usage(
      'tmk',
      `--tmk has ${flags.tmk.length} characters, 32 hex digits are needed`,
      'Give the double-length master key of the terminal',
    );
  const tids = flags.tid ?? [DEFAULT_TERMINAL.tid];
  const mids = flags.mid ?? [DEFAULT_TERMINAL.mid];
  for (const tid of tids)
    if (!/^[0-9A-Za-z]{8}$/.test(tid))
      return usage('tid', `--tid ${tid} is no terminal number`, 'Terminal numbers have 8 letters and digits');
  for (const mid of mids)
    if (!/^[0-9A-Za-z]{15}$/.test(mid))
      return usage('mid', `--mid ${mid} is no merchant number`, 'Merchant numbers have 15 letters and digits');
  let rules: readonly FaultRule[] = [];
  if (flags.faults !== undefined) {
    const file = rim.readFile(flags.faults);
    if (!file.ok) return file;
    const parsed = parseFaultRules(new TextDecoder().decode(file.value), flags.faults);
    if (!parsed.ok) return parsed;
    rules = parsed.value;
  }
  const terminals = flags.anyTerminal === true ? 'any' : tids.flatMap(tid => mids.map(mid => ({ tid, mid })));
  return ok({ host: address[1] ?? address[2], port, masterKey: key.value, terminals, rules });
}

function usage(name: string, cause: string, remedy: string): Result<never> {
  return failed(fault('E_ILLEGAL', `bad-${name}`, cause, remedy));
}

function stopWith(rim: SimAcquirerRim, reason: Fault, exit: number): void {
  rim.printError(faultText(reason));
  rim.setExit(exit);
}
