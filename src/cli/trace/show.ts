import type { Command } from 'commander';
import { failed, fault, ok, type Result } from '../../fault.ts';
import { describeMessage, renderTree, type TreeNode } from '../../iso8583/describe.ts';
import type { Detection } from '../../iso8583/detect.ts';
import { FrameView } from '../../iso8583/frame.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import { Status } from '../../iso8583/status.ts';
import { publicNibbles } from '../../trace/hex-rows.ts';
import { jsonText, plainText, type Report, reportOf } from '../decode-report.ts';
import { browse } from './browse.ts';
import { hexDump, type Mark, placeOf } from './hex-dump.ts';
import { LineTeller, rowJson } from './lines.ts';
import { bodyStart, goTo, messageNumber, openReading, type Reading, refuse } from './reading.ts';
import { EXIT_NOT_DECODED, EXIT_OK, readingFlags, type TraceFlags, type TraceRim } from './rim.ts';

interface ShowFlags extends TraceFlags {
  readonly field?: string;
  readonly browse: boolean;
}

/** Adds `trace show`: one message, field by field and byte by byte. */
export function registerShow(trace: Command, rim: TraceRim): void {
  readingFlags(
    trace
      .command('show')
      .description('one message of a capture: its fields as a tree, and its bytes as hex')
      .argument('<number>', 'number of the message as trace view tells it')
      .argument('<file>', 'the capture; - is stdin')
      .option('--field <path>', 'mark this field in the hex: mti, bitmap, 39, 60.2, 55.9F26')
      .option('--browse', 'go through the fields with the arrow keys; q ends', false),
  )
    .addHelpText(
      'after',
      '\nExit status: 0 shown, 2 usage, 3 no such message or field, or it is not decoded to its end.',
    )
    .action(async (number: string, path: string, flags: ShowFlags) => {
      const shown = await show(number, path, flags, rim);
      if (!shown.ok) refuse(rim, shown.fault);
    });
}

async function show(text: string, path: string, flags: ShowFlags, rim: TraceRim): Promise<Result<void>> {
  const number = messageNumber(text);
  if (!number.ok) return number;
  const opened = await openReading(path, flags, rim);
  if (!opened.ok) return opened;
  const reading = opened.value;
  const there = goTo(reading, number.value);
  reading.close();
  if (!there.ok) return there;
  const found = detectionOf(reading);
  const bytes = found.view.message;
  const report = reportOf(found, bytes, found.options, flags);
  const mark = markOf(found.view, flags.field);
  if (!mark.ok) return mark;
  const shown = flags.clear ? new Uint8Array(bytes.length * 2).fill(1) : publicNibbles(found.view, report.doubt);
  if (flags.browse && rim.isTerminal('input') && rim.isTerminal('output')) {
    browse({ ...fieldsOf(report), bytes, shown, place: each => placeOf(found.view, each), at: flags.field }, rim);
    return ok(undefined);
  }
  if (flags.browse) {
    const remedy = 'Name the field with --field instead';
    return failed(fault('E_ILLEGAL', 'no-terminal', '--browse needs a terminal to show and to type', remedy));
  }
  const { profile } = reading.lexicon;
  if (flags.json) {
    const decoded = JSON.parse(jsonText(report)) as object;
    rim.print(JSON.stringify({ message: rowJson(there.value, profile, flags.lang), ...decoded }, null, 2));
  } else {
    const teller = new LineTeller(reading.lexicon, flags.lang);
    const day = teller.newDay(there.value.timeUs);
    const head = [teller.head(), ...(day === undefined ? [] : [day]), teller.line(there.value)];
    // Of bytes that are written another way nothing may be shown.
    const dump = report.foreign !== undefined && !flags.clear ? [] : ['', ...hexDump(bytes, shown, mark.value)];
    rim.print([...head, '', plainText(report), ...dump].join('\n'));
  }
  rim.setExit(found.status === Status.ok ? EXIT_OK : EXIT_NOT_DECODED);
  return ok(undefined);
}

/** The message at which a reading stands, in a copy of its bytes, as the report on a message wants it. */
export function detectionOf(reading: Reading): Detection {
  const bytes = reading.copy();
  const framing = { ...reading.framing, length: false } as const;
  const { plan } = reading.view;
  const view = new MessageView(plan);
  const frame = new FrameView();
  frame.open(framing, bytes, 0, bytes.length);
  view.decode(bytes, Math.min(bodyStart(framing, 0), bytes.length), bytes.length);
  const { status, errorField, errorOffset } = view;
  const options: Record<string, string> = {};
  for (const [name, option] of Object.entries(plan.source.options)) {
    if (plan.options[name] !== option.default) options[name] = plan.options[name];
  }
  return { framing, frame, plan, view, options, status, errorField, errorOffset };
}

function markOf(view: MessageView, path: string | undefined): Result<Mark | undefined> {
  if (path === undefined) return ok(undefined);
  const wanted = /^(mti|bitmap)$/i.test(path) ? path.toLowerCase() : path;
  const mark = placeOf(view, wanted);
  if (mark !== undefined) return ok(mark);
  const fields = Object.keys(view.plan.source.fields).filter(field => view.has(Number(field)));
  const remedy = `It has ${fields.join(', ')}; write a part as 60.2 or 55.9F26`;
  return failed(fault('E_NOEXIST', 'no-field', `the message has no field ${path}`, remedy));
}

/** The lines of the tree and the field of each. */
function fieldsOf({ found, clear, lang, doubt }: Report): { readonly lines: string[]; readonly paths: string[] } {
  const tree = describeMessage(found.view, { clear, lang }, doubt);
  const paths: string[] = [];
  const visit = (nodes: readonly TreeNode[], within: string): void => {
    for (const { key, children } of nodes) {
      const path = key === 'MTI' ? 'mti' : key === '' ? 'bitmap' : within === '' ? key : `${within}.${key}`;
      paths.push(path);
      visit(children, path);
    }
  };
  visit(tree.nodes, '');
  return { lines: renderTree(tree).split('\n'), paths };
}
