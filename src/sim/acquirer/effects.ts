/**
 * What an acquirer can do wrong, or refuse, on purpose. Two sources: the cents of an amount, so that a person at a real
 * keypad reaches every case, and rules from a file.
 */
export interface Effect {
  /** Field 39. A declining code is given after all real checks and nothing is booked; `10` approves half of a sale by card. */
  readonly code?: string;
  /** The code comes only when the last sale of this amount on this terminal had another one. */
  readonly once?: boolean;
  /**
   * Told by the amount: line faults then come only with an approval. A refund that was booked in silence and is sent
   * again gets its 94, so that a person can find out.
   */
  readonly amount?: true;
  /** The answer leaves later. */
  readonly delayMs?: number;
  /** Booked, no answer. */
  readonly silent?: boolean;
  /** The answer comes twice. */
  readonly twice?: boolean;
  /** Field 64 of the answer is wrong. */
  readonly badMac?: boolean;
  /** Field 4 of the answer is one fen too high (its MAC is right). */
  readonly wrongAmount?: boolean;
  /** With `code`, of a settlement: the 0510 says it in field 39 and has no totals, which is not how it should refuse. */
  readonly onlyCode?: boolean;
  /** Field 11 of the answer is the next number (its MAC is right). */
  readonly wrongTrace?: boolean;
  /** Connection closed, nothing booked. */
  readonly closeBefore?: boolean;
  /** Booked, then the connection is closed without an answer. */
  readonly closeAfter?: boolean;
  /** Booked, half of the answer is sent, then the connection is closed. */
  readonly closeMidAnswer?: boolean;
  /** The answer is kept back and comes just before the answer to the terminal's next message; with `twice`: also at once. */
  readonly withNext?: boolean;
  /** The request is overtaken by the terminal's next message and handled only after it, without an answer. */
  readonly overtaken?: boolean;
  /** With `overtaken`: booked although its reversal was answered finally, which no terminal can know. */
  readonly bookAnyway?: boolean;
  /** Answered as usual, but nothing is booked. */
  readonly bookNot?: boolean;
  /** The customer of a scanned payment must confirm and decides so, after `inquiries` inquiries. */
  readonly customer?: 'pays' | 'refuses' | 'never';
  /** Inquiries that a customer takes to decide; `pays` when `customer` is absent. */
  readonly inquiries?: number;
  /** What becomes of an accepted refund to a wallet. */
  readonly refund?: 'abnormal' | 'closed' | 'lowBalance';
  /** Digit 6 of the answer's header, 0–9: what the terminal must do next (处理要求). */
  readonly requirement?: number;
}

/** A late answer comes after any terminal's patience of 60 s. */
export const LATE_ANSWER_MS = 70_000;

const NONE: Effect = {};

/** By cents; what may happen to sales. */
const SALE_CENTS: Readonly<Record<number, Effect>> = {
  5: { code: '05' },
  10: { code: '10' },
  12: { code: '12' },
  25: { code: '25' },
  30: { code: '30' },
  51: { code: '51' },
  55: { code: '55', once: true },
  68: { silent: true },
  69: { delayMs: LATE_ANSWER_MS },
  70: { badMac: true },
  71: { wrongAmount: true },
  72: { twice: true },
  73: { closeAfter: true },
  74: { closeBefore: true },
  91: { code: '91' },
  96: { code: '96' },
  98: { code: '98' },
};

/** By cents; what customers of scanned payments do. */
const CUSTOMER_CENTS: Readonly<Record<number, Effect>> = {
  61: { customer: 'pays', inquiries: 1 },
  62: { customer: 'pays', inquiries: 3 },
  63: { customer: 'refuses', inquiries: 1 },
  64: { customer: 'never' },
};

/** By cents; what becomes of refunds to wallets. */
const WALLET_REFUND_CENTS: Readonly<Record<number, Effect>> = {
  41: { refund: 'abnormal' },
  42: { refund: 'closed' },
  43: { refund: 'lowBalance' },
};

/** Cents that count for refunds too. */
const REFUND_CENTS: ReadonlySet<number> = new Set([25, 51, 68, 69, 70, 71, 72, 73, 96, 98]);

/**
 * The effect of an amount in minor units. Sales (0200) have all of them, refunds (0220) some; a void carries its sale's
 * amount and must go through, so it has none, like every other message. `scanned`: paid by a scanned code.
 */
export function effectOfAmount(word: string, amountMinor: number, scanned = false): Effect {
  const cents = amountMinor % 100;
  const special = !scanned
    ? undefined
    : word === 'sale'
      ? CUSTOMER_CENTS[cents]
      : word === 'refund'
        ? WALLET_REFUND_CENTS[cents]
        : undefined;
  if (special) return special;
  if (word !== 'sale' && !(word === 'refund' && REFUND_CENTS.has(cents))) return NONE;
  const effect = SALE_CENTS[cents];
  return effect === undefined ? NONE : { ...effect, amount: true };
}
