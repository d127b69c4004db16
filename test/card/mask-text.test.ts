import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskCards, replaceCards } from '../../src/card/mask-text.ts';

describe('card numbers in a text that a person typed', () => {
  test.each([
    ['6225889876543218', '622588******3218'],
    ['6225889876543218 60.00', '622588******3218 60.00'],
    ['2026 6225889876543218 3012', '2026 622588******3218 3012'],
    ['card 6225 8898 7654 3218 60.00 back', 'card 6225 88** **** 3218 60.00 back'],
    ['RF000014 6225 8898 7654 3218', 'RF000014 6225 88** **** 3218'],
    ['6225  8898  7654  3218', '6225  88**  ****  3218'],
    ['6225.8898.7654.3218', '6225.88**.****.3218'],
    ['６２２５８８９８７６５４３２１８', '622588******3218'],
    ['622588-9876543218', '622588-******3218'],
    ['62258898765432183012', '622588******32183012'],
    ['6225889876543218=3012', '622588******3218=3012'],
    ['0000006225889876543218', '000000622588******3218'],
    ['6 2 2 5 8 8 9 8 7 6 5 4 3 2 1 8', '6 2 2 5 8 8 * * * * * * 3 2 1 8'],
    ['3782 822463 10005', '3782 82**** *0005'],
    ['6225889876543218,6225889876543218', '622588******3218,622588******3218'],
  ])('%s', (typed, shown) => expect(maskCards(typed)).toBe(shown));

  test.each([
    'RF000014 2026-11-23 03:47',
    'merchant 898310148160001',
    'order 4200001234202611210000000051',
    'order 2026112122001000000000000001',
    '+86 138 0013 8000 100.00',
    '0000000000000000',
    '',
  ])('none in %s', typed => expect(maskCards(typed)).toBe(typed));

  test('a number that is known to be none stays', () =>
    expect(replaceCards('to 6225889876543218', () => 'x'.repeat(16), new Set(['6225889876543218']))).toBe(
      'to 6225889876543218',
    ));

  test('whatever stands around it and between its groups, its middle digits never come out', () => {
    const gap = fc.constantFrom('', ' ', '-', '.', '  ', '/', ' - ', '\u3000');
    const before = fc.constantFrom('', 'card ', 'RF000014 ', '2026-11-23 ', 'No.', '，');
    const behind = fc.constantFrom('', ' 60.00', ' 12/30', '=3012', '，', ' x');
    fc.assert(
      fc.property(gap, before, behind, fc.boolean(), (between, first, last, wide) => {
        const groups = ['6225', '8898', '7654', '3218'].join(between);
        const typed = wide ? groups.replace(/[0-9]/g, d => String.fromCharCode(d.charCodeAt(0) + 0xfee0)) : groups;
        const shown = maskCards(first + typed + last);
        expect(shown.replace(/[^0-9]/g, '')).not.toContain('987654');
      }),
    );
  });
});
