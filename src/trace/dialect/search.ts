import { detectMessage } from '../../iso8583/detect.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import { compileFieldPlan, FIELD_MAX, planWithOptions, type FieldPlan } from '../../iso8583/plan.ts';
import type { DialectSource, FieldSource } from '../../iso8583/source.ts';
import { Status } from '../../iso8583/status.ts';
import { divideField } from '../../iso8583/subfields.ts';
import { Evidence } from './evidence.ts';
import {
  defaultsOf,
  fieldForms,
  type FieldForm,
  type Form,
  formsOf,
  READING_MEMBERS,
  sistersOf,
  sourceIn,
} from './forms.ts';
import { framingOf, type Head, headsOf } from './head.ts';

/** Messages that are looked at while searching; all of them count in the end. */
const SEARCHED_MAX = 6;
/** Readings whose fields are changed, in each round, and rounds. */
const BEAM = 6;
const ROUNDS = 5;
/** Forms of a dialect of which others that differ little are tried. */
const SISTERS_OF = 3;
/** Bits that a dearer reading may cost more than one that leaves nothing open. */
const PLENTY = 2;
/** Bits that a reading with something open may be behind one that explains all, to be worth more work. */
const BEHIND_MAX = 40;
/** Fields before the first wrong one that may be the wrong ones. */
const BLAMED = 4;
/** Evidence that a fit needs, bits: of a message and of all. Random bytes reach a handful after all that was tried. */
const FIT_MESSAGE = 28;
const FIT_ALL = 45;
/** Bits of a value that its layout fits. */
const LAYOUT_BITS = 2;
/** Bits for the framing that the dialect itself has. */
const FRAMING_BITS = 2;
/** Of many messages some may be damaged: fewest that must be read to the end, and their share. */
const WHOLE_LEAST = 3;
const WHOLE_SHARE = 0.75;
/** Other readings that are told. */
const OTHERS_MAX = 4;

/** A shipped dialect to begin with. */
export interface Base {
  readonly name: string;
  readonly source: DialectSource;
}

/** A field that is written another way than in the dialect. */
export interface Change {
  readonly field: number;
  /** As the dialect has it; undefined for a field that it does not have. */
  readonly before: FieldSource | undefined;
  readonly after: FieldSource;
  readonly option: readonly [name: string, choice: string] | undefined;
}

/** One way to read the messages. */
export interface Reading {
  readonly base: Base;
  readonly head: Head;
  readonly form: Form;
  readonly changes: readonly Change[];
  /** The dialect that reads them, options not applied; its framing is what a profile can say of `head`. */
  readonly source: DialectSource;
  readonly plan: FieldPlan;
  /** Bits that speak for it less what its differences cost. */
  readonly score: number;
  /** Share of all bytes that were read, 0 to 1. */
  readonly read: number;
  /** Messages that were read to their last byte. */
  readonly whole: number;
  /** The reading is no chance, and it reads all messages, or of many nearly all. */
  readonly fits: boolean;
  /** Numbers of fields whose content is not what it should be, over all messages. */
  readonly doubtful: readonly number[];
}

/** How far a shipped dialect comes as it is. */
export interface AsShipped {
  readonly base: Base;
  readonly read: number;
  readonly whole: number;
  /** The first message that it cannot read, from 0; -1 when it reads all. */
  readonly firstWrong: number;
}

export interface Finding {
  /** The likeliest first; empty when nothing looks like a message. */
  readonly readings: readonly Reading[];
  readonly shipped: readonly AsShipped[];
}

interface State {
  readonly base: Base;
  readonly head: Head;
  readonly form: Form;
  readonly plan: FieldPlan;
  readonly fields: ReadonlyMap<number, FieldForm>;
  readonly cost: number;
  readonly score: number;
  readonly whole: number;
}

/**
 * Finds the dialect of messages that nobody described: every way to stand on the line, then every way to write the fields of
 * the shipped dialects, then other ways to write the single fields at which the best readings stop. Readings are compared by
 * what speaks for them in all messages together (see {@link Evidence}) less the cost of each difference, so the plainest
 * explanation wins. `known` gives fields that a dialect lacks.
 */
export function findDialect(bases: readonly Base[], messages: readonly Uint8Array[], known: DialectSource): Finding {
  const shipped = bases.map(base => asShipped(base, messages));
  const heads = headsOf(messages);
  const search = new Search(messages.slice(0, SEARCHED_MAX), known);
  const states: State[] = [];
  for (const head of heads) for (const base of bases) states.push(...search.forms(base, head));
  let beam = best(states, BEAM * 2);
  const found = [...beam];
  for (let round = 0; round < ROUNDS && beam.length > 0; round++) {
    const next: State[] = [];
    const explained = Math.max(...found.filter(state => search.done(state)).map(({ score }) => score));
    for (const state of beam)
      if (state.score > explained - BEHIND_MAX && !search.done(state)) next.push(...search.changed(state));
    beam = best(next, BEAM);
    found.push(...beam);
  }
  const readings = best(found, OTHERS_MAX * 3)
    .map(state => readingOf(search.plainer(state), messages))
    .filter(reading => reading !== undefined)
    .sort((a, b) => b.score - a.score);
  return { readings: distinct(readings, messages).slice(0, OTHERS_MAX), shipped };
}

class Search {
  private readonly messages: readonly Uint8Array[];
  private readonly known: DialectSource;
  private readonly evidence = new Evidence();
  private readonly plans = new Map<string, Columns | undefined>();

  constructor(messages: readonly Uint8Array[], known: DialectSource) {
    this.messages = messages;
    this.known = known;
  }

  forms(base: Base, head: Head): State[] {
    const states: State[] = [];
    let dearest = Number.POSITIVE_INFINITY;
    for (const form of formsOf(base.source, head)) {
      if (form.cost > dearest) break;
      const state = this.state(base, head, form);
      if (state === undefined) continue;
      states.push(state);
      // What is explained needs no explanation that costs much more.
      if (dearest === Number.POSITIVE_INFINITY && this.done(state)) dearest = form.cost + PLENTY;
    }
    for (const { form } of best(states, SISTERS_OF))
      for (const sister of sistersOf(base.source, head, form)) {
        const state = this.state(base, head, sister);
        if (state !== undefined) states.push(state);
      }
    return best(states, BEAM);
  }

  private state(base: Base, head: Head, form: Form): State | undefined {
    const plan = planWithOptions(sourceIn(base.source, head, form), {});
    if (!plan.ok) return undefined;
    const rated = this.rate(new MessageView(plan.value), head, form.cost);
    return { base, head, form, plan: plan.value, fields: new Map(), cost: form.cost, ...rated };
  }

  /** Nothing is left to explain. */
  done(state: State): boolean {
    return state.whole === this.messages.length && this.blamed(state).length === 0;
  }

  /** The state with one field written another way: the best of those that come further. */
  changed(state: State): State[] {
    const found: (() => State)[] = [];
    const scores: number[] = [];
    const plan = copyOf(state.plan);
    const view = new MessageView(plan);
    for (const field of this.blamed(state)) {
      if (state.fields.has(field)) continue;
      const own = Object.hasOwn(state.plan.source.fields, field) ? state.plan.source.fields[field] : undefined;
      const now = own ?? this.known.fields[String(field)] ?? nameless(field);
      const before = columnsOf(state.plan, field);
      for (const form of fieldForms(state.base.source, state.form, field, now, own === undefined)) {
        const columns = this.columns(state.plan, field, form.source);
        if (columns === undefined) continue;
        putColumns(plan, field, columns);
        const cost = state.cost + form.cost;
        const { score, whole } = this.rate(view, state.head, cost);
        if (score <= state.score) continue;
        scores.push(score);
        const fields = new Map(state.fields).set(field, form);
        found.push(() => {
          const kept = copyOf(state.plan);
          putColumns(kept, field, columns);
          const source = { ...kept.source, fields: { ...kept.source.fields, [field]: form.source } };
          return { ...state, plan: { ...kept, source }, fields, cost, score, whole };
        });
      }
      putColumns(plan, field, before);
    }
    const order = [...scores.keys()].sort((x, y) => scores[y] - scores[x]);
    return order.slice(0, BEAM).map(i => found[i]());
  }

  /** Takes back changes that explain nothing. */
  plainer(state: State): State {
    let kept = state;
    for (const field of state.fields.keys()) {
      const fields = new Map(kept.fields);
      fields.delete(field);
      const cost = kept.cost - (kept.fields.get(field)?.cost ?? 0);
      const before = kept.base.source.fields[field] as FieldSource | undefined;
      const columns = before && this.columns(kept.plan, field, before);
      if (columns === undefined) continue;
      const plan = copyOf(kept.plan);
      putColumns(plan, field, columns);
      const without = { ...kept, plan, fields, cost, ...this.rate(new MessageView(plan), kept.head, cost) };
      if (without.score >= kept.score) kept = without;
    }
    return kept;
  }

  /** Fields that may be to blame for what is wrong: where it stops and the ones before it, and those with an odd content. */
  private blamed(state: State): readonly number[] {
    const view = new MessageView(state.plan);
    const found = new Set<number>();
    for (const bytes of this.messages) {
      view.decode(bytes, Math.min(state.head.body, bytes.length), bytes.length);
      const wrong = view.status !== Status.ok;
      this.evidence.of(view, bytes.length);
      const from = wrong ? [view.errorField] : [];
      for (const field of [...from, ...this.evidence.wrong]) {
        if (field < 2) continue;
        found.add(field);
        let left = BLAMED;
        for (let before = field - 1; before >= 2 && left > 0; before--) {
          if (!view.announced(before)) continue;
          // A length is sooner wrong than a value that has none.
          if (state.plan.lengthBytes[before] > 0 || left > BLAMED - 2) found.add(before);
          left--;
        }
      }
      if (found.size > 2 * BLAMED) break;
    }
    return [...found];
  }

  private rate(view: MessageView, head: Head, cost: number): { score: number; whole: number } {
    let score = head.bits - cost;
    let whole = 0;
    for (const bytes of this.messages) {
      view.decode(bytes, Math.min(head.body, bytes.length), bytes.length);
      if (view.status === Status.ok) whole++;
      score += this.evidence.of(view, bytes.length);
    }
    return { score, whole };
  }

  /** What a plan says of a field of this form; undefined when the codec refuses it. Many states ask for the same. */
  private columns(plan: FieldPlan, field: number, source: FieldSource): Columns | undefined {
    const { defaults } = plan.source;
    const name = `${JSON.stringify(defaults)} ${READING_MEMBERS.map(member => source[member]).join()} ${source.pad ?? ''}`;
    if (this.plans.has(name)) return this.plans.get(name);
    const one = planWithOptions({ ...plan.source, fields: { [field]: source }, options: {} }, {});
    const columns = one.ok ? columnsOf(one.value, field) : undefined;
    this.plans.set(name, columns);
    return columns;
  }
}

/** The best of them, and of those that are read alike only the first. */
function best(states: readonly State[], count: number): State[] {
  return [...states].sort((a, b) => b.score - a.score).slice(0, count);
}

const nameless = (field: number): FieldSource => ({
  name: { zh: `${field}域`, en: `field ${field}` },
  type: 'ans',
  length: 'lll',
  max: 999,
  class: 'private',
});

/** What the arrays of a plan say of one field, in the order of {@link PARTS}. */
type Columns = readonly number[];

const PARTS = [
  ...(['type', 'form', 'ebcdic', 'allowed', 'lengthBytes', 'lengthForm'] as const),
  ...(['countsBytes', 'max', 'right', 'pad', 'fill', 'classes'] as const),
];

function copyOf(plan: FieldPlan): FieldPlan {
  return { ...plan, ...Object.fromEntries(PARTS.map(part => [part, plan[part].slice()])) };
}

const columnsOf = (plan: FieldPlan, field: number): Columns => PARTS.map(part => plan[part][field]);

function putColumns(plan: FieldPlan, field: number, columns: Columns): void {
  for (let i = 0; i < PARTS.length; i++) plan[PARTS[i]][field] = columns[i];
}

/** The state as a dialect of its own, read over all messages; undefined when the whole dialect does not compile. */
function readingOf(state: State, messages: readonly Uint8Array[]): Reading | undefined {
  const { base, head, form } = state;
  const own = new Map<number, FieldSource>();
  const options: Record<string, string> = {};
  for (const [field, { source, option }] of state.fields) {
    if (option) options[option[0]] = option[1];
    else own.set(field, safeClass(base, field, source));
  }
  let source: DialectSource = { ...sourceIn(base.source, head, form, own), framing: framingOf(head).framing };
  let plan = compileFieldPlan(source, options);
  if (!plan.ok) {
    // Layouts that do not suit the changed fields go.
    const subfields = Object.fromEntries(Object.entries(source.subfields).filter(([field]) => !own.has(Number(field))));
    source = { ...source, subfields };
    plan = compileFieldPlan(source, options);
    if (!plan.ok) return undefined;
  }
  const view = new MessageView(plan.value);
  const evidence = new Evidence();
  const doubtful = new Set<number>();
  let score = (head.bits * messages.length) / Math.max(1, Math.min(messages.length, SEARCHED_MAX)) - state.cost;
  const { tpdu, header } = base.source.framing;
  if (head.tpdu === tpdu && head.headerBytes > 0 === header) score += FRAMING_BITS;
  let done = 0;
  let all = 0;
  let whole = 0;
  for (const bytes of messages) {
    view.decode(bytes, Math.min(head.body, bytes.length), bytes.length);
    score += evidence.of(view, bytes.length) + layoutBits(view);
    for (const field of evidence.wrong) doubtful.add(field);
    if (view.status === Status.ok) whole++;
    done += view.end;
    all += bytes.length;
  }
  const changes = [...state.fields].map(([field, { source: after, option }]) => ({
    field,
    before: base.source.fields[field] as FieldSource | undefined,
    after: own.get(field) ?? after,
    option,
  }));
  const enough = whole === messages.length || (whole >= WHOLE_LEAST && whole >= WHOLE_SHARE * messages.length);
  const fits = enough && score >= FIT_ALL && score / messages.length >= FIT_MESSAGE;
  return {
    base,
    head,
    form,
    changes,
    source,
    plan: plan.value,
    score,
    read: all === 0 ? 0 : done / all,
    whole,
    fits,
    doubtful: [...doubtful],
  };
}

/** Values that are divided as the dialect says speak for it, and the other way round. */
function layoutBits(view: MessageView): number {
  let bits = 0;
  for (const key of Object.keys(view.plan.source.subfields)) {
    const field = Number(key);
    // Chip data is looked at whatever the dialect is.
    if (field === 55 || !view.has(field)) continue;
    const { parts, problems } = divideField(view.plan, view, field);
    bits += problems.length > 0 ? -LAYOUT_BITS : parts.length > 1 ? LAYOUT_BITS : 0;
  }
  return bits;
}

/** A field of another kind than the dialect's may hold anything: it is hidden until somebody says what it is. */
function safeClass(base: Base, field: number, source: FieldSource): FieldSource {
  const before = base.source.fields[field] as FieldSource | undefined;
  const known = before !== undefined && (before.type === source.type || before.class !== 'public');
  return known || source.class !== 'public' ? source : { ...source, class: 'private' };
}

/** Of readings of one dialect that find the same values in the same places only the first is told. */
function distinct(readings: readonly Reading[], messages: readonly Uint8Array[]): readonly Reading[] {
  const seen = new Set<string>();
  return readings.filter(({ base, plan, head }) => {
    const view = new MessageView(plan);
    const places: (string | number)[] = [base.name, head.body];
    for (const bytes of messages) {
      view.decode(bytes, Math.min(head.body, bytes.length), bytes.length);
      for (let field = 2; field <= FIELD_MAX; field++) {
        if (view.has(field)) places.push(field, view.offset(field), view.size(field), view.firstNibble(field));
      }
    }
    const name = places.join();
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  });
}

function asShipped(base: Base, messages: readonly Uint8Array[]): AsShipped {
  let done = 0;
  let all = 0;
  let whole = 0;
  let firstWrong = -1;
  for (const [i, bytes] of messages.entries()) {
    const found = detectMessage(base.source, bytes);
    if (!found.ok) continue;
    const right = found.value.status === Status.ok;
    if (right) whole++;
    else if (firstWrong < 0) firstWrong = i;
    done += right ? bytes.length : found.value.view.end > found.value.view.start ? found.value.view.end : 0;
    all += bytes.length;
  }
  return { base, read: all === 0 ? 0 : done / all, whole, firstWrong };
}

/** Members of a dialect that differ from the one it came from, for people and for a draft. */
export function differences(reading: Reading): readonly (readonly [what: string, before: string, after: string])[] {
  const { base, head, form } = reading;
  const own = defaultsOf(base.source);
  const found: (readonly [string, string, string])[] = [];
  const note = (what: string, before: unknown, after: unknown): void => {
    if (before !== after) found.push([what, String(before), String(after)]);
  };
  note('message type', base.source.mti, head.mti);
  note('bitmap', base.source.bitmap, head.bitmap);
  note('bitmaps at least', base.source.bitmaps?.least ?? 1, form.bitmapsLeast);
  note('bitmaps at most', base.source.bitmaps?.most ?? 1, form.bitmapsMost);
  for (const key of Object.keys(own) as (keyof typeof own)[]) note(key, own[key], form.defaults[key]);
  if (form.align !== 'own') found.push(['odd digits stand', 'as each field says', form.align]);
  return found;
}
