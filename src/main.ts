import { Command, CommanderError } from 'commander';
import { register as decode } from './cli/decode.ts';
import { register as demo } from './cli/demo.ts';
import { register as journal } from './cli/journal.ts';
import { register as ports } from './cli/ports.ts';
import { register as run } from './cli/run.ts';
import { register as simAcquirer } from './cli/sim-acquirer.ts';
import { register as simTerminal } from './cli/sim-terminal.ts';
import type { Result } from './fault.ts';
import type { DialectSource } from './iso8583/plan.ts';
import { openJournal } from './journal/journal.ts';
import { openClock } from './node/clock.ts';
import { openConsole } from './node/console.ts';
import { openEntropy } from './node/entropy.ts';
import { readBytes } from './node/files.ts';
import { endWithStarter } from './node/processes.ts';
import { namedProfile } from './node/profiles.ts';
import { tcpServer } from './node/tcp-server.ts';
import { openTimers } from './node/timers.ts';
import { softwareVersion } from './node/version.ts';
import { type Profile, loadProfile } from './profile/profile.ts';

/** Exit status of wrong flags or commands. */
const EXIT_USAGE = 2;

endWithStarter();
const console = openConsole();
const version = softwareVersion();
const shared = {
  print: (text: string): void => console.print(text),
  printError: (text: string): void => console.printError(text),
  setExit: (status: number): void => console.setExitStatus(status),
};

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
  return profile.ok ? { ok: true, value: profile.value.dialect } : profile;
}

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
  readFile: readBytes,
  readStdin: () =>
    new Promise((resolve, reject) =>
      console.readInput(input => (input.ok ? resolve(input.value) : reject(new Error(input.fault.cause)))),
    ),
});
journal(program, { ...shared, openJournal: path => openJournal({ path, readOnly: true }) });
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

/** Wrong flags point to the help of the very command; no command ends the process by itself. */
function finishSetup(parent: Command, path: string): void {
  for (const command of parent.commands) {
    const name = `${path} ${command.name()}`;
    command.exitOverride().showHelpAfterError(`(${name} --help lists the flags)`);
    finishSetup(command, name);
  }
}

try {
  await program.parseAsync(['node', 'pos8583', ...console.args]);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Help and version are no errors; everything else is wrong usage, and commander has said what.
  console.setExitStatus(error.exitCode === 0 ? 0 : EXIT_USAGE);
}
