import { Command, CommanderError } from 'commander';
import { register as decode } from './decode.ts';
import { register as demo } from './demo.ts';
import { register as journal } from './journal.ts';
import { register as ports } from './ports.ts';
import { register as reconcile } from './reconcile.ts';
import { register as refund } from './refund.ts';
import { register as run } from './run.ts';
import { register as simAcquirer } from './sim-acquirer.ts';
import { register as simTerminal } from './sim-terminal.ts';
import { faultText, ok, type Result } from '../fault.ts';
import type { DialectSource } from '../iso8583/plan.ts';
import { type Journal, openJournal } from '../journal/journal.ts';
import { openClock } from '../node/clock.ts';
import { type Console, openConsole } from '../node/console.ts';
import { openEntropy } from '../node/entropy.ts';
import { keepFilesPrivate, openJournalKey, readBytes, readText } from '../node/files.ts';
import { endWithStarter } from '../node/processes.ts';
import { namedProfile, shippedDialectNames } from '../node/profiles.ts';
import { readSecret } from '../node/secret.ts';
import { tcpServer } from '../node/tcp-server.ts';
import { openTimers } from '../node/timers.ts';
import { softwareVersion } from '../node/version.ts';
import { type Profile, loadProfile } from '../profile/profile.ts';

/** Exit status of wrong flags or commands. */
const EXIT_USAGE = 2;

/** Runs the program that the arguments of this process name; the exit status is set when it is done. */
export async function main(): Promise<void> {
  endWithStarter();
  const console = openConsole();
  try {
    await programOn(console).parseAsync(['node', 'pos8583', ...console.args]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are no errors; everything else is wrong usage, and commander has said what.
    console.setExitStatus(error.exitCode === 0 ? 0 : EXIT_USAGE);
  }
}

function programOn(console: Console): Command {
  const version = softwareVersion();
  const shared = {
    print: (text: string): void => console.print(text),
    printError: (text: string): void => console.printError(text),
    setExit: (status: number): void => console.setExitStatus(status),
  };
  const program = new Command('pos8583')
    .description('POS terminal runtime: a payment terminal on a serial line, ISO 8583 (UnionPay style) to the acquirer')
    .version(version)
    .showHelpAfterError('(pos8583 --help lists the commands)')
    .exitOverride();
  run(program, { console, version, loadProfile: profileOf });
  demo(program, { console, loadProfile: profileOf });
  decode(program, {
    ...shared,
    loadDialect: dialectOf,
    dialectNames: shippedDialectNames,
    readFile: readBytes,
    readStdin: () =>
      new Promise(resolve =>
        console.readInput(input => {
          if (input.ok) return resolve(input.value);
          console.printError(faultText(input.fault));
          return console.exit(EXIT_USAGE);
        }),
      ),
  });
  journal(program, { ...shared, openJournal: path => openJournal({ path, readOnly: true }) });
  refund(program, {
    ...shared,
    openJournal: path => openJournal({ path, readOnly: true }),
    openForEntry,
    nowMs: () => openClock().nowMs(),
    readSecret,
  });
  reconcile(program, { ...shared, openJournal: path => openJournal({ path, readOnly: true }), readText });
  ports(program, { console });
  const sim = program.command('sim').description('simulators: virtual terminal and virtual acquirer');
  simAcquirer(program, {
    ...shared,
    loadDialect: dialectOf,
    readFile: readBytes,
    tcp: tcpServer,
    clock: openClock(),
    timers: openTimers(),
    entropy: openEntropy(),
    onStop: stop => void console.onStop(() => stop()),
  });
  simTerminal(sim, console);
  finishSetup(program, 'pos8583');
  return program;
}

/** Wrong flags point to the help of the very command; no command ends the process by itself. */
function finishSetup(parent: Command, path: string): void {
  for (const command of parent.commands) {
    const name = `${path} ${command.name()}`;
    command.exitOverride().showHelpAfterError(`(${name} --help lists the flags)`);
    finishSetup(command, name);
  }
}

/** Opens a journal that is there for one entry of a person; never makes one. */
function openForEntry(path: string): Result<Journal> {
  const there = openJournal({ path, readOnly: true });
  if (!there.ok) return there;
  there.value.close();
  keepFilesPrivate();
  const key = openJournalKey(path);
  return key.ok ? openJournal({ path, sealKey: key.value, entropy: openEntropy() }) : key;
}

function profileOf(id: string): Result<Profile> {
  const named = namedProfile(id);
  if (named.isFile) {
    const there = named.read(named.id);
    if (!there.ok) return there;
  }
  return loadProfile(named.id, name => named.read(name), named.knownIds);
}

function dialectOf(id: string): Result<DialectSource> {
  const profile = profileOf(id);
  return profile.ok ? ok(profile.value.dialect) : profile;
}
