import { join } from 'node:path';
import { Option, type Command } from 'commander';
import { type Result, faultText } from '../fault.ts';
import { openJournal } from '../journal/journal.ts';
import type { Console } from '../node/console.ts';
import { openLines, writeAtomic } from '../node/files.ts';
import { type Part, scratchFolder, startPart, whenThere } from '../node/processes.ts';
import type { Profile } from '../profile/schema.ts';
import { ledgerSummary, openLedger } from '../sim/acquirer/ledger.ts';
import type { TraceRecord } from '../trace/record.ts';
import { compareBooks } from './compare.ts';
import { followTrace } from './told.ts';
import { Storyteller, tourScript } from './tour.ts';

const PROFILE = 'unionpay-pos';
/** Exit status when a signal ended it. */
const EXIT_STOPPED = 130;
/** Last lines of the parts that are shown when something goes wrong. */
const NOTES_SHOWN = 12;

const WORDS = {
  zh: { files: '本次运行的文件', messages: '报文在另一窗口查看', stopped: '已停止' },
  en: { files: 'files of this run', messages: 'messages, in a second window', stopped: 'stopped' },
} as const;

export interface DemoRim {
  readonly console: Console;
  loadProfile(id: string): Promise<Result<Profile>>;
}

interface Flags {
  readonly tour?: boolean;
  readonly lang: 'zh' | 'en';
}

/** Adds `demo` (npm start): acquirer, terminal and runtime as three processes; a person plays the terminal, or a tour does. */
export function register(program: Command, rim: DemoRim): void {
  program
    .command('demo')
    .description('start acquirer, terminal and runtime together; you play the terminal, or --tour plays a day')
    .option('--tour', 'play a scripted day and compare the books (also when this is no terminal)')
    .addOption(new Option('--lang <lang>', 'language of screens and slips').choices(['zh', 'en']).default('zh'))
    .addHelpText(
      'after',
      '\nExit status: 0 the books agree, 1 they differ or a step failed, 2 usage, 130 stopped by a signal.',
    )
    .action((flags: Flags) => demo(flags, rim));
}

async function demo(flags: Flags, rim: DemoRim): Promise<void> {
  const { console } = rim;
  const loaded = await rim.loadProfile(PROFILE);
  if (!loaded.ok) {
    console.printError(faultText(loaded.fault));
    return console.setExitStatus(1);
  }
  const profile = loaded.value;
  const tour = flags.tour === true || !console.isTerminal('input') || !console.isTerminal('output');
  const folder = scratchFolder();
  const at = (name: string): string => join(folder, name);
  const words = WORDS[flags.lang];
  const story = new Storyteller(profile, flags.lang, text => console.print(text));
  const parts: Part[] = [];
  const notes: string[] = [];
  let over = false;
  /** The person or the script is done: the runtime is asked to stop. */
  let leaving = false;

  const end = (status: number, why?: string): void => {
    if (over) return;
    over = true;
    let running = parts.length;
    // The terminal gives the screen back first: what is said before that is gone with its drawing.
    const partEnded = (): void => {
      if (--running > 0) return;
      if (why !== undefined) {
        console.printError(why);
        if (status !== EXIT_STOPPED) for (const note of notes.slice(-NOTES_SHOWN)) console.printError(`  ${note}`);
      }
      console.printError(`${words.files}: ${folder}`);
      console.exit(status);
    };
    for (const part of parts) {
      part.onEnd(partEnded);
      part.stop();
    }
  };
  console.onStop(signal => end(EXIT_STOPPED, `${words.stopped} (${signal})`));

  const acquirer = startPart(['sim', 'acquirer', '--listen', '127.0.0.1:0', '--ledger', at('ledger.db')]);
  parts.push(acquirer);
  acquirer.onEnd(status => end(1, `the acquirer ended by itself (status ${status})`));
  let address: string | undefined;
  acquirer.onLine(line => {
    notes.push(`acquirer: ${line}`);
    const ready = /^listening on (\S+)/.exec(line);
    if (!ready || address !== undefined) return;
    address = ready[1];
    startTerminal();
  });

  function startTerminal(): void {
    const args = ['sim', 'terminal', '--link', at('terminal'), '--slips', at('slips')];
    if (tour) {
      const written = writeAtomic(at('tour.txt'), tourScript(flags.lang));
      if (!written.ok) return end(1, faultText(written.fault));
      args.push('--script', at('tour.txt'));
    }
    let tell = (record: TraceRecord): void => story.tell(record);
    if (!tour) {
      const messages = openLines(at('messages.txt'));
      if (!messages.ok) return end(1, faultText(messages.fault));
      const beside = new Storyteller(profile, flags.lang, text => void messages.value.write(text));
      // Screens and slips are seen on the terminal; a person wants to read the messages beside it.
      tell = record => {
        if (record.kind === 'sent' || record.kind === 'received') beside.tell(record);
      };
      const hint = `${words.messages}: tail -f ${at('messages.txt')}`;
      console.print(hint);
      args.push('--note', hint);
    }
    const terminal = startPart(args, !tour);
    parts.push(terminal);
    let runtime: Part | undefined;
    let stopFollowing = (): void => {};
    const startRuntime = (): void => {
      if (runtime) return;
      runtime = startPart([
        ...['run', '--profile', PROFILE, '--port', at('terminal'), '--acquirer', address as string],
        ...['--journal', at('journal.db'), '--trace', at('trace.p85t'), '--log', at('run.log'), '--lang', flags.lang],
      ]);
      parts.push(runtime);
      runtime.onLine(line => notes.push(`runtime: ${line}`));
      runtime.onEnd(status => {
        if (!leaving) end(1, `the runtime ended by itself (status ${status})`);
      });
      stopFollowing = followTrace(at('trace.p85t'), profile, record => tell(record));
    };
    if (tour) {
      terminal.onLine(line => {
        notes.push(`terminal: ${line}`);
        if (line.startsWith('terminal ready')) startRuntime();
      });
    } else whenThere(at('terminal'), startRuntime);
    terminal.onEnd(status => {
      if (status !== 0)
        return end(
          1,
          tour
            ? `the tour broke off: the terminal's script ended with status ${status}`
            : `the terminal ended with status ${status}`,
        );
      if (!runtime) return end(0);
      leaving = true;
      runtime.onEnd(() => {
        stopFollowing();
        finish();
      });
      runtime.interrupt();
    });
  }

  function finish(): void {
    const ledger = openLedger(at('ledger.db'));
    const journal = openJournal({ path: at('journal.db'), readOnly: true });
    if (!ledger.ok) return end(1, faultText(ledger.fault));
    if (!journal.ok) return end(1, faultText(journal.fault));
    const verdict = compareBooks(journal.value, ledgerSummary(ledger.value.db));
    story.books(verdict, journal.value.anchor());
    journal.value.close();
    if (verdict.differences.length > 0) return end(1, 'the books differ');
    end(0);
  }
}
