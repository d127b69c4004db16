import { failed, fault, ok, type Result } from '../../fault.ts';
import type { LocalTime } from '../../hal/hal.ts';
import { HEADER_LENGTH, TPDU_LENGTH } from '../../iso8583/frame.ts';
import { MessageBuilder } from '../../iso8583/message-builder.ts';
import type { MessageView } from '../../iso8583/message-view.ts';
import { FIELD_MAX, type FieldPlan } from '../../iso8583/plan.ts';
import { StatusText } from '../../iso8583/status.ts';
import { FRAME_LENGTH_MAX } from '../../limits.ts';
import { isKeyMode, parseKeyBlock, type WrappedKey } from '../../security/key-block.ts';
import { type MacRule, macSteps } from '../../security/mac.ts';
import { PIN_BLOCK_LENGTH, writePinBlock } from '../../security/pin-block.ts';
import { desEncrypt, runWithSoftwareKeys, softwareCipher, unwrapKey } from '../../sim/keys.ts';
import { copyField } from '../../trace/copy-field.ts';
import { digits } from '../../units.ts';

const STAN_MAX = 999_999;
const MAC_LENGTH = 8;
export const MAC_FIELD = 64;
const PIN_FIELD = 52;
const PAN_LENGTH_MAX = 19;
/** Longest track 2, digits. */
const TRACK_LENGTH_MAX = 104;
const SEPARATOR = 0x44;
/** Trace, time, date, reference, authorisation code, batch, original. All others stay as they are, and no string is made of them. */
const CHANGED: ReadonlySet<number> = new Set([11, 12, 13, 37, 38, 60, 61]);

/** Where UnionPay's layouts have the batch in field 60, and batch and trace of the original in field 61. */
const BATCH_60 = [2, 8] as const;
const BATCH_61 = [0, 6] as const;
const TRACE_61 = [6, 12] as const;

/** Where the keys for new MACs come from. */
export interface FireKeys {
  readonly rule: MacRule;
  /** Clear MAC key; or the master key under which sign-on answers bring one. */
  readonly mac?: Uint8Array;
  readonly master?: Uint8Array;
  /** ASCII digits of the PIN of all cards at the test acquirer: recorded PIN blocks are marks. Needs `master`. */
  readonly testPin?: Uint8Array;
}

/** A request of a capture, as it was recorded. */
export interface RecordedRequest {
  readonly number: number;
  readonly timeUs: number;
  /** TPDU, header and body. */
  readonly bytes: Uint8Array;
  readonly mti: number;
  readonly stan: string;
  /** The answer of the recording: code of field 39, fields 37, 38 and 60; undefined when none was recorded. */
  answer?: RecordedAnswer;
}

export interface RecordedAnswer {
  readonly code: string;
  readonly reference: string;
  readonly authCode: string;
  readonly info60: string;
}

/** What later messages point at: fields 37, 38, 39 and 60 of an answer. */
export function answerOf(view: MessageView): RecordedAnswer {
  return { code: view.text(39), reference: view.text(37), authCode: view.text(38), info60: view.text(60) };
}

/**
 * Makes recorded requests anew, so that an acquirer takes them for those of today: another trace number, the time, the MAC. What
 * points at an earlier message (reference, authorisation code, original trace and batch, the trace of a reversal) points at its new
 * one.
 */
export class FreshRequests {
  private readonly plan: FieldPlan;
  private readonly keys: FireKeys | undefined;
  private readonly builder: MessageBuilder;
  private readonly out = new Uint8Array(FRAME_LENGTH_MAX);
  private readonly macKeys: { MAK?: Uint8Array } = {};
  private pinKey: Uint8Array | undefined;
  private readonly account = new Uint8Array(TRACK_LENGTH_MAX);
  private readonly pinBlock = new Uint8Array(PIN_BLOCK_LENGTH);
  private nextStan: number;
  private readonly stans = new Map<string, string>();
  private readonly references = new Map<string, string>();
  private readonly authCodes = new Map<string, string>();
  private readonly batches = new Map<string, string>();
  private mode = '';

  constructor(plan: FieldPlan, keys: FireKeys | undefined, firstStan: number) {
    this.plan = plan;
    this.keys = keys;
    this.builder = new MessageBuilder(plan);
    this.nextStan = firstStan;
    if (keys?.mac) this.macKeys.MAK = keys.mac;
  }

  /**
   * The request anew: `bytes[0, length)` holds TPDU, header and body until the next call. `view` is the decoded recording.
   * Faults: `no-mac-key`, `cannot-encode`.
   */
  make(request: RecordedRequest, view: MessageView, now: LocalTime): Result<{ bytes: Uint8Array; length: number }> {
    const { plan, builder, out } = this;
    const { framing } = plan;
    const start = (framing.tpdu ? TPDU_LENGTH : 0) + (framing.header ? HEADER_LENGTH : 0);
    out.set(request.bytes.subarray(0, start));
    builder.begin(out, start, view.mti);
    const stan = this.stanFor(view);
    let macAt = -1;
    for (let f = 2; f <= FIELD_MAX; f++) {
      if (!view.has(f)) continue;
      if (f === MAC_FIELD) {
        macAt = builder.reserveMac(f);
        continue;
      }
      if (f === PIN_FIELD && this.newPinBlock(view)) {
        builder.bytes(f, this.pinBlock);
        continue;
      }
      const text = this.newText(f, view, stan, now);
      if (text === undefined) copyField(view, f, builder);
      else builder.value(f, text, padOf(view, f));
    }
    const end = builder.finish();
    if (end < 0)
      return failed(
        fault(
          'E_ILLEGAL',
          'cannot-encode',
          `message ${request.number}, field ${builder.errorField}: ${StatusText[-end].en}`,
          'Leave it out with --from and --until',
        ),
      );
    if (macAt >= 0) {
      const { rule } = this.keys ?? {};
      if (rule === undefined || this.macKeys.MAK === undefined)
        return failed(
          fault(
            'E_ILLEGAL',
            'no-mac-key',
            `message ${request.number} carries a MAC, and there is no key for a new one`,
            'Give --mac-key, or --master-key and begin with the sign-on of the capture',
          ),
        );
      const cipher = softwareCipher(this.macKeys);
      runWithSoftwareKeys(macSteps(rule, out, start, macAt, out, macAt), cipher);
    }
    return ok({ bytes: out, length: end });
  }

  /** Trace number of the last request that was made. */
  stan = '';

  /** Learns from an answer what later requests point at, and its keys. */
  learn(request: RecordedRequest, answer: MessageView): void {
    const got = answerOf(answer);
    const was = request.answer;
    if (was !== undefined) {
      remember(this.references, was.reference, got.reference);
      remember(this.authCodes, was.authCode, got.authCode);
      remember(this.batches, was.info60.slice(...BATCH_60), got.info60.slice(...BATCH_60));
    }
    this.learnKeys(answer);
  }

  private learnKeys(answer: MessageView): void {
    const { master } = this.keys ?? {};
    if (master === undefined || answer.mti !== 0x0810 || !answer.has(62) || !isKeyMode(this.mode)) return;
    const at = answer.offset(62);
    const block = parseKeyBlock(answer.message, at, at + answer.length(62), this.mode, 'software');
    if (!block.ok) return;
    const { mak, pik } = block.value;
    this.macKeys.MAK = clearKey(master, mak);
    this.pinKey = clearKey(master, pik);
  }

  /** Encrypts the test PIN for the card of the message; false when it cannot be done. */
  private newPinBlock(view: MessageView): boolean {
    const { pinKey, account, pinBlock } = this;
    const { testPin } = this.keys ?? {};
    const form = view.text(53)[0];
    if (pinKey === undefined || testPin === undefined || (form !== '1' && form !== '2')) return false;
    let length = Math.max(view.digitsInto(2, account, 0), 0);
    if (length === 0) {
      const track = Math.max(view.digitsInto(35, account, 0), 0);
      length = Math.max(account.subarray(0, track).indexOf(SEPARATOR), 0);
    }
    if (form === '2' && (length === 0 || length > PAN_LENGTH_MAX)) return false;
    const written = writePinBlock(testPin, form === '2' ? account.subarray(0, length) : undefined, pinBlock);
    if (written.ok) pinBlock.set(desEncrypt(pinKey, pinBlock));
    return written.ok;
  }

  /** A reversal has the trace number of what it reverses. */
  private stanFor(view: MessageView): string {
    if (view.mti === 0x0800) this.mode = view.text(60).slice(8, 11);
    const was = view.text(11);
    const reversal = view.mti >> 8 === 0x04 ? this.stans.get(was) : undefined;
    this.stan = was === '' ? '' : (reversal ?? digits(this.nextStan, 6));
    if (was !== '' && reversal === undefined) {
      this.nextStan = this.nextStan === STAN_MAX ? 1 : this.nextStan + 1;
      this.stans.set(was, this.stan);
    }
    return this.stan;
  }

  /** The field's new value; undefined where it stays. */
  private newText(field: number, view: MessageView, stan: string, now: LocalTime): string | undefined {
    if (!CHANGED.has(field)) return undefined;
    const text = view.text(field);
    switch (field) {
      case 11:
        return stan;
      case 12:
        return text.length === 6 ? digits(now.hour, 2) + digits(now.minute, 2) + digits(now.second, 2) : undefined;
      case 13:
        return text.length === 4 ? digits(now.month, 2) + digits(now.day, 2) : undefined;
      case 37:
        return this.references.get(text);
      case 38:
        return this.authCodes.get(text);
      case 60:
        return /^\d{8,}$/.test(text) ? replaced(text, BATCH_60, this.batches) : undefined;
      case 61:
        return /^\d{12,}$/.test(text)
          ? replaced(replaced(text, TRACE_61, this.stans), BATCH_61, this.batches)
          : undefined;
      default:
        return undefined;
    }
  }
}

function clearKey(master: Uint8Array, { wrapped, single }: WrappedKey): Uint8Array {
  return unwrapKey(master, single ? wrapped.subarray(0, MAC_LENGTH) : wrapped);
}

function padOf(view: MessageView, field: number): number | undefined {
  const pad = view.padNibble(field);
  return pad < 0 ? undefined : pad;
}

function remember(map: Map<string, string>, was: string, is: string): void {
  if (was.trim() !== '' && is.trim() !== '') map.set(was, is);
}

function replaced(text: string, [from, to]: readonly [number, number], by: ReadonlyMap<string, string>): string {
  const part = text.slice(from, to);
  return text.slice(0, from) + (by.get(part) ?? part) + text.slice(to);
}
