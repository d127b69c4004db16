import { join } from 'node:path';
import { faultText, type Result } from '../../fault.ts';
import { openJournal } from '../../journal/journal.ts';
import { openEntropy } from '../../node/entropy.ts';
import { readText, writeAtomic } from '../../node/files.ts';
import { type Part, scratchFolder, startPart } from '../../node/processes.ts';
import { linkDevice, openPty, type Pty, unlinkDevice } from '../../node/pty.ts';
import { openTimers } from '../../node/timers.ts';
import type { Profile } from '../../profile/schema.ts';
import { ledgerSummary, openLedger } from '../../sim/acquirer/ledger.ts';
import { type Deck, parseDeck } from '../../sim/terminal/deck.ts';
import { parseScript, ScriptRunner } from '../../sim/terminal/script.ts';
import { VirtualTerminal } from '../../sim/terminal/terminal.ts';
import type { TraceRecord } from '../../trace/record.ts';
import { fromHex } from '../../wire/hex.ts';
import { compareBooks } from '../compare.ts';
import { followTrace } from '../told.ts';
import { Player, type TaskReport } from './player.ts';

export interface Simulation {
  readonly tasks: readonly TaskReport[];
  /** What the two books say differently. */
  readonly differences: readonly string[];
  /** What was changed in the profile so that a run takes seconds. */
  readonly changed: readonly string[];
  /** Folder with journal, ledger, trace and log. */
  readonly folder: string;
  readonly ok: boolean;
}

/** Longest stand-still of a run. */
const STUCK_MS = 45_000;
/** Master key that simulators share. */
const TEST_MASTER_KEY = '11'.repeat(16);
const NOTES_SHOWN = 6;

/**
 * Plays sign-on, sale, void, another sale, a refund of a part of it and the settlement with the profile, against the
 * virtual terminal and the virtual acquirer as real processes, and compares the books of both sides.
 */
export function simulate(
  profile: Profile,
  deckPath: string,
  told: (record: TraceRecord) => void,
): Promise<Result<Simulation>> {
  const deckText = readText(deckPath);
  if (!deckText.ok) return Promise.resolve(deckText);
  const deck = parseDeck(deckText.value);
  if (!deck.ok) return Promise.resolve(deck);
  const folder = scratchFolder();
  const { played, changed } = hurried(profile);
  const file = join(folder, `${profile.id}.json`);
  const written = writeAtomic(file, JSON.stringify(played));
  if (!written.ok) return Promise.resolve(written);
  return new Promise(resolve => {
    new Run(played, file, folder, deck.value, told, (tasks, notes) => {
      const differences = [...notes];
      const ledger = openLedger(join(folder, 'ledger.db'));
      const journal = openJournal({ path: join(folder, 'journal.db'), readOnly: true });
      if (ledger.ok && journal.ok) {
        differences.push(...compareBooks(journal.value, ledgerSummary(ledger.value.db)).differences);
        journal.value.close();
        ledger.value.db.close();
      } else for (const side of [ledger, journal]) if (!side.ok) differences.push(faultText(side.fault));
      const ok = differences.length === 0 && tasks.every(task => task.ok);
      resolve({ ok: true, value: { tasks, differences, changed, folder, ok } });
    }).start();
  });
}

/** The profile without what makes a run take hours or depend on the time of day. */
function hurried(profile: Profile): { readonly played: Profile; readonly changed: readonly string[] } {
  const { policy } = profile;
  const risk = policy.risk.filter(rule => rule.action !== 'hold');
  const changed = [
    ...(policy.refundHoldSeconds > 0 ? [`refundHoldSeconds ${policy.refundHoldSeconds} → 0`] : []),
    ...(risk.length < policy.risk.length ? ['risk rules that hold a refund are left out'] : []),
    ...(policy.refundNeedsTraining ? ['refundNeedsTraining true → false'] : []),
  ];
  if (changed.length === 0) return { played: profile, changed };
  return {
    played: { ...profile, policy: { ...policy, refundHoldSeconds: 0, refundNeedsTraining: false, risk } },
    changed,
  };
}

/** One run: the acquirer and the runtime as processes, the terminal here, where the player's hands are. */
class Run {
  private readonly profile: Profile;
  private readonly file: string;
  private readonly folder: string;
  private readonly deck: Deck;
  private readonly told: (record: TraceRecord) => void;
  private readonly done: (tasks: readonly TaskReport[], notes: readonly string[]) => void;
  private readonly timers = openTimers();
  private readonly player: Player;
  private readonly terminal: VirtualTerminal;
  /** Key of the flows → key of the device. */
  private readonly deviceKeys: ReadonlyMap<string, string>;
  private readonly parts: Part[] = [];
  private readonly notes: string[] = [];
  private runner: ScriptRunner | undefined;
  private pty: Pty | undefined;
  private stopFollowing: () => void = () => undefined;
  private watchdog = 0;
  private step = '';
  private ending = false;

  constructor(
    profile: Profile,
    file: string,
    folder: string,
    deck: Deck,
    told: (record: TraceRecord) => void,
    done: (tasks: readonly TaskReport[], notes: readonly string[]) => void,
  ) {
    this.profile = profile;
    this.file = file;
    this.folder = folder;
    this.deck = deck;
    this.told = told;
    this.done = done;
    this.player = new Player(profile);
    this.deviceKeys = deviceKeysOf(profile);
    const tmk = fromHex(TEST_MASTER_KEY);
    // A device that the profile is for: the runtime trades with no other.
    const [model] = profile.terminal.models;
    const firmware = model?.firmwareMin ?? model?.firmwareMax;
    this.terminal = new VirtualTerminal({
      timers: this.timers,
      entropy: openEntropy(),
      tmk: tmk.ok ? tmk.value : new Uint8Array(16),
      serialNumber: 'SIMULATE',
      ...(model ? { model: model.name } : {}),
      ...(firmware === undefined ? {} : { firmware }),
      panel: true,
      write: bytes => this.pty?.write(bytes),
      onScreen: () => this.runner?.poke(),
      onListening: () => this.runner?.poke(),
    });
  }

  private at(name: string): string {
    return join(this.folder, name);
  }

  start(): void {
    const opened = openPty(bytes => this.terminal.received(bytes));
    if (!opened.ok) return this.fail(faultText(opened.fault));
    this.pty = opened.value;
    const linked = linkDevice(this.at('terminal'), opened.value.slavePath);
    if (!linked.ok) return this.fail(faultText(linked.fault));
    const { merchantNo, terminalNo } = this.profile.merchant;
    let started = false;
    const acquirer = this.part('acquirer', [
      ...['sim', 'acquirer', '--listen', '127.0.0.1:0', '--ledger', this.at('ledger.db'), '--profile', this.file],
      ...['--tid', terminalNo, '--mid', merchantNo],
    ]);
    acquirer.onLine(line => {
      const ready = /^listening on (\S+)/.exec(line);
      if (!ready || started) return;
      started = true;
      this.part('runtime', [
        ...['run', '--profile', this.file, '--port', this.at('terminal'), '--acquirer', ready[1]],
        ...['--journal', this.at('journal.db'), '--trace', this.at('trace.p85t'), '--log', this.at('run.log')],
      ]);
      this.stopFollowing = followTrace(this.at('trace.p85t'), this.profile, record => this.crossed(record));
    });
    this.moved();
  }

  private part(name: string, args: readonly string[]): Part {
    const part = startPart(args);
    this.parts.push(part);
    part.onLine(line => this.notes.push(`${name}: ${line}`));
    part.onEnd(status => {
      if (!this.ending) this.fail(`the ${name} ended by itself (status ${status})`);
    });
    return part;
  }

  private crossed(record: TraceRecord): void {
    if (this.ending) return;
    this.told(record);
    if (record.kind === 'screen') {
      this.moved();
      // What the person was about to do belonged to the step before.
      if (record.step !== this.step) this.runner = undefined;
      this.step = record.step;
    }
    const line = this.player.tell(record);
    if (this.player.over) return this.end();
    if (line !== undefined) this.perform(line);
  }

  private perform(line: string): void {
    const missing: string[] = [];
    const keys = line.replace(/^keys (.*)$/, (_, names: string) => {
      const pressed = names.split(' ').map(name => {
        const device = this.deviceKeys.get(name);
        if (device === undefined) missing.push(name);
        return device ?? name;
      });
      return `keys ${pressed.join(' ')}`;
    });
    if (missing.length > 0) return this.fail(`this terminal has no key for ${missing.join(', ')}`);
    const script = parseScript(keys, this.deck);
    if (!script.ok) return this.fail(faultText(script.fault));
    const runner = new ScriptRunner(script.value, {
      timers: this.timers,
      terminal: this.terminal,
      unplug: (_, resume) => resume(),
      finished: (status, message) => {
        if (runner === this.runner && status !== 0) this.fail(message ?? 'the person could not go on');
      },
    });
    this.runner = runner;
    runner.poke();
  }

  private moved(): void {
    this.timers.clear(this.watchdog);
    this.watchdog = this.timers.set(STUCK_MS, () =>
      this.fail(`nothing moved for ${STUCK_MS / 1000} s at ${this.player.shown}`),
    );
  }

  private fail(why: string): void {
    if (this.ending) return;
    this.player.stop(why);
    this.end(this.notes.slice(-NOTES_SHOWN));
  }

  private end(notes: readonly string[] = []): void {
    if (this.ending) return;
    this.ending = true;
    this.timers.clear(this.watchdog);
    let running = this.parts.length;
    const ended = (): void => {
      if (--running > 0) return;
      this.stopFollowing();
      if (this.pty) unlinkDevice(this.at('terminal'), this.pty.slavePath);
      this.pty?.close();
      this.done(this.player.reports, notes);
    };
    if (running === 0) {
      running = 1;
      return ended();
    }
    for (const part of this.parts) {
      part.onEnd(ended);
      part.stop();
    }
  }
}

/** How each key of the flows is pressed on the profile's terminal. */
function deviceKeysOf({ terminal }: Profile): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const device of terminal.keys) {
    const key = terminal.keymap[device] ?? device;
    if (!keys.has(key) || device === key) keys.set(key, device);
  }
  return keys;
}
