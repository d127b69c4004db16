import type { StandIn } from '../card/stand-in.ts';
import { FrameView } from '../iso8583/frame.ts';
import { MessageView } from '../iso8583/message-view.ts';
import { FIELD_MAX, FieldTypeCode, fieldClass, LengthForm, type FieldPlan } from '../iso8583/plan.ts';
import { unitOf, type Unit } from '../iso8583/field-value.ts';
import type { Framing } from '../iso8583/source.ts';
import { Status } from '../iso8583/status.ts';
import { type Choice, choicesOf } from './redact-choice.ts';
import { Action, actionOf, Marker, markRuns, PAN_MIN } from './redact-marks.ts';
import { TagActions, TlvRedactor } from './redact-tlv.ts';
import { fillUnits, loadUnits, storeUnits } from './redact-unit.ts';
import { LayoutWalker } from './redact-walk.ts';

/** Units of the longest value of any field. */
const VALUE_MAX = 10_000;
/** Field of track 3 in every edition. */
const TRACK_3 = 36;
/** A doubtful value of so many digits or characters may be seen when nothing beside it is. */
const SHORT_MAX = 2;

/** What is to be done with one field, made once. */
interface FieldRule {
  readonly unit: Unit;
  readonly action: number;
  /** Its own class is about a card and its length is not fixed. */
  readonly card: boolean;
  /** Free text. */
  readonly text: boolean;
  /** It is about a card or has parts that are: behind it lengths may be wrong. */
  readonly holdsCard: boolean;
  readonly choices: readonly Choice[];
}

/**
 * Marks messages in place by the classes of their dialect: see docs/redaction.md for what becomes what. Lengths stay, and a
 * message that could be decoded can be decoded afterwards with all its public values as they were. What cannot be decoded, and
 * what may be out of place behind a wrong length, is marked too. It creates nothing.
 */
export class MessageRedactor {
  private readonly plan: FieldPlan;
  private readonly framing: Framing;
  private readonly frame = new FrameView();
  private readonly view: MessageView;
  private readonly marker: Marker;
  private readonly walker: LayoutWalker;
  private readonly rules: readonly (FieldRule | undefined)[];
  /** First field in which card data of unknown length may stand. */
  private readonly firstHidden: number;
  private readonly codes = new Uint8Array(VALUE_MAX);
  /** Number of the layout of each field for the message at hand, -1 = none. */
  private readonly chosen = new Int8Array(FIELD_MAX + 1);

  /** `framing`: what stands before the body; a length before all of it is not part of the bytes. */
  constructor(plan: FieldPlan, framing: Framing, standIn: StandIn) {
    this.plan = plan;
    this.framing = { ...framing, length: false };
    this.view = new MessageView(plan);
    this.marker = new Marker(standIn);
    this.walker = new LayoutWalker(this.marker, new TlvRedactor(new TagActions(plan.source.tags), this.marker));
    this.rules = Array.from({ length: FIELD_MAX + 1 }, (_, field) => ruleOf(plan, field));
    this.firstHidden = firstHidden(plan);
  }

  /** Marks the frame `bytes[from, to)`: TPDU and header where the framing has them, and the body; no length in front. */
  redact(bytes: Uint8Array, from: number, to: number): void {
    if (this.frame.open(this.framing, bytes, from, to) !== Status.ok) {
      bytes.fill(0, from, to);
      return;
    }
    const { view } = this;
    const status = view.decode(bytes, this.frame.bodyStart, to);
    if (status !== Status.ok) return this.broken(bytes, to);
    for (let field = 2; field <= FIELD_MAX; field++) if (view.has(field)) this.choose(field);
    let behindCard = false;
    for (let field = 2; field <= FIELD_MAX; field++) {
      if (!view.has(field)) continue;
      const rule = this.rules[field]!;
      const variable = this.plan.lengthBytes[field] > 0;
      const short = variable && rule.card && this.digits(field) < PAN_MIN;
      behindCard ||= variable && rule.holdsCard;
      const sound = this.value(field, rule, behindCard);
      if (short || !sound) return this.doubtful(field + 1);
    }
  }

  private choose(field: number): void {
    const { choices } = this.rules[field]!;
    this.chosen[field] = -1;
    for (let i = 0; i < choices.length; i++) {
      if (!choices[i].holds(this.view, field)) continue;
      this.chosen[field] = i;
      return;
    }
  }

  /** Marks one value. False when something in it is wrong, so that what follows may be out of place. */
  private value(field: number, rule: FieldRule, behindCard: boolean): boolean {
    const { action, unit, choices } = rule;
    const chosen = this.chosen[field];
    const layout = chosen < 0 || action === Action.pan ? undefined : choices[chosen].layout;
    if (layout === undefined && (action === Action.mac || (action === Action.public && !rule.text))) return true;
    const { codes, walker, view } = this;
    const size = loadUnits(view, field, codes);
    let sound = true;
    if (layout !== undefined) {
      walker.walk(layout, codes, size, unit, action);
      if (walker.problemAt >= 0 && behindCard) {
        const from = Math.min(walker.trusted, walker.problemAt);
        codes.fill(unit === 'byte' ? 0 : 0x30, from, size);
        sound = false;
      }
    } else if (action === Action.public) markRuns(codes, 0, size);
    else if (unit === 'byte') this.marker.bytes(action, codes, 0, size);
    else if (unit === 'digit') this.marker.digits(action, codes, 0, size);
    else this.marker.characters(action, codes, 0, size);
    storeUnits(view, field, codes);
    codes.fill(0, 0, size);
    return sound;
  }

  /** Marks all values from `first` on whole; a very short public one stays where nothing beside it is seen. */
  private doubtful(first: number): void {
    const { view } = this;
    let shown = false;
    for (let field = first; field <= FIELD_MAX; field++) {
      if (!view.has(field)) continue;
      shown = !shown && this.harmless(field);
      if (shown) continue;
      fillUnits(view, field, this.rules[field]!.unit === 'byte' ? 0 : 0x30);
    }
  }

  /**
   * A message that could not be decoded to its end. Its bitmap may be wrong, and then digits of a card number stand where a
   * public value is looked for: everything behind the first bitmap is zeroed but what stands before any card data, and very
   * short values that have no neighbours.
   */
  private broken(bytes: Uint8Array, to: number): void {
    const { plan, view } = this;
    const mti = plan.mtiForm === LengthForm.bcd ? 2 : 4;
    const head = view.status === Status.mti || view.errorField < 2 ? 0 : mti + (plan.bitmapForm === 0 ? 8 : 16);
    let at = view.start + (view.errorField === 1 ? mti : head);
    let shown = false;
    for (let field = 2; field <= FIELD_MAX; field++) {
      if (!view.has(field)) continue;
      shown = field < this.firstHidden || (!shown && this.harmless(field));
      if (!shown) continue;
      const start = view.offset(field);
      bytes.fill(0, at, start);
      if (this.rules[field]!.action !== Action.public) continue;
      at = start + view.length(field);
    }
    bytes.fill(0, at, to);
  }

  private harmless(field: number): boolean {
    return this.rules[field]!.action === Action.public && this.digits(field) <= SHORT_MAX;
  }

  /** Units of a value; of bytes the digits that they could be. */
  private digits(field: number): number {
    return this.view.size(field) * (this.plan.type[field] === FieldTypeCode.b ? 2 : 1);
  }
}

function ruleOf(plan: FieldPlan, field: number): FieldRule | undefined {
  if (plan.type[field] === FieldTypeCode.absent) return undefined;
  const unit = unitOf(plan, field);
  const shownAs = fieldClass(plan, field);
  const card = shownAs === 'pan' || shownAs === 'track';
  const choices = choicesOf(plan, field, unit);
  const track3 = shownAs === 'track' && field === TRACK_3;
  return {
    unit,
    action: choices === undefined ? Action.private : track3 ? Action.track3 : actionOf(shownAs),
    card,
    text: plan.type[field] === FieldTypeCode.ans && plan.lengthBytes[field] > 0,
    holdsCard: card || choices === undefined || choices.some(choice => choice.holdsCard),
    choices: choices ?? [],
  };
}

function firstHidden(plan: FieldPlan): number {
  for (let field = 2; field <= FIELD_MAX; field++) {
    const there = plan.type[field] !== FieldTypeCode.absent;
    if (there && plan.lengthBytes[field] > 0 && fieldClass(plan, field) !== 'public') return field;
  }
  return FIELD_MAX;
}
