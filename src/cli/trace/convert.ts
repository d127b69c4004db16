import { type Command, InvalidArgumentError, Option } from 'commander';
import { STAND_IN_KEY_LENGTH, standInOf } from '../../card/stand-in.ts';
import { failed, fault, ok, type Result } from '../../fault.ts';
import type { FieldPlan } from '../../iso8583/plan.ts';
import { openEntropy } from '../../node/entropy.ts';
import { type NewFile, openNewFile } from '../../node/new-file.ts';
import { softwareVersion } from '../../node/version.ts';
import { FORMATS, openMessages } from '../../trace/open.ts';
import { PORT } from '../../trace/pcapng-out.ts';
import { MessageRedactor } from '../../trace/redact-message.ts';
import { type Lexicon, lexiconOf } from './dialect.ts';
import { HexOutput, JsonOutput, MarkdownOutput, NO_LINK, type Output, OwnOutput, PcapngOutput } from './output.ts';
import { openReading, Reading, refuse, tellTroubles } from './reading.ts';
import { EXIT_NOT_DECODED, EXIT_OK, type TraceFlags, type TraceRim } from './rim.ts';

/** What a capture can be written as, and how the names of its files end. */
const ENDINGS = {
  own: ['.p85t'],
  pcapng: ['.pcapng', '.ntar'],
  jsonl: ['.jsonl', '.ndjson', '.json'],
  md: ['.md', '.markdown'],
  hex: ['.hex', '.txt', '.log'],
} as const;
type Form = keyof typeof ENDINGS;
const FORMS = Object.keys(ENDINGS) as Form[];

interface ConvertFlags extends Omit<TraceFlags, 'json'> {
  readonly output: string;
  readonly to?: Form;
  readonly for?: 'wireshark';
  readonly port: number;
  readonly acquirerPort?: number;
}

/** Adds `trace convert` and `trace redact`. */
export function registerConvert(trace: Command, rim: TraceRim): void {
  const status =
    '\nNothing is written over a file that is there; -o - is standard output.' +
    '\nExit status: 0 all was written, 2 usage, or a file that cannot be read or written, 3 a part of it could not be read.';
  const both = (command: Command): Command =>
    command
      .requiredOption('-o, --output <file>', 'file to write: its ending says what it becomes')
      .addOption(new Option('--to <form>', 'what it becomes, whatever the name of the file ends in').choices(FORMS))
      .option('--port <number>', 'pcapng: port of the acquirer in what is written', portNumber, PORT)
      .option('--acquirer-port <number>', 'of a capture of a network: port of the acquirer in it', portNumber)
      .option('-p, --profile <id>', 'profile whose dialect is used; without it that of the trace itself')
      .addOption(
        new Option('-d, --dialect <name|file>', 'a dialect instead of a profile; a path of it ends in .json').conflicts(
          'profile',
        ),
      )
      .option(
        '--option <name=choice>',
        'read the messages with this choice of a dialect option; may be given again for others',
        (value: string, before: readonly string[]) => [...before, value],
        [] as readonly string[],
      )
      .addOption(new Option('--format <format>', 'how the capture is written; found out without it').choices(FORMATS))
      .addOption(
        new Option('--lang <lang>', 'language of a page and of what is told').choices(['zh', 'en']).default('en'),
      );
  both(
    trace
      .command('convert')
      .description('write a capture as a trace, pcapng, JSON lines, Markdown or hex; card data is replaced or masked')
      .argument('<file>', 'the capture: a trace of pos8583 run --trace, pcap, pcapng, hex dump, JSON lines; - is stdin')
      .addOption(
        new Option('--for <program>', 'pcapng: every message in the form that the program’s dissector reads').choices([
          'wireshark',
        ]),
      )
      .option('--clear', 'leave card data as it is in the capture (test data only)', false),
  )
    .addHelpText('after', status)
    .action(async (path: string, flags: ConvertFlags) => convert(path, flags, rim));
  both(
    trace
      .command('redact')
      .description('write a capture once more with card data, PIN blocks and keys replaced; lengths stay')
      .argument('<file>', 'the capture; - is stdin'),
  )
    .addHelpText('after', status)
    .action(async (path: string, flags: ConvertFlags) => convert(path, { ...flags, clear: false }, rim));
}

async function convert(path: string, flags: ConvertFlags, rim: TraceRim): Promise<void> {
  const form = formOf(flags);
  if (!form.ok) return refuse(rim, form.fault);
  const opened = await openCapture(path, flags, rim);
  if (!opened.ok) return refuse(rim, opened.fault);
  const reading = opened.value;
  const file = openNewFile(flags.output);
  if (!file.ok) {
    reading.close();
    return refuse(rim, file.fault);
  }
  const transfer = new Transfer(reading, form.value, file.value, flags);
  transfer.run();
  reading.close();
  tellTroubles(reading, flags.lang, rim);
  for (const line of transfer.notes()) rim.printError(line);
  if (transfer.messages === 0 && transfer.records === 0) {
    file.value.discard();
    const remedy =
      'Name the profile or dialect of these messages with --profile or --dialect, or the port with --acquirer-port';
    return refuse(rim, fault('E_NOEXIST', 'no-messages', `${path} holds no messages of this profile`, remedy));
  }
  const closed = file.value.close();
  if (!closed.ok) return refuse(rim, closed.fault);
  rim.setExit(reading.messages.troubleCount + transfer.lost > 0 ? EXIT_NOT_DECODED : EXIT_OK);
}

/** Goes through a capture once and writes it. */
class Transfer {
  messages = 0;
  records = 0;
  /** Records that were left out because nothing says that they were redacted. */
  private hidden = 0;
  private readonly reading: Reading;
  private readonly form: Form;
  private readonly file: NewFile;
  private readonly flags: ConvertFlags;
  private readonly redactors = new Map<FieldPlan, Map<string, MessageRedactor>>();
  private readonly standIn = standInOf(throwawayKey());
  private output: Output | undefined;

  constructor(reading: Reading, form: Form, file: NewFile, flags: ConvertFlags) {
    this.reading = reading;
    this.form = form;
    this.file = file;
    this.flags = flags;
  }

  run(): void {
    const { reading } = this;
    const { messages } = reading;
    while (reading.next()) {
      const { records } = reading;
      // A trace says in its first bytes that it was redacted when it was written.
      const redacted = records?.redacted === true;
      const output = (this.output ??= this.outputOf(redacted || !this.flags.clear));
      if (records !== undefined && !reading.atMessage) {
        if (!redacted && !this.flags.clear) this.hidden++;
        else {
          this.records++;
          output.record(records, messages.stream);
        }
        continue;
      }
      if (!redacted && !this.flags.clear) this.redactor().redact(messages.bytes, messages.from, messages.to);
      this.messages++;
      output.message(messages, reading.view, reading.framing, records?.link ?? NO_LINK);
    }
    this.output?.end();
  }

  /** What was left out, for people. */
  notes(): readonly string[] {
    const zh = this.flags.lang === 'zh';
    const notes: string[] = [];
    const leftOut = this.output?.leftOut ?? 0;
    if (leftOut > 0) notes.push(zh ? `${leftOut}条报文过长，未写入` : `${leftOut} messages are too long for this form`);
    if (this.hidden > 0) {
      notes.push(
        zh
          ? `${this.hidden}条其他记录未写入：无法确认其已脱敏`
          : `${this.hidden} records that are no messages were left out: nothing says that they were redacted`,
      );
    }
    return notes;
  }

  get lost(): number {
    return (this.output?.leftOut ?? 0) + this.hidden;
  }

  private outputOf(redacted: boolean): Output {
    const { file, flags, reading } = this;
    const { framing } = reading.lexicon.plan;
    switch (this.form) {
      case 'own':
        return new OwnOutput(file, framing, redacted);
      case 'pcapng':
        return new PcapngOutput(file, framing, `pos8583 ${softwareVersion()}`, flags.port, flags.for === 'wireshark');
      case 'jsonl':
        return new JsonOutput(file);
      case 'md':
        return new MarkdownOutput(file, flags.lang);
      case 'hex':
        return new HexOutput(file);
    }
  }

  /** The redactor for the way in which the message at hand is read. Its key is never written anywhere. */
  private redactor(): MessageRedactor {
    const { reading, redactors } = this;
    const { plan } = reading.view;
    const { framing } = reading;
    const name = `${framing.tpdu}${framing.header}`;
    let ofPlan = redactors.get(plan);
    if (ofPlan === undefined) redactors.set(plan, (ofPlan = new Map()));
    let redactor = ofPlan.get(name);
    if (redactor === undefined) ofPlan.set(name, (redactor = new MessageRedactor(plan, framing, this.standIn)));
    return redactor;
  }
}

/** A key that nobody keeps: what stands for a card cannot be traced back. */
function throwawayKey(): Uint8Array {
  const key = new Uint8Array(STAND_IN_KEY_LENGTH);
  openEntropy().fill(key);
  return key;
}

async function openCapture(path: string, flags: ConvertFlags, rim: TraceRim): Promise<Result<Reading>> {
  const lexicon = await lexiconFor(path, flags, rim);
  if (!lexicon.ok) return lexicon;
  const source = rim.openSource(path);
  if (!source.ok) return source;
  const { plan } = lexicon.value;
  const messages = openMessages(source.value, {
    plan,
    framing: plan.framing,
    records: true,
    ...(flags.format === undefined ? {} : { format: flags.format }),
    ...(flags.acquirerPort === undefined ? {} : { acquirerPort: flags.acquirerPort }),
  });
  if (messages.ok) return ok(new Reading(messages.value, lexicon.value, () => source.value.close()));
  source.value.close();
  return messages;
}

/** What the flags name, or the capture itself; standard input can be read only once, so it is not asked. */
async function lexiconFor(path: string, flags: ConvertFlags, rim: TraceRim): Promise<Result<Lexicon>> {
  if (path === '-') return lexiconOf({ ...flags, json: false }, undefined, rim);
  const looked = await openReading(path, { ...flags, json: false }, rim);
  if (!looked.ok) return looked;
  looked.value.close();
  return ok(looked.value.lexicon);
}

function formOf({ to, output }: ConvertFlags): Result<Form> {
  if (to !== undefined) return ok(to);
  const name = output.toLowerCase();
  const found = FORMS.find(form => ENDINGS[form].some(ending => name.endsWith(ending)));
  if (found !== undefined) return ok(found);
  const remedy = `Name it with --to ${FORMS.join('|')}, or let the file end in ${FORMS.map(form => ENDINGS[form][0]).join(', ')}`;
  return failed(fault('E_ILLEGAL', 'unknown-form', `the name ${output} does not say what to write`, remedy));
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError('A port is 1 to 65535.');
  return port;
}
