import { luhn, track2, type TestCard } from '../../src/sim/terminal/deck.ts';
import type { Secret } from './search.ts';

/**
 * Digits in a row that are a leak of a card number, in which the first six and the last four may be seen. A stand-in of a long one
 * has the next five by chance once in a hundred thousand cards; of 16 digits or fewer that would be the very number.
 */
const panWhole = (pan: string): number => (pan.length > 16 ? 12 : 11);
/** The same for digits of which none may be seen. */
const WHOLE = 10;
/** The same for a PIN and for the long parts of track 3. */
const LONG_WHOLE = 12;
const SHOWN_FIRST = 6;
const SHOWN_LAST = 4;
/** Lengths of the card numbers, in turn: most cards have 16 or 19 digits. */
const PAN_LENGTHS = [16, 19, 16, 18, 16, 19, 17, 15];

/** Numbers that look like chance and are the same in each run. */
export class Dice {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0 || 1;
  }

  below(limit: number): number {
    // xorshift32
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % limit;
  }

  /**
   * Digits that no text holds by chance: packed digits of which every second one is 2 to 7 look like letters, so of three of
   * them in turn one is 0, 1, 8 or 9.
   */
  digits(length: number): string {
    let text = '';
    while (text.length < length) {
      const like = (back: number): boolean => /[2-7]/.test(text.at(-back) ?? '');
      text += like(2) && like(4) ? '0189'[this.below(4)] : this.below(10);
    }
    return text;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  letters(length: number): string {
    let text = '';
    while (text.length < length) text += String.fromCharCode(0x41 + this.below(26));
    return text;
  }
}

/** What the acquirer takes as the PIN of a card that it sees for the first time. */
export const RIGHT_PIN = '123456';

/** Invented cards, none like another: number, name and discretionary digits of each are canaries. */
export function canaryCards(count: number, seed: number): TestCard[] {
  const dice = new Dice(seed);
  return Array.from({ length: count }, (_, index) => {
    const length = PAN_LENGTHS[index % PAN_LENGTHS.length];
    const pan = withCheckDigit(`62${dice.digits(length - 3)}`);
    return {
      id: `canary-${seed}-${index}`,
      name: { zh: `金丝雀${index}`, en: `canary ${index}` },
      issuer: 'CUP',
      pan,
      expiry: `${30 + dice.below(9)}${String(1 + dice.below(12)).padStart(2, '0')}`,
      serviceCode: '101',
      pin: dice.digits(12),
      // With dots, which base64 and the codes on slips do not have.
      holder: `${dice.letters(2)}.${dice.letters(2)}.${dice.letters(2)}/${dice.letters(2)}.${dice.letters(2)}`,
      discretionary: dice.digits(Math.min(13, 37 - length - 8)),
      stripe: true,
      ...(index % 2 === 0 ? { track3: `99${pan}=${dice.digits(20)}=1=${dice.digits(16)}` } : {}),
      chip: {
        aid: 'A000000333010101',
        label: 'UnionPay Debit',
        sequence: 1,
        atc: 1 + dice.below(60_000),
        cvm: 'online-pin',
        mute: false,
        refusesSecond: false,
        refusesFirst: false,
      },
      contactless: true,
    };
  });
}

/** A card number from all digits but the last. */
export function withCheckDigit(digits: string): string {
  for (let check = 0; check <= 9; check++) if (luhn(`${digits}${check}`)) return `${digits}${check}`;
  throw new Error('one of ten digits is the check digit');
}

/** What nobody may find of a card. */
export function secretsOf(card: TestCard): Secret[] {
  const { id, pan, discretionary, holder, track3 = '' } = card;
  return [
    panSecret(`number of ${id}`, pan),
    hiddenDigits(`discretionary digits of ${id}`, discretionary),
    hiddenDigits(`PIN of ${id}`, card.pin, LONG_WHOLE),
    { name: `holder of ${id}`, bytes: Buffer.from(holder, 'latin1') },
    ...track3
      .split('=')
      .slice(1)
      .filter(part => part.length >= LONG_WHOLE)
      .map((part, index) => hiddenDigits(`track 3 of ${id}, part ${index + 1}`, part, LONG_WHOLE)),
  ];
}

/** A card number: the first six and the last four digits may be seen. */
export function panSecret(name: string, pan: string): Secret {
  return { name, digits: pan, hidden: [SHOWN_FIRST, pan.length - SHOWN_LAST], whole: panWhole(pan) };
}

/** Digits of which none may be seen. */
export function hiddenDigits(name: string, digits: string, whole: number = WHOLE): Secret {
  return { name, digits, hidden: [0, digits.length], whole };
}

/** A payer's code as it was scanned: slips show the first two and the last four digits. */
export function codeSecret(name: string, code: string): Secret {
  return { name, digits: code, hidden: [2, code.length - SHOWN_LAST], whole: LONG_WHOLE };
}

/** The whole second track, for plants. */
export const trackOf = (card: TestCard): string => track2(card);
