import { luhnValid } from '../../card/card.ts';
import { z } from 'zod';
import { failed, fault, ok, type Result } from '../../fault.ts';

/** What the magnetic tracks are made of. */
interface StripeSource {
  readonly pan: string;
  readonly expiry: string;
  readonly serviceCode: string;
  readonly discretionary: string;
}

const digitsOf = (min: number, max: number) =>
  z.string().regex(new RegExp(`^\\d{${min},${max}}$`), `${min === max ? min : `${min} to ${max}`} digits`);
const hexOf = (min: number, max: number) =>
  z
    .string()
    .regex(new RegExp(`^([0-9A-Fa-f]{2}){${min},${max}}$`), `${min === max ? min : `${min} to ${max}`} bytes of hex`);

const Chip = z.strictObject({
  /** Application identifier, 5 to 16 bytes. */
  aid: hexOf(5, 16).default('A000000333010101'),
  label: z.string().min(1).max(16).default('UnionPay Debit'),
  /** PAN sequence number, tag 5F34. */
  sequence: z.number().int().min(0).max(99).default(1),
  /** Application transaction counter before the first use. */
  atc: z.number().int().min(0).max(65_000).default(1),
  /** How the holder is verified. */
  cvm: z.enum(['online-pin', 'signature', 'none']).default('online-pin'),
  /** The chip does not answer: the terminal has to fall back to the stripe. */
  mute: z.boolean().default(false),
  /** At the end the card refuses what the issuer approved. */
  refusesSecond: z.boolean().default(false),
  /** The card refuses at once, without an online request. */
  refusesFirst: z.boolean().default(false),
});

const Card = z
  .strictObject({
    id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'lower-case letters, digits and hyphens, at most 32'),
    name: z.strictObject({ zh: z.string().min(1), en: z.string().min(1) }),
    issuer: z.enum(['CUP', 'foreign']).default('CUP'),
    pan: digitsOf(13, 19).refine(luhn, 'the check digit (Luhn) is wrong'),
    /** Year and month. */
    expiry: z.string().regex(/^\d{2}(0[1-9]|1[0-2])$/, 'YYMM'),
    serviceCode: digitsOf(3, 3),
    pin: digitsOf(4, 12).default('123456'),
    holder: z
      .string()
      .regex(/^[A-Z0-9 /.]{2,26}$/, '2 to 26 characters of track 1')
      .default('TEST/CARD'),
    /** Issuer's digits at the end of tracks 1 and 2. */
    discretionary: digitsOf(0, 13).default('00000'),
    /** Magnetic stripe: false = none, `unreadable` = every swipe is bad. */
    stripe: z.union([z.boolean(), z.literal('unreadable')]).default(true),
    track3: z
      .string()
      .regex(/^[0-9=]{1,104}$/, 'digits and =, at most 104')
      .optional(),
    chip: Chip.optional(),
    contactless: z.boolean().default(false),
  })
  .refine(card => !card.contactless || card.chip !== undefined, {
    message: 'a contactless card needs a chip',
    path: ['contactless'],
  })
  .refine(card => track2(card).length <= 37, {
    message: 'track 2 would be longer than 37 characters',
    path: ['discretionary'],
  });

const Deck = z
  .strictObject({
    $comment: z.string().optional(),
    format: z.literal('pos8583-deck-1'),
    cards: z.array(Card).min(1).max(26),
  })
  .refine(deck => new Set(deck.cards.map(card => card.id)).size === deck.cards.length, {
    message: 'two cards have the same id',
    path: ['cards'],
  });

/** A card of the deck. Test numbers only. */
export type TestCard = z.infer<typeof Card>;
export type Deck = z.infer<typeof Deck>;

/** Reads a deck from JSON text. Every mistake is named with its place in the file. */
export function parseDeck(json: string): Result<Deck> {
  let source: unknown;
  try {
    source = JSON.parse(json);
  } catch (error) {
    return failed(
      fault('E_ILLEGAL', 'deck-not-json', `deck of cards: ${(error as Error).message}`, 'Correct the JSON'),
    );
  }
  const parsed = Deck.safeParse(source);
  if (parsed.success) return ok(parsed.data);
  const mistakes = parsed.error.issues.map(issue => `/${issue.path.join('/')}: ${issue.message}`).join('; ');
  return failed(
    fault(
      'E_ILLEGAL',
      'deck-wrong',
      `deck of cards: ${mistakes}`,
      'Correct these places; the format is in docs/terminal-simulator.md',
    ),
  );
}

/** Finds a card by its id; undefined when the deck has none. */
export function findCard(deck: Deck, id: string): TestCard | undefined {
  return deck.cards.find(card => card.id === id);
}

/** Track 1 without sentinels. */
export function track1(card: StripeSource & { readonly holder: string }): string {
  return `B${card.pan}^${card.holder}^${card.expiry}${card.serviceCode}${card.discretionary}`.slice(0, 76);
}

/** Track 2 without sentinels, `=` as separator. */
export function track2(card: StripeSource): string {
  return `${card.pan}=${card.expiry}${card.serviceCode}${card.discretionary}`;
}

/** True when the last digit is the Luhn check digit of the others. */
export function luhn(digits: string): boolean {
  return luhnValid(Uint8Array.from(digits, c => c.charCodeAt(0)));
}
