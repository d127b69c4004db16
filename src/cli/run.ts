import { Option, type Command } from 'commander';
import { faultText, type Fault, fault, failed, ok, type Result } from '../fault.ts';
import type { Hal, Log } from '../hal/hal.ts';
import { JournalFailure, openJournal, type Journal } from '../journal/journal.ts';
import { openClock } from '../node/clock.ts';
import type { Console } from '../node/console.ts';
import { type ControlSocket, openControl } from '../node/control.ts';
import { openEntropy } from '../node/entropy.ts';
import { openImageFolder } from '../node/image-folder.ts';
import { type FolderShelf, IMAGE_ENDING, openImageShelf } from '../node/image-shelf.ts';
import { readPublicKeys } from '../node/key-files.ts';
import { builtShape } from '../node/profiles.ts';
import { keepFilesPrivate, openJournalKey, syncFolderOf } from '../node/files.ts';
import { openLog } from '../node/log.ts';
import { openOutbox } from '../node/outbox.ts';
import { openSerialPort } from '../node/serial.ts';
import { openSlipDesk } from '../node/slip-desk.ts';
import { type HostRoute, type HostTls, checkCertificates, openHostLink } from '../node/tcp.ts';
import { openTimers } from '../node/timers.ts';
import { checkImageProfile, type ProfileImage, sourceOfImage } from '../profile/image.ts';
import type { Profile } from '../profile/schema.ts';
import { boot, type End } from '../runtime/boot.ts';
import { reversalPolicyOf } from '../runtime/reversal.ts';
import type { RunTrace } from './run-trace.ts';
import { serialFault } from './serial-fault.ts';

/** Line speeds that a serial device may have. */
const BAUD_MIN = 300;
const BAUD_MAX = 4_000_000;
/** A stop that takes longer than this is told to the person, milliseconds. */
const STOP_TELL_MS = 300;
/** Added to the longest exchange for the terminal's own steps, when the runtime was asked to stop. */
const STOP_SPARE_SECONDS = 15;

/** Exit statuses of `run`, documented in the README. */
export const RunExit = {
  stopped: 0,
  /** Flags, addresses. */
  usage: 2,
  /** Unknown or wrong profile. */
  profile: 3,
  /** No such tty, busy, no permission. */
  serial: 4,
  /** The journal cannot be opened, or a write failed. */
  journal: 5,
  /** The terminal cannot carry the profile. */
  terminal: 6,
  /** A bug: what nobody caught; the text is for a report. */
  bug: 70,
  /** Stopped at once: asked twice, or what was in flight did not end in time. */
  atOnce: 130,
} as const;

export interface RunRim {
  readonly console: Console;
  readonly version: string;
  loadProfile(id: string): Promise<Result<Profile>>;
}

interface Flags {
  readonly profile: string;
  readonly port: string;
  readonly acquirer?: string;
  readonly backup?: string;
  readonly journal: string;
  readonly trace?: string;
  readonly traceMax: string;
  readonly traceKeep: string;
  readonly log?: string;
  readonly notices?: string;
  readonly noticesTo?: string;
  readonly trust?: readonly string[];
  readonly images?: string;
  readonly lang?: 'zh' | 'en';
  readonly baud?: string;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsName?: string;
}

/** Adds `run`: drives one terminal on a serial line against one acquirer. */
export function register(program: Command, rim: RunRim): void {
  program
    .command('run')
    .description('drive a payment terminal: keypad, cards and slips on a serial line, ISO 8583 to the acquirer')
    .requiredOption(
      '--profile <id>',
      `terminal profile: an id, e.g. unionpay-pos, a source, or a signed image (${IMAGE_ENDING})`,
    )
    .requiredOption('--port <tty>', 'serial device of the terminal')
    .option('--acquirer <host:port>', 'address of the acquirer (default: the routes of the profile)')
    .option('--backup <host:port>', 'second address, tried when no connection to the first can be made')
    .requiredOption(
      '--journal <file>',
      'journal of all transactions; made at the first start, with a key file beside it',
    )
    .option('--trust <file>', 'public key that may sign images; repeatable', collect)
    .option('--images <folder>', 'look there, too, for images to flash at the keypad (always: <journal>.images)')
    .option('--trace <file>', 'record everything, redacted: serial line, messages, keys, screens, slips (.p85t)')
    .option('--trace-max <MB>', 'when the trace has this size it becomes <file>.1, and a new one begins', '64')
    .option('--trace-keep <n>', 'older parts of the trace that are kept', '4')
    .option('--log <file>', 'append the log to a file instead of stderr')
    .addOption(
      new Option('--lang <lang>', 'language of screens and slips (default: of the profile)').choices(['zh', 'en']),
    )
    .option('--notices <file>', 'append a notice about each refund (accepted, delayed, failed, arrived …), JSON lines')
    .option('--notices-to <url>', 'POST each notice to this address as well; tried again until it is taken')
    .option('--baud <n>', 'line speed (default: of the profile)')
    .option('--tls', 'TLS 1.2 or later to the acquirer')
    .option('--tls-ca <file>', 'trust the certificates of this PEM file only')
    .option('--tls-name <name>', "name in the acquirer's certificate when it differs from its address")
    .addHelpText(
      'after',
      `
Exit status:
    0  stopped (Ctrl-C, SIGTERM, SIGHUP) after what was in flight
    2  usage: flags, addresses, certificate, trace, log or notice file
    3  profile or image unknown, wrong, or not signed by a trusted key
    4  serial line: no such device, busy, no permission, no tty
    5  journal: cannot be opened, in use, damaged, key file, or a write failed
    6  the terminal cannot carry the profile (no panel, screen too small)
   70  bug
  130  stopped at once, by a second Ctrl-C or because the wait was over`,
    )
    .action((flags: Flags) => start(flags, rim));
}

const collect = (one: string, all: readonly string[] = []): readonly string[] => [...all, one];

/** What goes on when a new image was flashed: the line stays the one that it was. */
interface GoOn {
  readonly image: ProfileImage;
  readonly serial: Hal['serial'];
}

/** The image that the flags or the flash before name; undefined: the profile is a source. */
async function imageOf(flags: Flags, goOn: GoOn | undefined): Promise<Result<ProfileImage | undefined>> {
  if (goOn) return ok(goOn.image);
  if (!flags.profile.endsWith(IMAGE_ENDING)) return ok(undefined);
  if (flags.trust !== undefined) {
    const { readImageFile } = await import('./profile/image-file.ts');
    return readImageFile(flags.profile, flags.trust);
  }
  return failed(
    fault(
      'E_ILLEGAL',
      'no-trust',
      `${flags.profile} is an image, and no key is named that may have signed it`,
      'Give --trust with the public key (.pub) of who makes the images',
    ),
  );
}

/** The images beside the journal. */
async function shelfOf(flags: Flags, image: ProfileImage | undefined, flashed: boolean): Promise<Result<FolderShelf>> {
  const trusted = readPublicKeys(flags.trust ?? []);
  if (!trusted.ok) return trusted;
  const shape = builtShape();
  // Only a program that was not built needs the whole checker.
  const loadProfile = shape ? undefined : (await import('../profile/profile.ts')).loadProfile;
  const shelf = openImageShelf(openImageFolder(flags.journal), flags.images, trusted.value, one => {
    const checked = shape
      ? checkImageProfile(one, shape)
      : (loadProfile?.(one.manifest.id, sourceOfImage(one)) ?? ok(one.profile));
    return checked.ok ? undefined : checked.fault;
  });
  const kept = !image ? ok('') : flashed ? shelf.makeCurrent(image) : shelf.keep(image);
  return kept.ok ? ok(shelf) : kept;
}

async function start(flags: Flags, rim: RunRim, goOn?: GoOn): Promise<void> {
  const { console } = rim;
  const give = (status: number, f: Fault): void => {
    console.printError(`pos8583: ${faultText(f)}`);
    console.setExitStatus(status);
  };
  const image = await imageOf(flags, goOn);
  if (!image.ok) return give(image.fault.name === 'no-trust' ? RunExit.usage : RunExit.profile, image.fault);
  const profile = image.value ? ok(image.value.profile) : await rim.loadProfile(flags.profile);
  if (!profile.ok) return give(RunExit.profile, profile.fault);
  const routes = routesOf(flags, profile.value);
  if (!routes.ok) return give(RunExit.usage, routes.fault);
  const baudRate = flags.baud === undefined ? profile.value.terminal.baud : Number(flags.baud);
  if (!Number.isInteger(baudRate) || baudRate < BAUD_MIN || baudRate > BAUD_MAX)
    return give(
      RunExit.usage,
      fault(
        'E_ILLEGAL',
        'baud',
        `--baud ${flags.baud} is no line speed from ${BAUD_MIN} to ${BAUD_MAX}`,
        'Give for example 19200',
      ),
    );
  const tls = tlsOf(flags, profile.value);
  if (!tls.ok) return give(RunExit.usage, tls.fault);
  const log = openLog(flags.log === undefined ? {} : { file: flags.log });
  if (!log.ok) return give(RunExit.usage, log.fault);
  const outbox = openOutbox({
    ...(flags.notices === undefined ? {} : { file: flags.notices }),
    ...(flags.noticesTo === undefined ? {} : { webhook: flags.noticesTo }),
  });
  if (!outbox.ok) return give(RunExit.usage, outbox.fault);
  const entropy = openEntropy();
  const journal = openBooks(flags.journal, profile.value, entropy);
  if (!journal.ok) return give(RunExit.journal, journal.fault);
  const slips = openSlipDesk(flags.journal);
  if (!slips.ok) {
    journal.value.close();
    return give(RunExit.journal, slips.fault);
  }
  const shelf = await shelfOf(flags, image.value, goOn !== undefined);
  if (!shelf.ok) {
    journal.value.close();
    return give(RunExit.usage, shelf.fault);
  }
  const traced = flags.trace === undefined ? undefined : await openTrace(flags.trace, flags, console);
  if (traced && !traced.ok) {
    journal.value.close();
    return give(RunExit.usage, traced.fault);
  }
  const trace = traced?.value;
  const timers = openTimers();
  const hal: Hal = {
    clock: openClock(),
    timers,
    entropy,
    serial: goOn?.serial ?? openSerialPort(flags.port, { baudRate }),
    host: openHostLink(routes.value, tls.value === undefined ? {} : { tls: tls.value }),
    log: log.value,
    outbox: outbox.value,
  };
  let control: ControlSocket | undefined;
  let noStop = (): void => {};
  const leave = (status: number): void => {
    control?.close();
    journal.value.close();
    trace?.close();
    log.value.flush();
    console.exit(status);
  };
  console.onFailure(error => {
    if (!(error instanceof JournalFailure)) return false;
    // A write that is not on disk never happened: stopping here is as safe as a power cut.
    console.printError(`pos8583: trading has stopped: ${faultText(error.fault)}`);
    trace?.close();
    log.value.flush();
    return console.exit(RunExit.journal);
  });
  const started = boot(
    hal,
    profile.value,
    journal.value,
    {
      lang: flags.lang ?? profile.value.policy.language,
      version: rim.version,
      slips: slips.value,
      equipment: { shelf: shelf.value, ...(image.value ? { image: image.value } : {}) },
      training: {
        open(opened) {
          // The simulator is loaded when somebody trains: a counter that opens does not wait for it.
          void import('./training.ts').then(({ openTraining }) =>
            opened(
              openTraining(flags.journal, profile.value, {
                clock: hal.clock,
                timers,
                entropy,
                openJournal: path => openBooks(path, profile.value, entropy),
              }),
            ),
          );
        },
      },
      ...(trace ? { recording: trace.recording } : {}),
    },
    end => {
      if (end.kind !== 'flashed') return leave(ended(end, flags.port, console, log.value));
      // The counter goes on in this process: nobody may be near this computer to start it again.
      hal.host.close();
      control?.close();
      journal.value.close();
      trace?.close();
      log.value.flush();
      noStop();
      console.printError(`pos8583: ${changedText(end.image, shelf.value)}`);
      void start(flags, rim, { image: end.image, serial: hal.serial });
    },
  );
  if (!started.ok) {
    journal.value.close();
    trace?.close();
    return give(RunExit.profile, started.fault);
  }
  control = openControl(flags.journal, started.value.control, f => {
    console.printError(`pos8583: no entries from the command line: ${faultText(f)}`);
    log.value.warn({ event: 'control', fault: f.name }, faultText(f));
  });
  const { connectTimeoutSeconds, answerTimeoutSeconds } = profile.value.acquirer;
  const waitSeconds = routes.value.length * connectTimeoutSeconds + answerTimeoutSeconds + STOP_SPARE_SECONDS;
  let asked = false;
  noStop = console.onStop(() => {
    if (asked) console.exit(RunExit.atOnce);
    asked = true;
    timers.set(STOP_TELL_MS, () =>
      console.printError(
        `pos8583: stopping after what is in flight, in at most ${waitSeconds} s; press Ctrl-C again to stop at once (the journal keeps what is owed)`,
      ),
    );
    timers.set(waitSeconds * 1000, () => {
      console.printError('pos8583: what was in flight did not end; the journal keeps what is owed for the next start');
      leave(RunExit.atOnce);
    });
    started.value.stop();
  });
}

/** Opens the trace; what it needs is loaded only then. One that cannot be written never stops a sale: it is told once. */
async function openTrace(file: string, flags: Flags, console: Console): Promise<Result<RunTrace>> {
  const { openRunTrace } = await import('./run-trace.ts');
  return openRunTrace({ ...flags, trace: file }, f =>
    console.printError(`pos8583: the trace has gaps, trading goes on: ${faultText(f)}`),
  );
}

/** TLS as the flags and the profile want it; undefined: plain TCP. A certificate file is tried now, not at the first sale. */
export function tlsOf(flags: Pick<Flags, 'tls' | 'tlsCa' | 'tlsName'>, profile: Profile): Result<HostTls | undefined> {
  const { tls, tlsCa, tlsName } = flags;
  if (tls !== true && tlsCa === undefined && tlsName === undefined && !profile.acquirer.tls) return ok(undefined);
  if (tlsCa !== undefined) {
    const checked = checkCertificates(tlsCa);
    if (!checked.ok) return checked;
  }
  return ok({
    ...(tlsCa === undefined ? {} : { caFile: tlsCa }),
    ...(tlsName === undefined ? {} : { serverName: tlsName }),
  });
}

/** What a person must know when the profile was changed by a flash. */
function changedText({ manifest, digest }: ProfileImage, shelf: FolderShelf): string {
  const { id, version } = manifest;
  return `the terminal now runs ${id} version ${version} (${digest.slice(0, 8)}), and so does this program; start it with --profile ${shelf.currentPath} from now on`;
}

function ended(end: Exclude<End, { kind: 'flashed' }>, port: string, console: Console, log: Log): number {
  switch (end.kind) {
    case 'stopped':
      log.info({ event: 'stopped' }, 'stopped');
      return RunExit.stopped;
    case 'serial':
      console.printError(`pos8583: ${faultText(serialFault(end.reason, port))}`);
      return RunExit.serial;
    case 'terminal':
      console.printError(`pos8583: ${faultText(end.fault)}`);
      return RunExit.terminal;
  }
}

function openBooks(path: string, profile: Profile, entropy: Hal['entropy']): Result<Journal> {
  // Journal, its write-ahead log, key, trace and log hold nothing for other users of this host.
  keepFilesPrivate();
  const key = openJournalKey(path);
  if (!key.ok) return key;
  const journal = openJournal({ path, sealKey: key.value, entropy, reversal: reversalPolicyOf(profile) });
  if (!journal.ok) return journal;
  // SQLite made its log beside the journal, and goes on when the sync of the folder fails: it is asked once more here.
  const named = syncFolderOf(path);
  if (named.ok) return journal;
  journal.value.close();
  return named;
}

export function routesOf(flags: Pick<Flags, 'acquirer' | 'backup'>, profile: Profile): Result<HostRoute[]> {
  const texts = flags.acquirer === undefined ? [...profile.acquirer.routes] : [flags.acquirer];
  if (flags.backup !== undefined) texts.push(flags.backup);
  const routes: HostRoute[] = [];
  for (const text of texts) {
    const match = /^(\[[0-9A-Fa-f:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
    const port = Number(match?.[2]);
    if (!match || port < 1 || port > 65535)
      return failed(
        fault('E_ILLEGAL', 'acquirer-address', `${text} is no address`, 'Give host:port, for example 127.0.0.1:8583'),
      );
    routes.push({ host: match[1].replace(/^\[|\]$/g, ''), port });
  }
  if (routes.length === 0)
    return failed(
      fault(
        'E_ILLEGAL',
        'no-acquirer',
        'neither the flags nor the profile name an acquirer',
        'Give --acquirer host:port',
      ),
    );
  return ok(routes);
}
