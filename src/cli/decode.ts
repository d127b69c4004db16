import { Option, type Command } from 'commander';
import { faultText, ok, type Fault, type Result } from '../fault.ts';
import type { Lang } from '../iso8583/describe.ts';
import { detectMessage, type Detection } from '../iso8583/detect.ts';
import { compileFieldPlan, type DialectOptions, type DialectSource } from '../iso8583/plan.ts';
import { Status } from '../iso8583/status.ts';
import { chosenOptions, dialectNamed, type DialectRim } from './named-dialect.ts';
import { readInput, type InputRim } from './decode-input.ts';
import { CLEAR, jsonText, plainText, reportOf } from './decode-report.ts';

const EXIT_USAGE = 2;
const EXIT_NOT_DECODED = 3;

/** What the command needs from outside. */
export interface DecodeRim extends InputRim, DialectRim {
  print(text: string): void;
  printError(text: string): void;
  setExit(code: number): void;
}

interface DecodeFlags {
  readonly file?: string;
  readonly text?: string;
  readonly profile: string;
  readonly dialect?: string;
  readonly option: readonly string[];
  readonly clear: boolean;
  readonly json: boolean;
  readonly lang: Lang;
}

/** Adds `decode`: one message from hex, text or binary, explained field by field, with everything that is wrong in it. */
export function register(program: Command, rim: DecodeRim): void {
  program
    .command('decode')
    .description('explain one ISO 8583 message: framing, fields, sub-fields, chip tags, and what is wrong in it')
    .argument(
      '[hex...]',
      'the message as hex; spaces, 0x, offsets and a hex dump are understood; - or nothing reads stdin',
    )
    .option('-f, --file <path>', 'read the message from a file, hex, text or binary; - is stdin')
    .option('-t, --text <characters>', 'the message as characters, for dialects that are written so; \\xHH is any byte')
    .option('-p, --profile <id>', 'profile whose dialect is used', 'unionpay-pos')
    .addOption(
      new Option(
        '-d, --dialect <name|file>',
        'a dialect instead of a profile: a name such as iso8583-1987-ascii, or a file that ends in .json',
      ).conflicts('profile'),
    )
    .option(
      '-o, --option <name=choice>',
      'read the message with this choice of a dialect option; may be given again for others',
      (value: string, before: readonly string[]) => [...before, value],
      [] as readonly string[],
    )
    .option(CLEAR, 'show card data, PIN blocks and keys as they are (test data only)', false)
    .option('--json', 'print one JSON object', false)
    .addOption(new Option('--lang <lang>', 'language of names').choices(['zh', 'en']).default('en'))
    .addHelpText(
      'after',
      '\nExit status: 0 decoded to the last byte (what is wrong inside a field is a warning), 2 usage, 3 not decoded.',
    )
    .action(async (hex: string[], flags: DecodeFlags) => {
      rim.setExit(await decode(hex, flags, rim));
    });
}

async function decode(hex: readonly string[], flags: DecodeFlags, rim: DecodeRim): Promise<number> {
  const usage = (problem: Fault): number => {
    rim.printError(faultText(problem));
    return EXIT_USAGE;
  };
  const loaded =
    flags.dialect === undefined ? await rim.loadDialect(flags.profile) : await dialectNamed(flags.dialect, rim);
  if (!loaded.ok) return usage(loaded.fault);
  const chosen = chosenOptions(flags.option);
  if (!chosen.ok) return usage(chosen.fault);
  const dialect = withChoices(loaded.value, chosen.value);
  if (!dialect.ok) return usage(dialect.fault);
  const input = await readInput({ hex, file: flags.file, text: flags.text }, dialect.value.mti, rim);
  if (!input.ok) return usage(input.fault);
  let best: { readonly found: Detection; readonly bytes: Uint8Array } | undefined;
  for (const bytes of input.value) {
    const detected = detectMessage(dialect.value, bytes);
    if (!detected.ok) return usage(detected.fault);
    const found = detected.value;
    if (best === undefined || (best.found.status !== Status.ok && progress(found) > progress(best.found))) {
      best = { found, bytes };
    }
  }
  if (best === undefined) return EXIT_USAGE;
  const options: Record<string, string> = { ...best.found.options };
  for (const [name, choice] of Object.entries(chosen.value)) {
    if (loaded.value.options[name].default !== choice) options[name] = choice;
  }
  const report = reportOf(best.found, best.bytes, options, flags);
  rim.print(flags.json ? jsonText(report) : plainText(report));
  return best.found.status === Status.ok ? 0 : EXIT_NOT_DECODED;
}

/** How much of a message was understood: all of it, or so many bytes of its body. */
function progress(found: Detection): number {
  return found.status === Status.ok ? Number.POSITIVE_INFINITY : found.view.end - found.view.start;
}

/** The dialect with choices made for good, so that no other ones are tried. */
function withChoices(source: DialectSource, chosen: DialectOptions): Result<DialectSource> {
  const plan = compileFieldPlan(source, chosen);
  if (!plan.ok) return plan;
  if (Object.keys(chosen).length === 0) return ok(source);
  const open = Object.entries(source.options).filter(([name]) => !Object.hasOwn(chosen, name));
  // Of the others only their default would be in the plan's fields; they stay free to be tried.
  const fixed = compileFieldPlan({ ...source, options: pick(source.options, Object.keys(chosen)) }, chosen);
  if (!fixed.ok) return fixed;
  return ok({ ...source, fields: fixed.value.source.fields, options: Object.fromEntries(open) });
}

function pick<T>(from: Readonly<Record<string, T>>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(names.map(name => [name, from[name]]));
}
