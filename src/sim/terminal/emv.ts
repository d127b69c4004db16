import type { Entropy } from '../../hal/hal.ts';
import { ClearKey } from '../keys.ts';
import { bigEndian, concat, fromHex, fromLatin1 } from './command.ts';
import type { TestCard } from './deck.ts';
import { tdesEncrypt } from './keys.ts';

/** What the host says about the transaction when the card is read (GCX) or used (GOX). */
export interface EmvRequest {
  /** YYMMDD */
  readonly date: string;
  /** HHMMSS */
  readonly time: string;
  /** Tag 9C. */
  readonly transactionType: number;
  readonly amountMinor: number;
  readonly cashbackMinor: number;
  /** ISO 4217 number. */
  readonly currency: number;
}

export type PinOutcome = 'not-asked' | 'entered' | 'skipped';

/** The key behind every test card's cryptograms. Nobody checks them; they only have to look and change like real ones. */
const CRYPTOGRAM_KEY = new ClearKey(fromHex('0123456789ABCDEFFEDCBA9876543210') as Uint8Array);
/** Cryptogram information data, tag 9F27. */
const AAC = 0x00;
const TC = 0x40;
const ARQC = 0x80;

const TERMINAL_COUNTRY = 156;

/**
 * One transaction of a chip card: GCX makes it, GOX lets the card ask for the issuer, FCX ends it. Keeps the value of every
 * tag that the host may ask for. 9F26, 9F27 and 9F10 exist only after {@link go}.
 */
export class EmvTransaction {
  readonly card: TestCard;
  state: 'read' | 'online' | 'ended' = 'read';
  private readonly tags = new Map<number, Uint8Array>();
  private readonly tvr = new Uint8Array(5);
  private readonly tsi = Uint8Array.of(0xe8, 0x00);

  constructor(
    card: TestCard,
    request: EmvRequest,
    counters: { atc: number; sequence: number },
    serialNumber: string,
    entropy: Entropy,
  ) {
    const chip = card.chip;
    if (!chip) throw new TypeError(`card ${card.id} has no chip`);
    this.card = card;
    const aid = fromHex(chip.aid) as Uint8Array;
    const random = new Uint8Array(4);
    entropy.fill(random);
    if (card.expiry < request.date.slice(0, 4)) this.tvr[1] |= 0x40;
    this.tvr[3] |= 0x80; // above the floor limit: always ask the issuer
    this.put(0x4f, aid);
    this.put(0x50, fromLatin1(chip.label));
    this.put(0x82, Uint8Array.of(0x7c, 0x00));
    this.put(0x84, aid);
    this.put(0x9a, bcd(request.date, 3));
    this.put(0x9c, Uint8Array.of(request.transactionType));
    this.put(0x5f24, bcd(`${card.expiry}31`, 3));
    this.put(0x5f2a, bcd(String(request.currency), 2));
    this.put(0x5f34, bcd(String(chip.sequence), 1));
    this.put(0x9f06, aid);
    this.put(0x9f08, Uint8Array.of(0x00, 0x30));
    this.put(0x9f09, Uint8Array.of(0x00, 0x30));
    this.put(0x9f1a, bcd(String(TERMINAL_COUNTRY), 2));
    this.put(0x9f1e, fromLatin1(serialNumber.slice(-8).padStart(8, '0')));
    this.put(0x9f21, bcd(request.time, 3));
    this.put(0x9f33, Uint8Array.of(0xe0, 0xe1, 0xc8));
    this.put(0x9f34, Uint8Array.of(0x1f, 0x03, 0x02));
    this.put(0x9f35, Uint8Array.of(0x22));
    this.put(0x9f36, bigEndian(counters.atc, 2));
    this.put(0x9f37, random);
    this.put(0x9f41, bcd(String(counters.sequence), 4));
    this.setAmounts(request.amountMinor, request.cashbackMinor);
    this.putResults();
  }

  setAmounts(amountMinor: number, cashbackMinor: number): void {
    this.put(0x9f02, bcd(String(amountMinor), 6));
    this.put(0x9f03, bcd(String(cashbackMinor), 6));
  }

  /** First GENERATE AC. Returns true when the card wants the issuer's answer, false when it refuses. */
  go(pin: PinOutcome): boolean {
    const cvm = this.card.chip?.cvm;
    if (pin === 'entered') {
      this.tvr[2] |= 0x04;
      this.put(0x9f34, Uint8Array.of(0x42, 0x03, 0x00));
    } else if (pin === 'skipped') {
      this.tvr[2] |= 0x08;
      this.put(0x9f34, Uint8Array.of(0x42, 0x03, 0x01));
    } else if (cvm === 'signature') {
      this.put(0x9f34, Uint8Array.of(0x1e, 0x03, 0x00));
    }
    this.putResults();
    const online = this.card.chip?.refusesFirst !== true;
    this.cryptogram(online ? ARQC : AAC, online ? 0xa0 : 0x80);
    this.state = online ? 'online' : 'ended';
    return online;
  }

  /** Second GENERATE AC. `issuerData`: tags 91, 71, 72 as they came. Returns true when the card approves. */
  finish(approved: boolean, issuerData: Uint8Array): boolean {
    if (hasTag(issuerData, 0x91)) this.tsi[0] |= 0x10;
    if (scripts(issuerData) > 0) this.tsi[0] |= 0x04;
    this.putResults();
    const accepts = approved && this.card.chip?.refusesSecond !== true;
    this.cryptogram(accepts ? TC : AAC, accepts ? 0x60 : 0x20);
    this.state = 'ended';
    return accepts;
  }

  /** Values of the tags in `tagList` (one tag after the other), in that order, as TLV; unknown ones are left out. */
  data(tagList: Uint8Array): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < tagList.length;) {
      const { tag, next } = readTag(tagList, at);
      const value = this.tags.get(tag);
      if (value) parts.push(tagList.slice(at, next), Uint8Array.of(value.length), value);
      at = next;
    }
    return concat(parts);
  }

  private cryptogram(information: number, decision: number): void {
    const input = concat(
      [0x9f02, 0x9f03, 0x9f1a, 0x95, 0x5f2a, 0x9a, 0x9c, 0x9f37, 0x82, 0x9f36].map(
        tag => this.tags.get(tag) as Uint8Array,
      ),
    );
    const padded = new Uint8Array(Math.ceil((input.length + 1) / 8) * 8);
    padded.set(input);
    padded[input.length] = 0x80;
    const account = bcd(this.card.pan.slice(-14) + String(this.card.chip?.sequence ?? 0).padStart(2, '0'), 8);
    const mac = tdesEncrypt(CRYPTOGRAM_KEY, padded, 'cbc', tdesEncrypt(CRYPTOGRAM_KEY, account)).slice(-8);
    mac[7] ^= information;
    this.put(0x9f26, mac);
    this.put(0x9f27, Uint8Array.of(information));
    // Issuer application data of UnionPay: length, key index, version, verification results, algorithm, then a 5-byte
    // amount field and 4 bytes of the cryptogram.
    this.put(
      0x9f10,
      concat([
        Uint8Array.of(0x07, 0x01, 0x01, 0x03, decision, 0x00, 0x00, 0x01, 0x0a, 0x01),
        new Uint8Array(5),
        mac.subarray(0, 4),
      ]),
    );
  }

  private putResults(): void {
    // As they are now: the card goes on marking things in them.
    this.put(0x95, this.tvr.slice());
    this.put(0x9b, this.tsi.slice());
  }

  private put(tag: number, value: Uint8Array): void {
    this.tags.set(tag, value);
  }
}

/** Number of issuer scripts (71, 72) among the issuer's data. */
export function scripts(issuerData: Uint8Array): number {
  return topLevelTags(issuerData).filter(tag => tag === 0x71 || tag === 0x72).length;
}

const hasTag = (data: Uint8Array, tag: number): boolean => topLevelTags(data).includes(tag);

/** Tags of a chain of BER-TLV values; what is cut off at the end does not count. */
function topLevelTags(data: Uint8Array): number[] {
  const tags: number[] = [];
  for (let at = 0; at < data.length;) {
    const { tag, next } = readTag(data, at);
    let length = data[next];
    at = next + 1;
    if (length > 0x80) {
      const width = length - 0x80;
      length = data.subarray(at, at + width).reduce((sum, byte) => sum * 256 + byte, 0);
      at += width;
    }
    if (length === undefined || at + length > data.length) break;
    tags.push(tag);
    at += length;
  }
  return tags;
}

function readTag(bytes: Uint8Array, at: number): { tag: number; next: number } {
  let tag = bytes[at];
  let next = at + 1;
  if ((tag & 0x1f) !== 0x1f) return { tag, next };
  do tag = tag * 256 + (bytes[next] ?? 0);
  while (next < bytes.length && (bytes[next++] & 0x80) !== 0);
  return { tag, next };
}

/** Digits, right-aligned in `width` bytes. */
function bcd(digits: string, width: number): Uint8Array {
  return fromHex(digits.padStart(2 * width, '0').slice(-2 * width)) as Uint8Array;
}
