import { ok, type Result } from '../fault.ts';
import { nibbleAt } from '../wire/bcd.ts';
import { BODY_HEAD_LENGTH, MessageView } from './message-view.ts';
import { FrameView, bodyOffset, frameLengthBytes, readFrameLength } from './frame.ts';
import { FIELD_MAX, FieldTypeCode, LengthForm, compileFieldPlan, planWithOptions, type FieldPlan } from './plan.ts';
import type { DialectOptions, DialectSource, Framing } from './source.ts';
import { Status } from './status.ts';

/** Most combinations of options that are tried on one message. */
const OPTION_TRIES_MAX = 600;
/** Options that may differ from their default at the same time. */
const DEVIATIONS_MAX = 3;

/** What unknown bytes turned out to be. */
export interface Detection {
  readonly framing: Framing;
  readonly frame: FrameView;
  readonly plan: FieldPlan;
  readonly view: MessageView;
  /** Options that differ from the dialect's default, as far as the bytes show them. */
  readonly options: DialectOptions;
  /** {@link Status} of frame and body together; `ok` only when the last byte was reached. */
  readonly status: number;
  readonly errorField: number;
  readonly errorOffset: number;
}

/** Which of the three parts stand before the body, the likeliest first; the length in the dialect's own form. */
const PARTS: readonly (readonly [length: boolean, tpdu: boolean, header: boolean])[] = [
  [true, true, true],
  [false, true, true],
  [false, false, false],
  [false, false, true],
  [true, false, true],
  [true, true, false],
  [false, true, false],
  [true, false, false],
];

function framingsOf(source: DialectSource): readonly Framing[] {
  const form = source.framing.length === false ? 'binary' : source.framing.length;
  return PARTS.map(([length, tpdu, header]) => ({ length: length && form, tpdu, header }));
}

/**
 * Finds framing and dialect options of a message of unknown origin: the dialect as it is first, then other framings,
 * then other options, until every byte is explained. Fails only when the dialect itself is wrong; bytes that are no
 * message give the reading that came furthest, with its status.
 */
export function detectMessage(source: DialectSource, bytes: Uint8Array): Result<Detection> {
  const compiled = compileFieldPlan(source);
  if (!compiled.ok) return compiled;
  const plan = compiled.value;
  const ranked: Detection[] = [];
  for (const framing of framingsOf(source)) {
    if (!plausible(plan, framing, bytes)) continue;
    const reading = read(plan, framing, bytes);
    if (reading.status === Status.ok) return ok(withBetterAlignment(source, reading, bytes));
    ranked.push(reading);
  }
  for (const reading of ranked) {
    // A length that differs from the bytes is wrong whatever the options are.
    if (reading.frame.status !== Status.ok) continue;
    const other = search(source, reading, bytes, found => found.status === Status.ok);
    if (other !== undefined) return ok(withBetterAlignment(source, other, bytes));
  }
  // The sort is stable: of two that came equally far, the more complete framing stays first.
  ranked.sort((a, b) => b.view.end - a.view.end);
  return ok(ranked[0] ?? read(plan, source.framing, bytes));
}

function read(plan: FieldPlan, framing: Framing, bytes: Uint8Array): Detection {
  const frame = new FrameView();
  const view = new MessageView(plan);
  const end = bytes.length;
  let bodyEnd = end;
  frame.open(framing, bytes, 0, end);
  if (frame.status === Status.frameLength) {
    // Bytes after the frame, or a frame that was cut: read what the length says, as far as there is something.
    const announced = frameLengthBytes(framing) + Math.max(0, readFrameLength(framing, bytes, 0));
    bodyEnd = Math.max(frame.bodyStart, Math.min(end, announced));
  }
  const start = frame.status === Status.truncated ? Math.min(bodyOffset(framing), end) : frame.bodyStart;
  view.decode(bytes, start, bodyEnd);
  let status = view.status;
  let { errorField, errorOffset } = view;
  if (status === Status.ok && frame.status !== Status.ok) {
    status = bodyEnd < end ? Status.trailing : frame.status;
    errorField = 0;
    errorOffset = bodyEnd < end ? bodyEnd : 0;
  }
  return { framing, frame, plan, view, options: observed(plan, view), status, errorField, errorOffset };
}

/**
 * Cheap look at the bytes before a whole decode: TPDU and header begin with 6x; then comes a message type, version 0 to 2
 * (1987, 1993, 2003) or national or private, class 1 to 8, function 0 to 9, origin 0 to 5.
 */
function plausible(plan: FieldPlan, framing: Framing, bytes: Uint8Array): boolean {
  const body = bodyOffset(framing);
  if (bytes.length < body + BODY_HEAD_LENGTH) return false;
  let at = frameLengthBytes(framing);
  if (framing.tpdu) {
    if (bytes[at] !== 0x60) return false;
    at += 5;
  }
  if (framing.header && bytes[at] >> 4 !== 6) return false;
  const packed = plan.mtiForm === LengthForm.bcd;
  const digit = (i: number): number => {
    if (packed) return nibbleAt(bytes, body * 2 + i);
    return bytes[body + i] - (plan.mtiForm === LengthForm.ascii ? 0x30 : 0xf0);
  };
  const [version, kind, fn, origin] = [digit(0), digit(1), digit(2), digit(3)];
  const versionKnown = (version >= 0 && version <= 2) || version === 8 || version === 9;
  if (!versionKnown || kind < 1 || kind > 8 || fn < 0 || fn > 9 || origin < 0 || origin > 5) return false;
  return plan.bitmapsMost > 1 || plan.bitmapForm !== 0 || bytes[body + (packed ? 2 : 4)] < 0x80;
}

/** Odd digits whose pad nibble is neither 0 nor F: a sign that they stand at the other end of their bytes. */
function doubts(view: MessageView): number {
  let count = 0;
  for (let f = 2; f <= FIELD_MAX; f++) {
    const pad = view.padNibble(f);
    if (view.plan.type[f] === FieldTypeCode.n && pad > 0 && pad < 0x0f) count++;
  }
  return count;
}

function withBetterAlignment(source: DialectSource, reading: Detection, bytes: Uint8Array): Detection {
  const before = doubts(reading.view);
  if (before === 0) return reading;
  return search(source, reading, bytes, found => found.status === Status.ok && doubts(found.view) === 0) ?? reading;
}

interface Deviation {
  readonly option: string;
  readonly choice: string;
}

/** Tries other choices of the options that touch fields of this message, the fewest changes first. */
function search(
  source: DialectSource,
  reading: Detection,
  bytes: Uint8Array,
  good: (found: Detection) => boolean,
): Detection | undefined {
  const deviations = relevant(source, reading);
  let tries = 0;
  const attempt = (chosen: Record<string, string>, from: number, left: number): Detection | undefined => {
    for (let i = from; i < deviations.length; i++) {
      const { option, choice } = deviations[i];
      if (Object.hasOwn(chosen, option)) continue;
      const next = { ...chosen, [option]: choice };
      if (left > 1) {
        const deeper = attempt(next, i + 1, left - 1);
        if (deeper !== undefined) return deeper;
        continue;
      }
      if (tries++ >= OPTION_TRIES_MAX) return undefined;
      const plan = planWithOptions(source, next);
      if (!plan.ok) continue;
      const found = read(plan.value, reading.framing, bytes);
      if (good(found)) return found;
    }
    return undefined;
  };
  for (let depth = 1; depth <= DEVIATIONS_MAX; depth++) {
    const found = attempt({}, 0, depth);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Members of a field that change how its bytes are read. */
const READING_MEMBERS = ['type', 'encoding', 'length', 'lengthEncoding', 'lengthCounts', 'max', 'align'];

function relevant(source: DialectSource, reading: Detection): readonly Deviation[] {
  const found: Deviation[] = [];
  for (const [option, { default: standard, choices }] of Object.entries(source.options)) {
    for (const [choice, changes] of Object.entries(choices)) {
      if (choice === standard) continue;
      const matters = Object.entries(changes).some(
        ([field, change]) =>
          reading.view.announced(Number(field)) && Object.keys(change).some(member => READING_MEMBERS.includes(member)),
      );
      if (matters) found.push({ option, choice });
    }
  }
  return found;
}

/** The plan's own deviations from the defaults, and the fillers that the digits of this message show. */
function observed(plan: FieldPlan, view: MessageView): DialectOptions {
  const options: Record<string, string> = {};
  for (const [name, option] of Object.entries(plan.source.options)) {
    if (plan.options[name] !== option.default) options[name] = plan.options[name];
    for (const [choice, changes] of Object.entries(option.choices)) {
      const shown = Object.entries(changes).some(
        ([field, change]) =>
          change.pad !== undefined && view.padNibble(Number(field)) === Number.parseInt(change.pad, 16),
      );
      if (shown && choice !== option.default) options[name] = choice;
    }
  }
  return options;
}
