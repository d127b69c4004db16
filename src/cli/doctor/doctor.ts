import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { type Fault, faultText, type Result } from '../../fault.ts';
import { openClock } from '../../node/clock.ts';
import type { Console } from '../../node/console.ts';
import { readBytes, writeOutput } from '../../node/files.ts';
import { scratchFolder } from '../../node/processes.ts';
import { openSerialPort } from '../../node/serial.ts';
import { openTimers } from '../../node/timers.ts';
import type { Profile } from '../../profile/schema.ts';
import { slipBytes } from '../../terminal/slips/bytes.ts';
import { digits } from '../../units.ts';
import { Bench } from './bench.ts';
import {
  failedStep,
  isGood,
  type Lang,
  notDone,
  resultText,
  type SlipHead,
  skipped,
  slipLines,
  STEPS,
  type StepId,
  type StepResult,
} from './checklist.ts';
import { TERMINAL_CHECKS } from './terminal-steps.ts';
import { tradeChecks } from './trade.ts';

/** Exit statuses of `doctor`, documented in its help. */
const EXIT_NOT_GOOD = 1;
const EXIT_USAGE = 2;
const EXIT_PROFILE = 3;
const EXIT_LINE = 4;
const BAUD_MIN = 300;
const BAUD_MAX = 4_000_000;
/** Steps that only a runtime with a journal can do. */
const TRADE_STEPS: readonly StepId[] = ['signOn', 'echo', 'sale', 'void'];

export interface DoctorRim {
  readonly console: Console;
  loadProfile(id: string): Promise<Result<Profile>>;
}

interface Flags {
  readonly port?: string;
  readonly profile?: string;
  readonly hex?: string;
  readonly output?: string;
  readonly acquirer?: string;
  readonly journal?: string;
  readonly trust?: readonly string[];
  readonly baud?: string;
  readonly lang?: Lang;
  readonly skip?: string;
  readonly wait: string;
  readonly json?: boolean;
  readonly slip: boolean;
}

/** Adds `doctor`: the checklist of a technician who puts a terminal on a counter. */
export function register(program: Command, rim: DoctorRim): void {
  program
    .command('doctor')
    .description(
      'commissioning checklist: line, keypad, screen, reader, printer, keys, acquirer, test sale and void; or what an unknown acquirer speaks',
    )
    .option('--port <tty>', 'serial device of the terminal')
    .option('--profile <id>', 'profile that the terminal is to run')
    .option('--hex <file>', 'instead of a checklist: find out what the messages in this file (- is stdin) speak')
    .option('-o, --output <file>', 'with --hex: write a draft of a profile that speaks so; the file ends in .json')
    .option('--journal <file>', 'journal of this terminal; with it come sign-on, echo test, test sale and void')
    .option('--acquirer <host:port>', 'address of the acquirer (default: the routes of the profile)')
    .option('--trust <file...>', 'public keys, when the profile is a signed image')
    .option('--baud <n>', 'line speed (default: of the profile)')
    .addOption(
      new Option('--lang <lang>', 'language of screens and slip (default: of the profile)').choices(['zh', 'en']),
    )
    .option('--skip <steps>', `steps to leave out, with commas: ${Object.keys(STEPS).join(', ')}`)
    .option('--wait <seconds>', 'end when nothing was done at the terminal for so long', '300')
    .option('--no-slip', 'do not print the checklist at the end')
    .option('--json', 'print the results as JSON')
    .addHelpText(
      'after',
      `
Exit status:
    0  every step passed or was left out with --skip; with --hex: a dialect fits
    1  a step failed or was not done; with --hex: no dialect fits
    2  usage
    3  profile unknown or wrong
    4  serial line: no such device, busy, no permission, no terminal`,
    )
    .action((flags: Flags) => begin(flags, rim));
}

async function begin(flags: Flags, { console, loadProfile }: DoctorRim): Promise<void> {
  const { hex, port, profile } = flags;
  const refuse = (text: string): void => {
    console.printError(`pos8583: ${text}`);
    console.setExitStatus(EXIT_USAGE);
  };
  if (hex === undefined) {
    if (flags.output !== undefined) return refuse('--output is for --hex');
    if (port === undefined || profile === undefined)
      return refuse(
        'give --port and --profile for the checklist of a terminal, or --hex for messages of an unknown acquirer',
      );
    return examine({ ...flags, port, profile }, { console, loadProfile });
  }
  if (port !== undefined || profile !== undefined) return refuse('--hex goes without --port and --profile');
  if (flags.output !== undefined && !flags.output.endsWith('.json'))
    return refuse(`--output ${flags.output} does not end in .json; give for example draft.json`);
  const { findOut } = await import('./dialect.ts');
  return findOut(
    {
      hex,
      lang: flags.lang ?? 'en',
      ...(flags.output === undefined ? {} : { output: flags.output }),
      json: flags.json === true,
    },
    {
      readBytes,
      readStdin: () => new Promise(resolve => console.readInput(resolve)),
      writeText: (path, text) => writeOutput(path, text),
      print: text => console.print(text),
      printError: text => console.printError(text),
      setExit: status => console.setExitStatus(status),
    },
  );
}

/** The flags of a checklist. */
type BenchFlags = Flags & { readonly port: string; readonly profile: string };

async function examine(flags: BenchFlags, rim: DoctorRim): Promise<void> {
  const { console } = rim;
  const give = (status: number, text: string): void => {
    console.printError(`pos8583: ${text}`);
    console.setExitStatus(status);
  };
  const giveFault = (status: number, f: Fault): void => give(status, faultText(f));
  const skip = new Set((flags.skip ?? '').split(',').filter(name => name !== ''));
  const unknown = [...skip].find(name => !(name in STEPS));
  if (unknown !== undefined)
    return give(EXIT_USAGE, `--skip ${unknown} is no step; give one of ${Object.keys(STEPS).join(', ')}`);
  const patienceSeconds = Number(flags.wait);
  if (!Number.isInteger(patienceSeconds) || patienceSeconds < 1)
    return give(EXIT_USAGE, `--wait ${flags.wait} is no number of seconds; give for example 300`);
  const profile = await rim.loadProfile(flags.profile);
  if (!profile.ok) return giveFault(EXIT_PROFILE, profile.fault);
  const baudRate = flags.baud === undefined ? profile.value.terminal.baud : Number(flags.baud);
  if (!Number.isInteger(baudRate) || baudRate < BAUD_MIN || baudRate > BAUD_MAX)
    return give(EXIT_USAGE, `--baud ${flags.baud} is no line speed; give for example 19200`);
  const lang = flags.lang ?? profile.value.policy.language;
  const timers = openTimers();
  const clock = openClock();
  const openBench = (): Bench => new Bench(openSerialPort(flags.port, { baudRate }), timers);
  const tell = (text: string): void => console.printError(`  … ${text}`);
  const results: StepResult[] = [];
  const note = (result: StepResult): void => {
    results.push(result);
    if (flags.json !== true) console.print(resultText(result));
  };

  const bench = openBench();
  const greeted = await bench.connect();
  if (!greeted.ok) {
    await bench.close();
    note(failedStep('line', greeted.fault.cause, greeted.fault.remedy));
    if (flags.json === true) console.print(JSON.stringify({ good: false, steps: results }, undefined, 2));
    return console.setExitStatus(EXIT_LINE);
  }
  const info = greeted.value;
  const on = { bench, info, profile: profile.value, clock, lang, patienceSeconds, tell };
  let usable = true;
  for (const [id, check] of TERMINAL_CHECKS) {
    if (skip.has(id)) note(skipped(id));
    else if (!usable) note(notDone(id, 'the terminal cannot carry the profile', 'See IDENTITY above'));
    else note(await check(on));
    if (id === 'identity' && results.at(-1)?.outcome === 'failed') usable = false;
  }
  await bench.close();
  if (usable) {
    if (flags.journal === undefined)
      for (const id of TRADE_STEPS)
        note(skip.has(id) ? skipped(id) : notDone(id, 'no --journal given', 'Give --journal and --acquirer'));
    else {
      const runArgs = [
        ...['run', '--profile', flags.profile, '--port', flags.port, '--journal', flags.journal, '--lang', lang],
        ...['--baud', String(baudRate), '--log', `${flags.journal}.doctor.log`],
        ...(flags.acquirer === undefined ? [] : ['--acquirer', flags.acquirer]),
        ...(flags.trust ?? []).flatMap(file => ['--trust', file]),
      ];
      for (const id of TRADE_STEPS) if (skip.has(id)) note(skipped(id));
      const traded = TRADE_STEPS.every(id => skip.has(id))
        ? []
        : await tradeChecks({
            runArgs,
            traceFile: join(scratchFolder(), 'doctor.p85t'),
            profile: profile.value,
            skip: skip as ReadonlySet<StepId>,
            patienceSeconds,
            timers,
            tell,
            onStop: stop => console.onStop(() => stop()),
          });
      for (const result of traded) note(result);
    }
  }
  const good = isGood(results);
  const head = headOf(profile.value, info, clock.local(clock.nowMs()));
  let slip: Result<void> | undefined;
  if (flags.slip && usable) {
    const printer = openBench();
    const again = await printer.connect();
    const lines = slipLines(results, head, lang, profile.value.terminal.printColumns);
    slip = again.ok ? await printer.print(slipBytes(lines)) : again;
    await printer.close();
    if (!slip.ok) console.printError(`pos8583: the checklist was not printed: ${faultText(slip.fault)}`);
  }
  if (flags.json === true)
    console.print(JSON.stringify({ good, ...head, steps: results, slipPrinted: slip?.ok === true }, undefined, 2));
  else console.print(good ? 'ready to trade' : 'not ready: see the arrows above');
  // The line and the timers of the bench would keep this process.
  console.exit(good ? 0 : EXIT_NOT_GOOD);
}

function headOf(
  profile: Profile,
  info: { readonly model: string; readonly serialNumber: string; readonly firmware: string },
  at: { year: number; month: number; day: number; hour: number; minute: number },
): SlipHead {
  const two = (value: number): string => digits(value, 2);
  return {
    when: `${digits(at.year, 4)}-${two(at.month)}-${two(at.day)} ${two(at.hour)}:${two(at.minute)}`,
    profile: `${profile.id} v${profile.version}`,
    model: info.model,
    serialNumber: info.serialNumber,
    firmware: info.firmware,
    merchantNo: profile.merchant.merchantNo,
    terminalNo: profile.merchant.terminalNo,
  };
}
