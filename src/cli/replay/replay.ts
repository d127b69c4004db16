import { type Command, InvalidArgumentError, Option } from 'commander';
import { fault, faultText, ok, type Fault, type Result } from '../../fault.ts';
import { openClock } from '../../node/clock.ts';
import type { Console } from '../../node/console.ts';
import type { MacKind } from '../../security/mac.ts';
import { type FieldExpectation, parseExpectation } from '../../trace/expectation.ts';
import { FORMATS, openMessages, Peeked, type Format } from '../../trace/open.ts';
import type { ReplayOptions } from '../../trace/replay-messages.ts';
import { type Lexicon, lexiconOf } from '../trace/dialect.ts';
import type { TraceRim } from '../trace/rim.ts';
import { MAC_KINDS, macCheckOf, macRuleOf, parseKeys } from './macs.ts';
import { replayMessages } from './messages.ts';
import { type Beginning, beginningOf, HEAD_MAX, recordedProfile } from './peek.ts';
import { parseBound } from './range.ts';
import { type Lang, ReplayExit } from './words.ts';

/** What the command needs from outside, beside what the views of a trace need. */
export interface ReplayRim extends TraceRim {
  readonly console: Console;
  readText(path: string): Result<string>;
}

export interface ReplayFlags {
  readonly profile?: string;
  readonly dialect?: string;
  readonly option: readonly string[];
  readonly format?: Format;
  readonly expectField: readonly string[];
  readonly macKey?: string;
  readonly masterKey?: string;
  readonly testPin?: string;
  readonly macAlgorithm?: MacKind;
  readonly from?: string;
  readonly until?: string;
  readonly session?: string | true;
  readonly messages?: true;
  /** 0: at once; absent: at once, on a terminal as it was. */
  readonly speed?: number;
  readonly toTerminal?: string;
  readonly baud: number;
  readonly toAcquirer?: string;
  readonly rate: number;
  readonly yesThisIsATestAcquirer?: true;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly lang: Lang;
}

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value];

/** Adds `replay`: runs a capture again, message by message or the whole session, and says where it first differs. */
export function register(program: Command, rim: ReplayRim): void {
  program
    .command('replay')
    .description('run a capture again: its messages through the codec, or a whole session through the runtime')
    .argument('<file>', 'trace (.p85t), pcap, pcapng, hex dumps or JSON lines; - is standard input')
    .option('-p, --profile <id>', 'profile whose dialect is used; without it that of the trace, else unionpay-pos')
    .addOption(
      new Option('-d, --dialect <name|file>', 'a dialect instead of a profile; a path of it ends in .json').conflicts(
        'profile',
      ),
    )
    .option('-o, --option <name=choice>', 'a choice of a dialect option; may be given again for others', collect, [])
    .addOption(new Option('--format <format>', 'how the capture is written; found out without it').choices(FORMATS))
    .option('--messages', 'messages only, of a trace that holds a session, too')
    .option('--session [n]', 'the n-th session of a trace (a process that was started), 1 without a number')
    .option('--from <n|time>', 'first message: its number, or a time such as 2026-11-22T14:03:05')
    .option('--until <n|time|step>', 'last message; of a session the last record, a time, or a step of the screen')
    .option(
      '--expect-field <[type.]field=value>',
      'value that messages must have, e.g. 0210.39=00; repeatable',
      collect,
      [],
    )
    .option('--mac-key <file>', 'check the MACs with this clear key (hex in a file; one a line for several sign-ons)')
    .addOption(new Option('--mac-algorithm <name>', 'MAC algorithm (default: of the profile)').choices(MAC_KINDS))
    .option('--to-terminal <tty>', 'show the recorded screens of a session on this terminal')
    .option('--baud <n>', 'line speed of that terminal', numberFrom(300, 4_000_000), 19_200)
    .option('--speed <factor|max>', 'how fast a session is played: 1 as it was, 10 ten times; max at once', speed)
    .option('--to-acquirer <host:port>', 'send the recorded requests to a test acquirer and compare its answers')
    .option('--master-key <file>', 'test master key under which that acquirer sends its MAC keys (hex in a file)')
    .option('--test-pin <digits>', 'PIN of the cards at that acquirer, for recorded PIN blocks; with --master-key')
    .option('--rate <n>', 'requests a second at most', numberFrom(0.01, 1000), 5)
    .option('--yes-this-is-a-test-acquirer', 'send to another computer than this one')
    .option('--json', 'print one JSON object', false)
    .option('--quiet', 'print nothing when all is equal', false)
    .addOption(new Option('--lang <lang>', 'language of the text').choices(['zh', 'en']).default('en'))
    .addHelpText(
      'after',
      `
Exit status:
    0  all equal, and what was expected is there
    1  a difference, or an expectation that is not met
    2  usage: flags, profile, key file, address
    3  the file or a part of it cannot be read, or holds nothing to replay`,
    )
    .action(async (path: string, flags: ReplayFlags) => {
      const status = await replay(path, flags, rim);
      if (status !== undefined) rim.setExit(status);
    });
}

async function replay(path: string, flags: ReplayFlags, rim: ReplayRim): Promise<number | undefined> {
  const opened = rim.openSource(path);
  if (!opened.ok) return refuse(rim, opened.fault, ReplayExit.unreadable);
  const source = opened.value;
  try {
    const peeked = new Peeked(source, HEAD_MAX);
    const beginning = beginningOf(peeked.head, flags.format);
    const wantsSession = flags.session !== undefined || flags.toTerminal !== undefined;
    const forMessages = flags.messages === true || flags.toAcquirer !== undefined || flags.expectField.length > 0;
    if (wantsSession && forMessages) return refuse(rim, twoWays(), ReplayExit.usage);
    if (wantsSession || (beginning.session && !forMessages && flags.macKey === undefined && flags.from === undefined)) {
      const { replaySession } = await import('./session.ts');
      return await replaySession(path, peeked, beginning.zone, flags, rim);
    }
    return await replayOfMessages(path, peeked, beginning, flags, rim);
  } finally {
    source.close();
  }
}

async function replayOfMessages(
  path: string,
  source: Peeked,
  beginning: Beginning,
  flags: ReplayFlags,
  rim: ReplayRim,
): Promise<number> {
  const usage = (f: Fault): number => refuse(rim, f, ReplayExit.usage);
  const lexicon = await lexiconFor(beginning, flags, rim);
  if (!lexicon.ok) return usage(lexicon.fault);
  const { plan, zone } = lexicon.value;
  const options = optionsOf(flags, lexicon.value, beginning, rim);
  if (!options.ok) return usage(options.fault);
  if (flags.toAcquirer !== undefined) {
    const { replayToAcquirer } = await import('./to-acquirer.ts');
    return replayToAcquirer(path, source, { beginning, lexicon: lexicon.value, flags, options: options.value }, rim);
  }
  const { format } = flags;
  const messages = openMessages(source, { plan, framing: plan.framing, ...(format ? { format } : {}) });
  if (!messages.ok) return refuse(rim, messages.fault, ReplayExit.unreadable);
  const { lang, json, quiet } = flags;
  const job = {
    messages: messages.value,
    plan,
    options: options.value,
    size: source.size,
    detects: flags.option.length === 0,
    zone,
    lang,
    json,
    quiet,
  };
  const status = replayMessages(job, rim.console, openClock());
  if (source.fault !== undefined) return refuse(rim, unreadable(path, source.fault), ReplayExit.unreadable);
  if (status !== undefined) return status;
  const [trouble] = messages.value.troubles;
  const why = trouble === undefined ? '' : ` (offset ${trouble.offset}: ${trouble.why})`;
  return refuse(
    rim,
    nothing(`${path} holds no message${flags.from === undefined ? '' : ' in that range'}${why}`),
    ReplayExit.unreadable,
  );
}

/** The dialect that the flags name, that of the recorded profile, or the usual one. */
async function lexiconFor(beginning: Beginning, flags: ReplayFlags, rim: ReplayRim): Promise<Result<Lexicon>> {
  const named = flags.profile !== undefined || flags.dialect !== undefined;
  const profile = named || beginning.profile === undefined ? undefined : await recordedProfile(beginning.profile);
  return lexiconOf({ ...flags, clear: false }, { profile, zone: beginning.zone }, rim);
}

function optionsOf(
  flags: ReplayFlags,
  { plan, profile, zone }: Lexicon,
  beginning: Beginning,
  rim: ReplayRim,
): Result<ReplayOptions> {
  const expectations: FieldExpectation[] = [];
  for (const text of flags.expectField) {
    const parsed = parseExpectation(plan, text);
    if (!parsed.ok) return parsed;
    expectations.push(parsed.value);
  }
  const range: { fromNumber?: number; fromUs?: number; untilNumber?: number; untilUs?: number } = {};
  for (const end of ['from', 'until'] as const) {
    const text = flags[end];
    if (text === undefined) continue;
    const bound = parseBound(`--${end}`, text, zone);
    if (!bound.ok) return bound;
    if (bound.value.kind === 'number') range[`${end}Number`] = bound.value.number;
    else range[`${end}Us`] = bound.value.timeUs;
  }
  const base = {
    ...range,
    ...(expectations.length === 0 ? {} : { expectations }),
    redacted: beginning.format === 'own',
  };
  if (flags.macKey === undefined || flags.toAcquirer !== undefined) return ok(base);
  const text = rim.readText(flags.macKey);
  if (!text.ok) return text;
  const keys = parseKeys(flags.macKey, text.value, '--mac-key');
  if (!keys.ok) return keys;
  const rule = macRuleOf(flags.macAlgorithm ?? profile?.acquirer.macAlgorithm ?? 'unionpay-ecb');
  const mac = macCheckOf(rule, keys.value);
  return mac.ok ? ok({ ...base, mac: mac.value }) : mac;
}

export function refuse(rim: Pick<ReplayRim, 'printError'>, f: Fault, status: number): number {
  rim.printError(faultText(f));
  return status;
}

export function nothing(cause: string): Fault {
  return fault('E_NOEXIST', 'nothing-to-replay', cause, 'Give another file, another range, or --format and --profile');
}

export function unreadable(path: string, why: string): Fault {
  return fault(
    'E_FAILURE',
    'capture-unreadable',
    `${path}: ${why}`,
    'What was read before is reported above; copy the file again',
  );
}

function twoWays(): Fault {
  return fault(
    'E_ILLEGAL',
    'two-ways',
    'a session and its messages cannot be replayed at once',
    'Give either --session and --to-terminal, or --messages, --expect-field and --to-acquirer',
  );
}

function numberFrom(least: number, most: number): (text: string) => number {
  return text => {
    const value = Number(text);
    if (text.trim() !== '' && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`give a number from ${least} to ${most}`);
  };
}

/** 0 stands for `max`. */
function speed(text: string): number {
  if (text === 'max') return 0;
  return numberFrom(0.01, 1000)(text);
}
