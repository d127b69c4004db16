import type { Command } from 'commander';
import { faultText, type Result } from '../fault.ts';
import { openClock } from '../node/clock.ts';
import { openConsole, type Console } from '../node/console.ts';
import { openEntropy } from '../node/entropy.ts';
import { readBytes, readText } from '../node/files.ts';
import { readPublicKeys } from '../node/key-files.ts';
import { inPackage } from '../node/places.ts';
import { openSlotFile } from '../node/slot-file.ts';
import { linkDevice, openPty, unlinkDevice, type Pty } from '../node/pty.ts';
import { TextTerminal, openScreenRecord, openSlipFolder, type KeyboardAction } from '../node/text-terminal.ts';
import { openTimers } from '../node/timers.ts';
import { fromHex } from '../sim/terminal/command.ts';
import { parseDeck, type Deck } from '../sim/terminal/deck.ts';
import type { Slip } from '../sim/terminal/printer.ts';
import { imageCheck } from '../sim/terminal/image-check.ts';
import type { ScreenState } from '../sim/terminal/screen.ts';
import { ScriptRunner, parseScript, type Step } from '../sim/terminal/script.ts';
import { SLOT_MEMORY_LENGTH, type SlotMemory } from '../sim/terminal/slot-memory.ts';
import { type ImageCheck, SLOT_CAPACITY } from '../sim/terminal/slots.ts';
import { DEFAULT_FIRMWARE, DEFAULT_MODEL, VirtualTerminal } from '../sim/terminal/terminal.ts';
import { UartPacer } from '../sim/terminal/uart.ts';

/** Exit status: wrong flags, deck or script. */
const EXIT_USAGE = 2;
/** Exit status: the line could not be made. */
const EXIT_FAILED = 1;
/** The last answer gets this long to be read before the line is hung up, milliseconds. */
const LINGER_MS = 200;
const BAUD_MIN = 300;
const BAUD_MAX = 4_000_000;
const DEFAULT_DECK = inPackage('firmware-profiles/decks/test-deck.json');

interface Flags {
  readonly link?: string;
  readonly tmk: string;
  readonly deck: string;
  readonly script?: string;
  readonly slips?: string;
  readonly baud?: string;
  readonly panel: boolean;
  readonly strict: boolean;
  readonly screens?: string;
  readonly serialNumber: string;
  readonly model: string;
  readonly firmware: string;
  readonly trust: readonly string[];
  readonly image?: string;
  readonly state?: string;
  readonly quiet: boolean;
  readonly note?: string;
}

interface Setup {
  readonly flags: Flags;
  readonly tmk: Uint8Array;
  readonly deck: Deck;
  readonly baud: number | undefined;
  readonly steps: readonly Step[] | undefined;
  readonly slotMemory: SlotMemory | undefined;
  readonly trusted: readonly Uint8Array[];
  readonly image: Uint8Array | undefined;
  readonly writeSlip: ((slip: Slip) => Result<void>) | undefined;
  readonly writeScreen: ((ms: number, screen: ScreenState) => void) | undefined;
}

const several = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds `terminal` to the given command group: the virtual terminal on a pseudo-terminal. */
export function register(program: Command, rim?: Console): void {
  program
    .command('terminal')
    .description('virtual payment terminal on a pseudo-terminal (simulated keypad, screen, cards, printer)')
    .option('--link <path>', 'symbolic link to the line, for a name that stays the same')
    .option('--tmk <hex>', 'terminal master key, 32 hex digits', '11'.repeat(16))
    .option('--deck <file>', 'deck of test cards (JSON)', DEFAULT_DECK)
    .option('--script <file>', 'play a script instead of reading the keyboard')
    .option('--slips <dir>', 'write each printed slip to this folder')
    .option('--baud <n>', 'pace the bytes as a serial line of this speed does')
    .option('--no-panel', 'a plain ABECS pad: no keypad, screen and printer commands')
    .option('--strict', 'card and PIN commands need OPN, cards need loaded tables', false)
    .option('--screens <file>', 'append a JSON line for each change of the screen')
    .option('--serial-number <text>', 'serial number of the terminal', 'SIM00000001')
    .option('--model <text>', 'model that the terminal tells of itself', DEFAULT_MODEL)
    .option('--firmware <version>', 'firmware version that it tells, numbers with dots', DEFAULT_FIRMWARE)
    .option('--trust <pub>', 'take only profile images signed by this key; may be repeated', several, [])
    .option('--image <file>', 'profile image that a new terminal comes with, in slot A')
    .option('--state <file>', 'keep the profile slots in this file: they outlive the simulator, however it ends')
    .option('--quiet', 'no notes about slips, beeps and restarts', false)
    .option('--note <text>', 'a line under the drawn keys')
    .action((flags: Flags) => {
      const terminal = rim ?? openConsole();
      const setup = readSetup(flags);
      if (typeof setup === 'string') {
        terminal.printError(`pos8583 sim terminal: ${setup}`);
        terminal.setExitStatus(EXIT_USAGE);
        return;
      }
      new Program(setup, terminal).start();
    });
}

/** Checks flags and files; returns what is wrong with the first wrong one. */
function readSetup(flags: Flags): Setup | string {
  const tmk = fromHex(flags.tmk);
  if (tmk?.length !== 16) return `--tmk has ${flags.tmk.length} characters; give 32 hex digits`;
  const baud = flags.baud === undefined ? undefined : Number(flags.baud);
  if (baud !== undefined && !(Number.isInteger(baud) && baud >= BAUD_MIN && baud <= BAUD_MAX))
    return `--baud ${flags.baud}: give a whole number from ${BAUD_MIN} to ${BAUD_MAX}`;
  if (!/^[\x20-\x7e]{1,32}$/.test(flags.serialNumber)) return '--serial-number: give 1 to 32 ASCII characters';
  if (!/^[\x20-\x7e]{1,20}$/.test(flags.model)) return '--model: give 1 to 20 ASCII characters';
  if (!/^[\x20-\x7e]{1,32}$/.test(flags.firmware)) return '--firmware: give 1 to 32 ASCII characters';
  const deckText = readText(flags.deck);
  if (!deckText.ok) return `--deck: ${faultText(deckText.fault)}`;
  const deck = parseDeck(deckText.value);
  if (!deck.ok) return `--deck ${flags.deck}: ${faultText(deck.fault)}`;
  let steps: readonly Step[] | undefined;
  if (flags.script !== undefined) {
    const text = readText(flags.script);
    if (!text.ok) return `--script: ${faultText(text.fault)}`;
    const script = parseScript(text.value, deck.value);
    if (!script.ok) return `--script ${flags.script}: ${faultText(script.fault)}`;
    steps = script.value;
  }
  const trusted = readPublicKeys(flags.trust);
  if (!trusted.ok) return `--trust: ${faultText(trusted.fault)}`;
  const image = flags.image === undefined ? undefined : readBytes(flags.image);
  if (image && !image.ok) return `--image: ${faultText(image.fault)}`;
  if (image && image.value.length > SLOT_CAPACITY)
    return `--image ${flags.image} has ${image.value.length} bytes; a slot holds ${SLOT_CAPACITY}`;
  const memory = flags.state === undefined ? undefined : openSlotFile(flags.state, SLOT_MEMORY_LENGTH);
  if (memory && !memory.ok) return `--state: ${faultText(memory.fault)}`;
  const slotMemory = memory?.value;
  const slips = flags.slips === undefined ? undefined : openSlipFolder(flags.slips);
  if (slips && !slips.ok) return `--slips: ${faultText(slips.fault)}`;
  const screens = flags.screens === undefined ? undefined : openScreenRecord(flags.screens);
  if (screens && !screens.ok) return `--screens: ${faultText(screens.fault)}`;
  return {
    flags,
    tmk,
    deck: deck.value,
    baud,
    steps,
    slotMemory,
    trusted: trusted.value,
    image: image?.value,
    writeSlip: slips?.value,
    writeScreen: screens?.value,
  };
}

/** The running program: wires the virtual terminal to the line, the script or the keyboard, and the files. */
class Program {
  private readonly setup: Setup;
  private readonly console: Console;
  private readonly timers = openTimers();
  private readonly clock = openClock();
  private readonly startedMs = this.clock.monotonicMs();
  private readonly terminal: VirtualTerminal;
  private readonly toHost: UartPacer | undefined;
  private readonly fromHost: UartPacer | undefined;
  private readonly runner: ScriptRunner | undefined;
  private readonly view: TextTerminal | undefined;
  private pty: Pty | undefined;
  private note = '';
  private over = false;

  constructor(setup: Setup, console: Console) {
    const { flags, baud, deck, steps } = setup;
    this.setup = setup;
    this.console = console;
    this.terminal = new VirtualTerminal({
      timers: this.timers,
      entropy: openEntropy(),
      tmk: setup.tmk,
      serialNumber: flags.serialNumber,
      model: flags.model,
      firmware: flags.firmware,
      ...(setup.trusted.length === 0 ? {} : { checkImage: this.imageCheck() }),
      panel: flags.panel,
      strict: flags.strict,
      ...(setup.slotMemory ? { slotMemory: setup.slotMemory } : {}),
      write: bytes => (this.toHost ? this.toHost.push(bytes) : this.pty?.write(bytes)),
      onScreen: screen => {
        setup.writeScreen?.(this.clock.monotonicMs() - this.startedMs, screen);
        this.changed();
      },
      onListening: () => this.changed(),
      onSlip: slip => this.slip(slip),
      onBeep: pattern => this.say(`beep ${pattern}`),
      onRestart: () => this.say('restart'),
    });
    if (baud !== undefined) {
      this.toHost = new UartPacer(this.timers, this.clock, baud, bytes => this.pty?.write(bytes));
      this.fromHost = new UartPacer(this.timers, this.clock, baud, bytes => this.terminal.received(bytes));
    }
    if (steps) {
      this.runner = new ScriptRunner(steps, {
        timers: this.timers,
        terminal: this.terminal,
        unplug: (seconds, done) => this.unplug(seconds, done),
        finished: (status, message) => this.finish(status, message),
      });
    } else if (console.isTerminal('input') && console.isTerminal('output')) {
      this.view = new TextTerminal({
        cards: deck.cards.map(card => ({ id: card.id, label: `${card.name.zh} ${card.name.en}  PIN ${card.pin}` })),
        ...(setup.flags.note === undefined ? {} : { note: setup.flags.note }),
        action: action => this.act(action),
        card: (what, index) => this.say(this.terminal[what](deck.cards[index]) ?? `${what} ${deck.cards[index].id}`),
        scanned: text => this.say(this.terminal.scan(text) ?? 'scan'),
      });
    }
  }

  start(): void {
    this.console.onStop(() => this.finish(0));
    if (!this.fitOut()) return;
    if (!this.plug()) return;
    this.console.print(`terminal ready on ${this.setup.flags.link ?? this.pty?.slavePath}`);
    this.view?.start();
    this.changed();
  }

  /** Gives a new terminal the image that it comes with. False when it may not have it; the program is over then. */
  private fitOut(): boolean {
    const { image, trusted, flags } = this.setup;
    const { slots } = this.terminal;
    // One that was loaded before keeps what it has, as a device does.
    if (!image || slots.digest('A') || slots.digest('B')) return true;
    const stat = trusted.length === 0 ? 0 : this.imageCheck()(image);
    if (stat === 0) slots.install('A', image);
    else this.finish(EXIT_USAGE, `pos8583 sim terminal: --image ${flags.image}: the terminal refuses it (${stat})`);
    return stat === 0;
  }

  private imageCheck(): ImageCheck {
    const { trusted, flags } = this.setup;
    return imageCheck(trusted, {
      model: flags.model,
      firmware: flags.firmware,
      serialNumber: flags.serialNumber,
      installed: () => this.terminal.slots.image(this.terminal.slots.active),
    });
  }

  /** Makes a line and its link. False when that failed; the program is over then. */
  private plug(): boolean {
    const opened = openPty(bytes => (this.fromHost ? this.fromHost.push(bytes) : this.terminal.received(bytes)));
    if (opened.ok) this.pty = opened.value;
    const { link } = this.setup.flags;
    const linked = opened.ok && link !== undefined ? linkDevice(link, opened.value.slavePath) : opened;
    if (!linked.ok) this.finish(EXIT_FAILED, faultText(linked.fault));
    return linked.ok;
  }

  private hangUp(): void {
    this.toHost?.clear();
    this.fromHost?.clear();
    if (this.pty && this.setup.flags.link !== undefined) unlinkDevice(this.setup.flags.link, this.pty.slavePath);
    this.pty?.close();
    this.pty = undefined;
  }

  private unplug(seconds: number, done: () => void): void {
    this.hangUp();
    this.timers.set(seconds * 1000, () => {
      if (this.plug()) done();
    });
  }

  private finish(status: number, message?: string): void {
    if (this.over) return;
    this.over = true;
    this.terminal.printer.tearOff();
    this.view?.stop();
    if (message !== undefined) this.console.printError(message);
    this.timers.set(LINGER_MS, () => {
      this.hangUp();
      this.console.exit(status);
    });
  }

  private act(action: Exclude<KeyboardAction, { kind: 'choose' | 'scan' }>): void {
    const { terminal } = this;
    if (action.kind === 'key') terminal.pressKey(action.key);
    else if (action.kind === 'remove') this.say(terminal.remove() ?? 'remove');
    else if (action.kind === 'paper') {
      terminal.paper(terminal.printer.paper === 'ok' ? 'out' : 'ok');
      this.changed();
    } else this.finish(0);
  }

  private slip(slip: Slip): void {
    const written = this.setup.writeSlip?.(slip);
    if (written && !written.ok) this.console.printError(faultText(written.fault));
    this.say(`slip ${slip.number}`);
  }

  private say(note: string): void {
    this.note = note;
    if (!this.setup.flags.quiet && !this.view) this.console.print(note);
    this.changed();
  }

  private changed(): void {
    this.runner?.poke();
    const { terminal } = this;
    const card = terminal.insertedCard?.id ?? '-';
    this.view?.show(terminal.screenState(), `纸 paper ${terminal.printer.paper}  卡 card ${card}  ${this.note}`);
  }
}
