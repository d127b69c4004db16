import type { FieldClass, Name, TagSource } from '../iso8583/source.ts';

/**
 * Chip tags of EMV and UnionPay for those who have no dialect at hand: the same classes as in the shipped dialects, so that data
 * element 55 and the chip data that it is made of are marked alike. A tag that is not listed is private.
 */
const CLASSES: Partial<Record<FieldClass, string>> = {
  public:
    '4F 50 5F28 5F2A 5F2D 5F34 6F 70 71 72 77 82 84 8A 8E 91 95 9A 9B 9C 9F01 9F02 9F03 9F06 9F07 9F08 9F09 9F0D 9F0E 9F0F ' +
    '9F10 9F12 9F15 9F16 9F18 9F1A 9F1B 9F1C 9F1E 9F21 9F22 9F26 9F27 9F33 9F34 9F35 9F36 9F37 9F39 9F40 9F41 9F4E 9F53 ' +
    '9F63 9F66 9F6C 9F74 9F7B A5 DF01 DF02 DF03 DF04 DF05 DF06 DF07 DF11 DF12 DF13 DF14 DF15 DF16 DF17 DF18 DF19 DF20 ' +
    'DF21 DF31',
  pan: '5A',
  track: '56 57 9F1F 9F20 9F6B',
  expiry: '5F24',
  pin: '99',
};

const NAME: Name = { zh: '', en: '' };

export const CARD_TAGS: Readonly<Record<string, TagSource>> = Object.fromEntries(
  Object.entries(CLASSES).flatMap(([shownAs, tags]) =>
    tags.split(' ').map(tag => [tag, { name: NAME, class: shownAs as FieldClass }]),
  ),
);
