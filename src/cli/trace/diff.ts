import type { Command } from 'commander';
import { failed, fault, ok, type Result } from '../../fault.ts';
import type { FieldPlan } from '../../iso8583/plan.ts';
import type { Framing } from '../../iso8583/source.ts';
import { type Difference, differences, leavesOf } from './leaves.ts';
import { columnsOf, fill } from './lines.ts';
import { bodyStart, goTo, openReading, type Reading, readingOf, refuse, tellTroubles } from './reading.ts';
import { EXIT_DIFFERENT, EXIT_NOT_DECODED, EXIT_OK, readingFlags, type TraceFlags, type TraceRim } from './rim.ts';
import type { Row } from './story.ts';

interface DiffFlags extends TraceFlags {
  readonly ignore: string;
}

/** One message that was read, to be compared later. */
interface Kept {
  readonly row: Row;
  readonly bytes: Uint8Array;
  readonly plan: FieldPlan;
  readonly framing: Framing;
}

const NAME_COLUMNS_MAX = 30;
const TEXTS = {
  equal: { zh: '相同', en: 'equal' },
  onlyA: { zh: '仅在A中', en: 'only in A' },
  onlyB: { zh: '仅在B中', en: 'only in B' },
  absent: { zh: '(无)', en: '(absent)' },
  hidden: { zh: '隐藏部分不同', en: 'differs where hidden' },
} as const;
const HELP = `
A and B are captures, or single messages of them: capture.p85t:4. Whole captures are compared message by message, the
first sale request of A with the first of B, and so on. Values that are never the same twice can be left out:
    --ignore 11,12,13,37,38,64

Exit status: 0 nothing differs, 1 something does, 2 usage, 3 equal as far as it can be read, or no such message.`;

/** Adds `trace diff`: where two messages, or two captures, differ. */
export function registerDiff(trace: Command, rim: TraceRim): void {
  readingFlags(
    trace
      .command('diff')
      .description('compare two messages or two captures, field by field')
      .argument('<a>', 'a capture, or a message of it: file:4')
      .argument('<b>', 'what it is compared with; one of both may be - for stdin')
      .option('--ignore <paths>', 'fields and parts that do not count, with commas: 11,60.2,55,TPDU', ''),
  )
    .addHelpText('after', HELP)
    .action(async (a: string, b: string, flags: DiffFlags) => {
      const done = await diff(a, b, flags, rim);
      if (!done.ok) refuse(rim, done.fault);
    });
}

async function diff(a: string, b: string, flags: DiffFlags, rim: TraceRim): Promise<Result<void>> {
  const [left, right] = [sideOf(a), sideOf(b)];
  if (left.path === '-' && right.path === '-') {
    const remedy = 'Write one of them into a file';
    return failed(fault('E_ILLEGAL', 'two-inputs', 'A and B are both standard input', remedy));
  }
  if ((left.number === undefined) !== (right.number === undefined)) {
    const remedy = 'Give two captures, or a message of each: A:4 B:6';
    return failed(fault('E_ILLEGAL', 'two-kinds', 'one message cannot be compared with a whole capture', remedy));
  }
  const first = await openReading(left.path, flags, rim);
  if (!first.ok) return first;
  // One dialect for both, so that what differs is the messages and not how they are read.
  const second = readingOf(right.path, first.value.lexicon, flags, rim);
  if (!second.ok) {
    first.value.close();
    return second;
  }
  const comparison = new Comparison(flags, rim);
  const pair =
    left.number === undefined || right.number === undefined
      ? ok(comparison.all(first.value, second.value))
      : comparison.one(first.value, left.number, second.value, right.number);
  first.value.close();
  second.value.close();
  if (!pair.ok) return pair;
  comparison.finish();
  for (const reading of [first.value, second.value]) tellTroubles(reading, flags.lang, rim);
  const troubles = first.value.messages.troubleCount + second.value.messages.troubleCount;
  rim.setExit(comparison.same ? (troubles > 0 ? EXIT_NOT_DECODED : EXIT_OK) : EXIT_DIFFERENT);
  return ok(undefined);
}

function sideOf(text: string): { readonly path: string; readonly number: number | undefined } {
  const found = /^(.+):#?([1-9]\d{0,8})$/.exec(text);
  return found === null ? { path: text, number: undefined } : { path: found[1], number: Number(found[2]) };
}

/** Compares messages and tells at once what differs. */
class Comparison {
  private readonly flags: DiffFlags;
  private readonly rim: TraceRim;
  private readonly ignored: readonly string[];
  private pairs = 0;
  private different = 0;
  private readonly onlyA: Row[] = [];
  private readonly onlyB: Row[] = [];
  private readonly json: object[] = [];

  constructor(flags: DiffFlags, rim: TraceRim) {
    this.flags = flags;
    this.rim = rim;
    this.ignored = flags.ignore.split(',').filter(path => path !== '');
  }

  get same(): boolean {
    return this.different === 0 && this.onlyA.length === 0 && this.onlyB.length === 0;
  }

  one(a: Reading, numberA: number, b: Reading, numberB: number): Result<void> {
    const [left, right] = [goTo(a, numberA), goTo(b, numberB)];
    if (!left.ok) return left;
    if (!right.ok) return right;
    this.pair(kept(a), kept(b));
    return ok(undefined);
  }

  /** Takes messages from both in turn; what has no partner yet waits for it. */
  all(a: Reading, b: Reading): void {
    const waiting = new Map<string, Kept[]>();
    const sides = [
      { reading: a, mine: 'a', other: 'b', going: true },
      { reading: b, mine: 'b', other: 'a', going: true },
    ];
    while (sides.some(side => side.going)) {
      for (const side of sides) {
        if (!side.going) continue;
        side.going = side.reading.next();
        if (!side.going) continue;
        const message = kept(side.reading);
        const { row } = message;
        const kind = `${row.answer ? 'in' : 'out'} ${row.mti} ${row.type}`;
        const partner = waiting.get(`${side.other} ${kind}`)?.shift();
        if (partner === undefined) {
          const queue = waiting.get(`${side.mine} ${kind}`);
          if (queue === undefined) waiting.set(`${side.mine} ${kind}`, [message]);
          else queue.push(message);
        } else if (side.mine === 'a') this.pair(message, partner);
        else this.pair(partner, message);
      }
    }
    for (const [key, queue] of waiting) {
      (key.startsWith('a') ? this.onlyA : this.onlyB).push(...queue.map(({ row }) => row));
    }
  }

  private pair(a: Kept, b: Kept): void {
    this.pairs++;
    if (a.plan === b.plan && a.framing === b.framing && Buffer.compare(a.bytes, b.bytes) === 0) return;
    const leaves = ({ bytes, plan, framing }: Kept) =>
      leavesOf(bytes, plan, framing, bodyStart(framing, 0), this.flags.clear);
    const found = differences(leaves(a), leaves(b), path => this.isIgnored(path));
    if (found.length === 0) return;
    this.different++;
    if (this.flags.json) {
      const { lang } = this.flags;
      const rows = found.map(({ path, name, a: x, b: y }) => ({ path, name: name[lang], a: x ?? null, b: y ?? null }));
      this.json.push({ a: a.row.number, b: b.row.number, name: a.row.name[lang], differences: rows });
    } else this.tell(a.row, b.row, found);
  }

  private isIgnored(path: string): boolean {
    return this.ignored.some(each => path === each || path.startsWith(`${each}.`) || path.startsWith(`${each}(`));
  }

  private tell(a: Row, b: Row, found: readonly Difference[]): void {
    const { lang } = this.flags;
    const name = a.name[lang] === b.name[lang] ? a.name[lang] : `${a.name[lang]} / ${b.name[lang]}`;
    this.rim.print(`${this.pairs > 1 && this.different > 1 ? '\n' : ''}A #${a.number}  B #${b.number}  ${name}`);
    const rows = found.map(each => ({
      path: each.path,
      name: each.name[lang],
      a: each.a ?? TEXTS.absent[lang],
      b: (each.b ?? TEXTS.absent[lang]) + (each.a === each.b ? `  (${TEXTS.hidden[lang]})` : ''),
    }));
    const width = (pick: (row: (typeof rows)[number]) => string, most: number): number =>
      rows.reduce((widest, row) => Math.max(widest, Math.min(most, columnsOf(pick(row)))), 0);
    const [paths, names] = [width(row => row.path, 20), width(row => row.name, NAME_COLUMNS_MAX)];
    for (const row of rows) {
      const head = `  ${fill(row.path, paths)}  ${fill(row.name, names)}`;
      this.rim.print(`${head}  A ${row.a}`);
      this.rim.print(`${' '.repeat(columnsOf(head))}  B ${row.b}`);
    }
  }

  finish(): void {
    const { pairs, different, onlyA, onlyB, flags, rim } = this;
    const { lang } = flags;
    if (flags.json) {
      const numbers = (rows: readonly Row[]): number[] => rows.map(({ number }) => number).sort((x, y) => x - y);
      rim.print(JSON.stringify({ pairs, different: this.json, onlyA: numbers(onlyA), onlyB: numbers(onlyB) }, null, 2));
      return;
    }
    for (const [rows, word] of [[onlyA, TEXTS.onlyA[lang]] as const, [onlyB, TEXTS.onlyB[lang]] as const]) {
      for (const row of [...rows].sort((x, y) => x.number - y.number)) {
        rim.print(`${word}: #${row.number} ${row.name[lang]}${row.stan === '' ? '' : ` ${row.stan}`}`);
      }
    }
    if (pairs === 1 && different === 0 && this.same) return rim.print(TEXTS.equal[lang]);
    if (pairs === 1 && this.onlyA.length + this.onlyB.length === 0) return;
    rim.print(
      lang === 'zh'
        ? `${pairs}对报文，${different}对不同；仅在A中${onlyA.length}条，仅在B中${onlyB.length}条`
        : `${pairs} pairs, ${different} of them different; ${onlyA.length} only in A, ${onlyB.length} only in B`,
    );
  }
}

function kept(reading: Reading): Kept {
  return { row: reading.row, bytes: reading.copy(), plan: reading.view.plan, framing: reading.framing };
}
