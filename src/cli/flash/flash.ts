import { Option, type Command } from 'commander';
import { fault, faultText, ok, type Fault, type Result } from '../../fault.ts';
import type { Clock, Hal, Log, SerialPort, Timers } from '../../hal/hal.ts';
import { JournalFailure, openJournal, type Journal } from '../../journal/journal.ts';
import { openClock } from '../../node/clock.ts';
import type { Console } from '../../node/console.ts';
import { openEntropy } from '../../node/entropy.ts';
import { keepFilesPrivate, openJournalKey, syncFolderOf } from '../../node/files.ts';
import { openImageFolder } from '../../node/image-folder.ts';
import { openSerialPort } from '../../node/serial.ts';
import { openHostLink } from '../../node/tcp.ts';
import { openTimers } from '../../node/timers.ts';
import type { ProfileImage } from '../../profile/image.ts';
import type { Profile } from '../../profile/schema.ts';
import { readImageFile } from '../profile/image-file.ts';
import { reversalPolicyOf } from '../../runtime/reversal.ts';
import { routesOf, tlsOf } from '../run.ts';
import { anotherShop, openBusiness } from './books.ts';
import { FlashExit, type FlashFlags } from './flags.ts';
import { OpenTerminal } from '../open-terminal.ts';
import { whoOf, ymodemEntry } from './record.ts';
import { FlashSession } from './session.ts';
import { WORDS } from './words.ts';
import { flashByYmodem } from './ymodem.ts';

const BAUD_MIN = 300;
const BAUD_MAX = 4_000_000;

export interface FlashRim {
  readonly console: Console;
  readonly version: string;
  loadProfile(id: string): Promise<Result<Profile>>;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds `flash`: brings a signed profile image into the terminal on a serial line. */
export function register(program: Command, rim: FlashRim): void {
  program
    .command('flash')
    .description(
      'flash a signed profile image into a terminal: load, read back, trial, tests, confirm; a fault falls back',
    )
    .argument('[image]', 'signed image file (.p8583); none with --rollback')
    .requiredOption('--port <tty>', 'serial device of the terminal')
    .option('--trust <file>', 'public key that may sign images; repeatable', collect)
    .option('--journal <file>', 'journal of this terminal; images are kept beside it in <file>.images')
    .option('--acquirer <host:port>', 'address for the echo test (default: the routes of the profile)')
    .option('--backup <host:port>', 'second address for the echo test')
    .option('--tls', 'TLS to the acquirer')
    .option('--tls-ca <file>', 'trust the certificates of this PEM file only')
    .option('--tls-name <name>', "name in the acquirer's certificate when it differs from its address")
    .option('--profile <id>', 'profile of the echo test of a rollback, when this host does not hold that image')
    .option('--baud <n>', 'line speed (default: of the profile)')
    .option('--by <name>', 'who flashes, for the slip and the journal (default: the user of this host)')
    .addOption(new Option('--lang <lang>', 'language of texts and slip').choices(['zh', 'en']).default('en'))
    .option('--verify-only', 'only ask the terminal whether it runs this image')
    .option('--rollback', 'go back to the image of the other slot, with the same trial and tests')
    .option('--dry-run', 'check everything and say what would change; send nothing of the image')
    .option('--ymodem', 'send the image by YMODEM-1K to a terminal whose monitor waits for it; nothing is read back')
    .option('--json', 'one JSON object at the end instead of text')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', HELP)
    .action((image: string | undefined, flags: FlashFlags) => start(image, flags, rim));
}

const HELP = `
Exit status:
    0  the image runs in the terminal, confirmed and read back (--dry-run: it could be flashed)
    1  refused, or the terminal fell back: the image from before runs (--verify-only: another one runs)
    2  usage: flags, question not answered with yes
    3  image, key or profile unreadable or wrong
    4  serial line: no such device, busy, no permission, nothing answers
    5  journal: cannot be opened, in use by a running counter, a write failed
    6  the terminal has no profile slots
    7  the end was not seen (line lost, or Ctrl-C while waiting): the terminal goes back by itself unless it had confirmed
   70  bug
  130  stopped by a second Ctrl-C`;

/** What is wrong with the flags by themselves. */
function wrongFlags(image: string | undefined, flags: FlashFlags): string | undefined {
  const { verifyOnly, rollback, dryRun, trust, journal, baud } = flags;
  if (rollback && (verifyOnly || image !== undefined)) return '--rollback takes no image and no --verify-only';
  if (!rollback && image === undefined) return 'give the image file, or --rollback';
  if (flags.ymodem && (verifyOnly || rollback)) return '--ymodem only sends: no --verify-only, no --rollback';
  if (verifyOnly && dryRun) return 'give --verify-only or --dry-run';
  if (!rollback && (trust ?? []).length === 0)
    return 'give --trust <file.pub>: an image nobody vouches for is not used';
  if (!verifyOnly && journal === undefined) return 'give --journal: a terminal with open business is not flashed';
  const speed = Number(baud ?? BAUD_MIN);
  if (!Number.isInteger(speed) || speed < BAUD_MIN || speed > BAUD_MAX) return `--baud ${baud} is no line speed`;
  return undefined;
}

async function start(path: string | undefined, flags: FlashFlags, rim: FlashRim): Promise<void> {
  const { console } = rim;
  const give = (status: number, f: Fault): void => {
    if (flags.json) console.print(JSON.stringify({ outcome: 'refused', fault: f }));
    else console.printError(`pos8583: ${faultText(f)}`);
    console.setExitStatus(status);
  };
  const usage = wrongFlags(path, flags);
  if (usage !== undefined)
    return give(FlashExit.usage, fault('E_ILLEGAL', 'usage', usage, 'pos8583 flash --help lists the flags'));
  // Everything about the file is known before the line is touched.
  let image: ProfileImage | undefined;
  if (path !== undefined) {
    const read = await readImageFile(path, flags.trust ?? []);
    if (!read.ok) return give(FlashExit.image, read.fault);
    image = read.value;
  }
  let profile = image?.profile;
  if (flags.profile !== undefined) {
    const loaded = await rim.loadProfile(flags.profile);
    if (!loaded.ok) return give(FlashExit.image, loaded.fault);
    profile ??= loaded.value;
  }
  const books = flags.journal === undefined ? undefined : openBooks(flags.journal, profile);
  if (books && !books.ok) {
    const inUse = books.fault.name === 'journal-in-use';
    return give(FlashExit.journal, inUse ? stopFirst(books.fault) : books.fault);
  }
  const journal = books?.value;
  const end = (status: number, f: Fault): void => {
    journal?.close();
    give(status, f);
  };
  const against = journal && (openBusiness(journal) ?? (image && anotherShop(journal, image.profile)));
  if (against) return end(FlashExit.refused, against);
  const timers = openTimers();
  const baudRate = flags.baud === undefined ? (profile?.terminal.baud ?? 19_200) : Number(flags.baud);
  const serial = openSerialPort(flags.port, { baudRate });
  const entropy = openEntropy();
  const clock = openClock();
  if (flags.ymodem && image) {
    const sent = flags.dryRun || (await sendImage(image, flags, console, { port: serial, timers, clock }));
    if (flags.dryRun) console.print(WORDS[flags.lang].dryRun);
    else if (sent) journal?.appendFlash(clock.nowMs(), ymodemEntry(image, whoOf(flags, console)));
    journal?.close();
    return console.exit(sent ? FlashExit.flashed : FlashExit.refused);
  }
  const line = new OpenTerminal(serial, timers);
  const halFor = (of: Profile): Result<Hal> => {
    const routes = routesOf(flags, of);
    if (!routes.ok) return routes;
    const tls = tlsOf(flags, of);
    if (!tls.ok) return tls;
    const host = openHostLink(routes.value, tls.value === undefined ? {} : { tls: tls.value });
    return ok({ clock, timers, entropy, serial, host, log: NO_LOG });
  };
  if (profile && !flags.verifyOnly) {
    const hal = halFor(profile);
    if (!hal.ok) return end(FlashExit.usage, hal.fault);
  }
  const session = new FlashSession({
    console,
    version: rim.version,
    flags,
    image,
    profile,
    journal,
    folder: flags.journal === undefined ? undefined : openImageFolder(flags.journal),
    line,
    timers,
    clock,
    entropy,
    halFor,
  });
  console.onFailure(error => {
    if (!(error instanceof JournalFailure)) return false;
    console.printError(`pos8583: ${faultText(error.fault)}`);
    return console.exit(FlashExit.journal);
  });
  const words = WORDS[flags.lang];
  let stops = 0;
  console.onStop(() => {
    stops++;
    if (stops === 1 && session.stop()) return console.printError(words.stopping);
    console.printError(session.isUnderWay ? words.stopped : words.untouched);
    line.drop();
    journal?.close();
    return console.exit(FlashExit.stopped);
  });
  const status = await session.run();
  line.close(() => {
    journal?.close();
    console.exit(status);
  });
}

function stopFirst(f: Fault): Fault {
  return fault(
    f.code,
    f.name,
    f.cause,
    'A counter runs on this terminal: flash at its keypad (99, menu of the technician), or stop it first (Ctrl-C)',
  );
}

/** The way of a terminal with a monitor: the checked file goes out, and the monitor judges it by itself. */
function sendImage(
  image: ProfileImage,
  { json, lang }: FlashFlags,
  console: Console,
  { port, timers, clock }: { port: SerialPort; timers: Timers; clock: Clock },
): Promise<boolean> {
  const name = `${image.manifest.id.slice(0, 20)}.p8583`;
  const nowMs = (): number => clock.monotonicMs();
  return flashByYmodem({ port, file: { name, bytes: image.bytes }, timers, nowMs }, console, json === true, lang);
}

/** Opens the books for writing; a terminal out of the box gets its journal here. */
function openBooks(path: string, profile: Profile | undefined): Result<Journal> {
  keepFilesPrivate();
  const sealKey = openJournalKey(path);
  if (!sealKey.ok) return sealKey;
  const journal = openJournal({
    path,
    sealKey: sealKey.value,
    entropy: openEntropy(),
    ...(profile ? { reversal: reversalPolicyOf(profile) } : {}),
  });
  if (!journal.ok) return journal;
  const named = syncFolderOf(path);
  if (named.ok) return journal;
  journal.value.close();
  return named;
}

/** What happens is told to the person and written into the journal. */
const NO_LOG: Log = { info: () => {}, warn: () => {}, error: () => {} };
