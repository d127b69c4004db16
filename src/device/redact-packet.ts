import { markExpiryText, markName, markTrack1, type StandIn } from '../card/stand-in.ts';
import type { TagSource } from '../iso8583/source.ts';
import { Action, Marker } from '../trace/redact-marks.ts';
import { TagActions, TlvRedactor } from '../trace/redact-tlv.ts';
import { Panel } from './ids.ts';
import { CARD_TAGS } from './redact-tags.ts';
import { ScanMarker, TextMarker, USUAL_CODES, type CodeRule } from './redact-text.ts';
import { actionOf, Form, formOf, LineAction, nameNumber } from './redact-values.ts';

/** What the profile knows that helps to tell public values from hidden ones. */
export interface LineFacts {
  /** Classes of chip tags: those of the dialect, so that data element 55 is marked as the chip data was. */
  readonly tags?: Readonly<Record<string, TagSource>>;
  /** Numbers that look like a card's and are none (merchant number): they stay on screens and slips. */
  readonly publicNumbers?: readonly string[];
  /** How payers' codes look. */
  readonly codes?: readonly CodeRule[];
}

const MARK = 0x30;
/** Stands for bytes that break the grammar: as a length or an id it breaks the grammar too. */
const BROKEN = 0x3f;
/** First byte of an encrypted packet. */
const DC2 = 0x12;
const STAR = 0x2a;
const LENGTH_DIGITS = 3;
const VALUE_HEAD = 4;
/** Bytes of a cipher's output that stay. */
const CIPHER_TAIL = 8;
const KEY_DIGIT = 0x35;

/** GPN: where its parts begin in the one block, and how long it is. */
const Gpn = { key: 3, panLength: 35, pan: 37, panEnd: 56, message: 61, length: 93 } as const;
/** Answer of GPN: hex of the PIN block, then of the key serial number. */
const GpnAnswer = { serial: 16, length: 36 } as const;

/**
 * Marks the data of one whole packet, after unstuffing, by the command it belongs to: an allow-list of commands and values. What
 * no table names becomes `0`; marks are never bytes that the line must escape. Creates nothing.
 */
export class PacketMarker {
  /** Digits of the keypad are marked. */
  secretKeys = false;
  private readonly standIn: StandIn;
  private readonly toTerminal: boolean;
  private readonly marker: Marker;
  private readonly tlv: TlvRedactor;
  private readonly texts: TextMarker;
  private readonly scans: ScanMarker;

  constructor(standIn: StandIn, toTerminal: boolean, facts: LineFacts) {
    this.standIn = standIn;
    this.toTerminal = toTerminal;
    this.marker = new Marker(standIn);
    this.tlv = new TlvRedactor(new TagActions(facts.tags ?? CARD_TAGS), this.marker);
    this.texts = new TextMarker(standIn, facts.publicNumbers ?? []);
    this.scans = new ScanMarker(facts.codes ?? USUAL_CODES);
  }

  /** Marks `data[0, length)`. */
  mark(data: Uint8Array, length: number): void {
    if (data[0] === DC2) {
      data.fill(MARK, 1, length);
      return;
    }
    if (length < 3 || !isName(data)) {
      data.fill(BROKEN, 0, length);
      return;
    }
    const name = nameNumber(data[0], data[1], data[2]);
    let at = 3;
    if (!this.toTerminal) {
      const stat = digits3(data, 3, length);
      if (stat !== 0) {
        data.fill(BROKEN, stat < 0 ? 3 : 6, length);
        return;
      }
      at = 6;
    }
    const form = formOf(name, this.toTerminal);
    while (at < length) {
      const size = digits3(data, at, length);
      const from = at + LENGTH_DIGITS;
      if (size < 0 || from + size > length) {
        data.fill(BROKEN, at, length);
        return;
      }
      at = from + size;
      this.block(form, name, data, from, at);
    }
  }

  private block(form: number, name: number, data: Uint8Array, from: number, to: number): void {
    switch (form) {
      case Form.values:
        return this.values(name, data, from, to);
      case Form.text:
        return this.texts.mark(data, from, to, false);
      case Form.open:
        return;
      case Form.pinEntry:
        return this.toTerminal ? this.pinEntry(data, from, to) : this.pinAnswer(data, from, to);
      default:
        data.fill(MARK, from, to);
    }
  }

  private values(name: number, data: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to;) {
      const size = at + VALUE_HEAD <= to ? (data[at + 2] << 8) | data[at + 3] : -1;
      const start = at + VALUE_HEAD;
      if (size < 0 || start + size > to) {
        data.fill(BROKEN, at, to);
        return;
      }
      const id = (data[at] << 8) | data[at + 1];
      at = start + size;
      this.value(actionOf(name, id, this.toTerminal), id, data, start, at);
    }
  }

  private value(action: number, id: number, data: Uint8Array, from: number, to: number): void {
    const { marker, standIn } = this;
    switch (action) {
      case LineAction.stay:
        return;
      case LineAction.text:
        return this.texts.mark(data, from, to, id === Panel.print);
      case LineAction.tlv:
        return this.chip(data, from, to);
      case LineAction.key:
        return marker.bytes(Action.key, data, from, to);
      case LineAction.pin:
        return marker.bytes(Action.pin, data, from, to);
      case LineAction.pan:
        return marker.characters(Action.pan, data, from, to);
      case LineAction.track1:
        return markTrack1(data, from, to, standIn);
      case LineAction.track2:
        return marker.bytes(Action.track, data, from, to);
      case LineAction.track3:
        return marker.bytes(Action.track3, data, from, to);
      case LineAction.maskedTrack:
        return this.maskedTrack(data, from, to);
      case LineAction.name:
        return markName(data, from, to);
      case LineAction.expiry:
        return markExpiryText(data, from, to, standIn);
      case LineAction.scan:
        return this.scans.mark(data, from, to);
      case LineAction.event:
        return this.event(data, from, to);
      case LineAction.cipherIn:
        for (let i = from; i < to; i++) {
          if (data[i] === 0) continue;
          data.fill(MARK, from, to);
          return;
        }
        return;
      case LineAction.cipherOut:
        data.fill(MARK, from, Math.max(from, to - CIPHER_TAIL));
        return;
      default:
        data.fill(MARK, from, to);
    }
  }

  /** Chip data; behind something doubtful all of it. */
  private chip(data: Uint8Array, from: number, to: number): void {
    this.tlv.redact(data, from, to);
    if (this.tlv.problemAt >= 0) data.fill(0, this.tlv.problemAt, to);
  }

  /** A track with stars in its number: at most six and four digits of it stay, and nothing of what follows. */
  private maskedTrack(data: Uint8Array, from: number, to: number): void {
    let split = from;
    while (split < to && data[split] !== 0x3d && data[split] !== 0x44 && data[split] !== 0x5e) split++;
    const first = data[from] === 0x42 ? from + 1 : from;
    for (let i = Math.min(split, first + 6); i < Math.max(first, split - 4); i++) data[i] = STAR;
    if (split - first < 12) data.fill(STAR, first, split);
    const name = split < to && data[split] === 0x5e;
    let at = split + 1;
    if (name) {
      let end = at;
      while (end < to && data[end] !== 0x5e) end++;
      markName(data, at, end);
      at = end + 1;
    }
    if (at + 4 <= to) markExpiryText(data, at, at + 4, this.standIn);
    data.fill(MARK, Math.min(to, at + 4), to);
  }

  private event(data: Uint8Array, from: number, to: number): void {
    if (!this.secretKeys || to - from !== 2 || data[from] !== 0x30) return;
    data[from + 1] = KEY_DIGIT;
  }

  private pinEntry(data: Uint8Array, from: number, to: number): void {
    if (to - from !== Gpn.length) {
      data.fill(MARK, from, to);
      return;
    }
    const size = (data[from + Gpn.panLength] - 0x30) * 10 + data[from + Gpn.panLength + 1] - 0x30;
    const pan = from + Gpn.pan;
    const end = size >= 0 && size <= Gpn.panEnd - Gpn.pan ? pan + size : pan;
    this.marker.characters(Action.key, data, from + Gpn.key, from + Gpn.panLength);
    this.standIn.pan(data, pan, end);
    for (let i = end; i < from + Gpn.panEnd; i++) if (data[i] !== 0x20) data[i] = MARK;
    this.texts.mark(data, from + Gpn.message, to, false);
  }

  private pinAnswer(data: Uint8Array, from: number, to: number): void {
    if (to - from !== GpnAnswer.length) {
      data.fill(MARK, from, to);
      return;
    }
    this.marker.characters(Action.pin, data, from, from + GpnAnswer.serial);
    data.fill(MARK, from + GpnAnswer.serial, to);
  }
}

function isName(data: Uint8Array): boolean {
  for (let i = 0; i < 3; i++) {
    const code = data[i];
    if (!((code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a))) return false;
  }
  return true;
}

/** Three digits at `at`, or -1. */
function digits3(data: Uint8Array, at: number, end: number): number {
  if (at + 3 > end) return -1;
  let value = 0;
  for (let i = at; i < at + 3; i++) {
    const digit = data[i] - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
