import { Command, CommanderError } from 'commander';
import { assert } from '../assert.ts';
import { faultText, type Result } from '../fault.ts';
import type { Journal } from '../journal/journal.ts';
import { openClock } from '../node/clock.ts';
import { type Console, openConsole } from '../node/console.ts';
import { openEntropy } from '../node/entropy.ts';
import { keepFilesPrivate, openJournalKey, readBytes, readText, writeOutput } from '../node/files.ts';
import { endWithStarter } from '../node/part.ts';
import { softwareVersion } from '../node/version.ts';

/** Exit status of wrong flags or commands. */
const EXIT_USAGE = 2;

/** What every command may use. */
interface Shared {
  readonly console: Console;
  readonly version: string;
  print(text: string): void;
  printError(text: string): void;
  setExit(status: number): void;
}

type Add = (program: Command, shared: Shared) => Promise<void>;

/**
 * The commands in the order of the help. Each brings in what it needs by itself: a runtime that starts does not wait for
 * the simulators and reports that it never uses.
 */
const COMMANDS: Readonly<Record<string, Add>> = {
  async run(program, { console, version }) {
    const [{ register }, { profileOf }] = await Promise.all([import('./run.ts'), import('./profiles.ts')]);
    register(program, { console, version, loadProfile: profileOf });
  },
  async demo(program, { console }) {
    const [{ register }, { profileOf }] = await Promise.all([import('./demo.ts'), import('./profiles.ts')]);
    register(program, { console, loadProfile: profileOf });
  },
  async decode(program, shared) {
    const { register } = await import('./decode.ts');
    const { shippedDialectNames } = await import('../node/profiles.ts');
    const { dialectOf } = await import('./profiles.ts');
    const { console } = shared;
    register(program, {
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
  },
  async trace(program, shared) {
    const { register } = await import('./trace/trace.ts');
    register(program, await captureRim(shared));
  },
  async replay(program, shared) {
    const { register } = await import('./replay/replay.ts');
    register(program, await captureRim(shared));
  },
  async bundle(program, shared) {
    const { register } = await import('./bundle/bundle.ts');
    register(program, { ...(await captureRim(shared)), openJournal: await openToRead() });
  },
  async journal(program, shared) {
    const { register } = await import('./journal.ts');
    const { registerArchive } = await import('./report/archive.ts');
    const { fileDigest, fileExists, fileNames, nameWhole } = await import('../node/archive.ts');
    const openJournal = await openToRead();
    register(program, { ...shared, openJournal });
    keepFilesPrivate();
    registerArchive(commandOf(program, 'journal'), {
      ...shared,
      openJournal,
      digest: fileDigest,
      names: fileNames,
      exists: fileExists,
      nameWhole,
      readText,
      writeText: (path, text) => writeOutput(path, text, 0o600),
    });
  },
  async refund(program, shared) {
    const { register } = await import('./refund.ts');
    const { profileOf } = await import('./profiles.ts');
    register(program, { ...shared, ...(await entryRim()), loadProfile: profileOf });
  },
  async freeze(program, shared) {
    const [{ register }, { fileNames }] = await Promise.all([import('./freeze.ts'), import('../node/archive.ts')]);
    register(program, { ...shared, ...(await entryRim()), fileNames });
  },
  async case(program, shared) {
    const { register } = await import('./case.ts');
    const { profileOf } = await import('./profiles.ts');
    register(program, { ...shared, ...(await entryRim()), loadProfile: profileOf });
  },
  async reversal(program, shared) {
    const { register } = await import('./reversal.ts');
    register(program, { ...shared, ...(await entryRim()) });
  },
  async reconcile(program, shared) {
    const { register } = await import('./reconcile.ts');
    register(program, {
      ...shared,
      openJournal: await openToRead(),
      openForEntry: await openToEnter(),
      nowMs: () => openClock().nowMs(),
      readText,
    });
  },
  async evidence(program, shared) {
    const { register } = await import('./evidence/evidence.ts');
    const { verifierText, verifyEvidence } = await import('../node/verifier.ts');
    const { openByteSource } = await import('../node/trace-file.ts');
    const { profileOf } = await import('./profiles.ts');
    register(program, {
      ...shared,
      openJournal: await openToRead(),
      readBytes,
      openSource: openByteSource,
      loadProfile: profileOf,
      writeFile: (path, content) => writeOutput(path, content, 0o600),
      verifier: verifierText,
      verify: verifyEvidence,
    });
  },
  async slips(program, shared) {
    const { register } = await import('./slips.ts');
    const { openSlipDesk } = await import('../node/slip-desk.ts');
    const clock = openClock();
    register(program, {
      ...shared,
      openJournal: await openToRead(),
      openSlipDesk,
      readText,
      writeFile: (path, text) => writeOutput(path, text),
      nowMs: () => clock.nowMs(),
      local: ms => clock.local(ms),
    });
    const { registerSlipArchive } = await import('./report/slip-archive.ts');
    registerSlipArchive(commandOf(program, 'slips'), {
      ...shared,
      openJournal: await openToRead(),
      nowMs: () => clock.nowMs(),
      writeBytes: (path, bytes) => writeOutput(path, bytes, 0o600),
    });
  },
  async report(program, shared) {
    const [{ register }, { profileOf }] = await Promise.all([import('./report/report.ts'), import('./profiles.ts')]);
    register(program, {
      ...shared,
      openJournal: await openToRead(),
      loadProfile: profileOf,
      nowMs: () => openClock().nowMs(),
      writeText: (path, text) => writeOutput(path, text, 0o600),
      write: text => shared.console.write(text),
    });
  },
  async profile(program, shared) {
    const { register } = await import('./profile/profile.ts');
    register(program, shared);
  },
  async policy(program, shared) {
    const [{ register }, { profileOf }] = await Promise.all([import('./policy/policy.ts'), import('./profiles.ts')]);
    const clock = openClock();
    register(program, {
      ...shared,
      loadProfile: profileOf,
      openJournal: await openToRead(),
      nowMs: () => clock.nowMs(),
      local: ms => clock.local(ms),
    });
  },
  async training(program, { console }) {
    const { register } = await import('./training.ts');
    register(program, { console, openJournal: await openToRead() });
  },
  async doctor(program, { console }) {
    const [{ register }, { profileOf }] = await Promise.all([import('./doctor/doctor.ts'), import('./profiles.ts')]);
    register(program, { console, loadProfile: profileOf });
  },
  async flash(program, { console, version }) {
    const [{ register }, { profileOf }] = await Promise.all([import('./flash/flash.ts'), import('./profiles.ts')]);
    register(program, { console, version, loadProfile: profileOf });
  },
  async ports(program, { console }) {
    const { register } = await import('./ports.ts');
    register(program, { console });
  },
  async sim(program, shared) {
    const { console } = shared;
    const sim = program.command('sim').description('simulators: virtual terminal and virtual acquirer');
    const { register: acquirer } = await import('./sim-acquirer.ts');
    const { profileOf } = await import('./profiles.ts');
    const { tcpServer } = await import('../node/tcp-server.ts');
    const { openTimers } = await import('../node/timers.ts');
    acquirer(program, {
      ...shared,
      loadProfile: profileOf,
      readFile: readBytes,
      tcp: tcpServer,
      clock: openClock(),
      timers: openTimers(),
      entropy: openEntropy(),
      onStop: stop => void console.onStop(() => stop()),
    });
    const { register: terminal } = await import('./sim-terminal.ts');
    terminal(sim, console);
  },
};

/** Runs the program that the arguments of this process name; the exit status is set when it is done. */
export async function main(): Promise<void> {
  endWithStarter();
  const console = openConsole();
  const program = await programOn(console);
  try {
    await program.parseAsync(['node', 'pos8583', ...console.args]);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Help and version are no errors; everything else is wrong usage, and commander has said what.
    console.setExitStatus(error.exitCode === 0 ? 0 : EXIT_USAGE);
  }
}

/** The program with the command that the arguments begin with, or with all of them: for help, and to tell a wrong one. */
async function programOn(console: Console): Promise<Command> {
  const version = softwareVersion();
  const shared: Shared = {
    console,
    version,
    print: text => console.print(text),
    printError: text => console.printError(text),
    setExit: status => console.setExitStatus(status),
  };
  const program = new Command('pos8583')
    .description('POS terminal runtime: a payment terminal on a serial line, ISO 8583 (UnionPay style) to the acquirer')
    .version(version)
    .showHelpAfterError('(pos8583 --help lists the commands)')
    .configureOutput({ writeErr: text => console.printError(text.replace(/\n$/, '')) })
    .exitOverride();
  const [first = ''] = console.args;
  const named = Object.hasOwn(COMMANDS, first) ? [COMMANDS[first]] : Object.values(COMMANDS);
  for (const add of named) await add(program, shared);
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

/** A command that was added before. */
function commandOf(program: Command, name: string): Command {
  const found = program.commands.find(command => command.name() === name);
  assert(found, `the command ${name} is there`);
  return found;
}

/** What commands need that write what a supervisor says. */
async function entryRim() {
  const { readSecret } = await import('../node/secret.ts');
  const { askCounter, hasControl } = await import('../node/control.ts');
  const { openTimers } = await import('../node/timers.ts');
  const timers = openTimers();
  return {
    openJournal: await openToRead(),
    openForEntry: await openToEnter(),
    hasCounter: hasControl,
    askCounter,
    newRequest: () => {
      const bytes = new Uint8Array(16);
      openEntropy().fill(bytes);
      return Buffer.from(bytes).toString('hex');
    },
    nowMs: () => openClock().nowMs(),
    after: (ms: number, go: () => void) => void timers.set(ms, go),
    readSecret,
  };
}

/** What commands need that read captures of any kind. */
async function captureRim(shared: Shared) {
  const { console } = shared;
  const { profileOf } = await import('./profiles.ts');
  const { shippedDialectNames } = await import('../node/profiles.ts');
  const { openByteSource } = await import('../node/trace-file.ts');
  const { openTimers } = await import('../node/timers.ts');
  const { takePresses } = await import('../node/key-presses.ts');
  const timers = openTimers();
  const clock = openClock();
  return {
    ...shared,
    loadProfile: profileOf,
    dialectNames: shippedDialectNames,
    openSource: openByteSource,
    readText,
    readBytes,
    writeFile: (path: string, content: Uint8Array | string) => writeOutput(path, content, 0o600),
    write: (text: string) => console.write(text),
    columns: () => console.columns(),
    isTerminal: (stream: 'input' | 'output' | 'error') => console.isTerminal(stream),
    onPress: takePresses,
    nowMs: () => clock.nowMs(),
    local: (ms: number) => clock.local(ms),
    after: (ms: number, go: () => void) => void timers.set(ms, go),
  };
}

type OpenJournal = (path: string) => Result<Journal>;

/** Opens a journal for looking only. */
async function openToRead(): Promise<OpenJournal> {
  const { openJournal } = await import('../journal/journal.ts');
  return path => openJournal({ path, readOnly: true });
}

/** Opens a journal that is there for one entry of a person; never makes one. */
async function openToEnter(): Promise<OpenJournal> {
  const { openJournal } = await import('../journal/journal.ts');
  return path => {
    const there = openJournal({ path, readOnly: true });
    if (!there.ok) return there;
    there.value.close();
    keepFilesPrivate();
    const key = openJournalKey(path);
    return key.ok ? openJournal({ path, sealKey: key.value, entropy: openEntropy() }) : key;
  };
}
