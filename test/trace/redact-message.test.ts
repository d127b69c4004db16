import { describe, expect, test } from 'vitest';
import { AS_IS, standInOf, type StandIn } from '../../src/card/stand-in.ts';
import { Doubt } from '../../src/iso8583/doubt.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import { planWithOptions } from '../../src/iso8583/plan.ts';
import { Status } from '../../src/iso8583/status.ts';
import { publicNibbles } from '../../src/trace/hex-rows.ts';
import { MessageRedactor } from '../../src/trace/redact-message.ts';
import { toHex } from '../../src/wire/hex.ts';
import { Random } from '../fuzz/random.ts';
import { planWith, samples } from '../iso8583/samples.ts';
import { shippedDialect } from '../library/dialects.ts';
import { allFields, canariesOf, cardOf, dialectNames, encoded, fieldsOf, found, planOf } from './redact-world.ts';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
/** Zeros for the middle digits, so that nothing of them can show. */
const ZEROS: StandIn = { pan: (digits, from, to) => void digits.fill(0x30, from + 6, to - 4), month: 0 };

function textsOf(view: MessageView): Record<string, string> {
  return Object.fromEntries(allFields.filter(field => view.has(field)).map(field => [field, view.text(field)]));
}

const bodyAt = (plan: { framing: { tpdu: boolean; header: boolean } }): number =>
  (plan.framing.tpdu ? 5 : 0) + (plan.framing.header ? 6 : 0);

describe.each(dialectNames)('%s', name => {
  const plan = planOf(name);
  const redactor = new MessageRedactor(plan, plan.framing, standInOf(KEY));
  const zeros = new MessageRedactor(plan, plan.framing, ZEROS);
  const asIs = new MessageRedactor(plan, plan.framing, AS_IS);
  const view = new MessageView(plan);
  const after = new MessageView(plan);

  test('80 cards: no canary is left, what is public stays, and the message decodes and encodes as before', () => {
    const random = new Random(1);
    for (let i = 0; i < 80; i++) {
      const card = cardOf(random);
      const { mti, fields } = fieldsOf(plan, card, i);
      const bytes = encoded(plan, mti, fields);
      expect(found(bytes, canariesOf(card)).length).toBeGreaterThan(1);
      const clear = bytes.slice();
      redactor.redact(bytes, 0, bytes.length);
      expect({ i, found: found(bytes, canariesOf(card)) }).toEqual({ i, found: [] });

      expect(view.decode(clear, bodyAt(plan), clear.length)).toBe(Status.ok);
      expect(after.decode(bytes, bodyAt(plan), bytes.length)).toBe(Status.ok);
      expect(new Doubt(view).why).toBeUndefined();
      expect(toHex(encoded(plan, mti, textsOf(after)))).toBe(toHex(bytes));
      const open = publicNibbles(view);
      const before = toHex(clear);
      const marked = toHex(bytes);
      expect(open.every((shown, n) => shown === 0 || marked[n] === before[n])).toBe(true);
      expect([after.text(64), after.text(128)]).toEqual([view.text(64), view.text(128)]);

      const again = bytes.slice();
      asIs.redact(again, 0, again.length);
      expect(toHex(again)).toBe(toHex(bytes));
    }
  });

  test('two cards of which the same may be seen give the same bytes: nothing hidden decides anything', () => {
    const random = new Random(2);
    for (let i = 0; i < 60; i++) {
      const length = 13 + random.below(7);
      const [one, other] = [1, 2].map(() => {
        const { mti, fields } = fieldsOf(plan, cardOf(random, length), i);
        const bytes = encoded(plan, mti, fields);
        zeros.redact(bytes, 0, bytes.length);
        // The first two digits of a long number behind a tag name the wallet.
        return toHex(bytes).replace(/4133303138[0-9]{4}/, '');
      });
      expect(one).toBe(other);
    }
  });

  test('cut anywhere or damaged: no canary is left', () => {
    const random = new Random(3);
    for (let i = 0; i < 60; i++) {
      const card = cardOf(random);
      const { mti, fields } = fieldsOf(plan, card, i);
      const whole = encoded(plan, mti, fields);
      const head = bodyAt(plan);
      const cut = whole.slice(0, head + random.below(whole.length - head));
      redactor.redact(cut, 0, cut.length);
      expect({ i, found: found(cut, canariesOf(card)) }).toEqual({ i, found: [] });
      // A length or a bit of the bitmap is wrong, and all that follows is out of place.
      const moved = whole.slice();
      moved[head + random.below(40)] ^= 1 << random.below(8);
      // Nobody can know of a message that is as right as the one before.
      if (view.decode(moved, head, moved.length) === Status.ok && new Doubt(view).why === undefined) continue;
      redactor.redact(moved, 0, moved.length);
      expect({ i, found: found(moved, canariesOf(card)) }).toEqual({ i, found: [] });
    }
  });
});

describe('samples', () => {
  test.each(samples.map((sample, i) => [`${i} ${sample.kind}`, sample] as const))('%s', (_, sample) => {
    const plan = planWith();
    const redactor = new MessageRedactor(plan, sample.framing, ZEROS);
    const bytes = sample.bytes.slice();
    redactor.redact(bytes, sample.framing.length === false ? 0 : 2, bytes.length);
    const view = new MessageView(plan);
    expect(view.decode(sample.bytes, sample.bodyStart, bytes.length)).toBe(Status.ok);
    const doubt = new Doubt(view);
    const open = publicNibbles(view, doubt);
    const [before, after] = [toHex(sample.bytes), toHex(bytes)];
    if (doubt.why === undefined) expect(open.every((shown, n) => shown === 0 || after[n] === before[n])).toBe(true);
    expect(new MessageView(plan).decode(bytes, sample.bodyStart, bytes.length)).toBe(Status.ok);
  });
});

test('a card number in a free text of the host is marked; merchant and reference numbers stay', () => {
  const plan = planOf('unionpay-pos');
  const bytes = encoded(plan, '0210', {
    '37': '411111111111',
    '42': '411111111111111',
    '60': '22000001',
    '63': `CUP${'ISSUER'.padEnd(60)}CARD 4111111111111111 OK`,
  });
  const before = bytes.slice();
  new MessageRedactor(plan, plan.framing, AS_IS).redact(bytes, 0, bytes.length);
  const text = Buffer.from(bytes).toString('latin1');
  expect(text).toContain('CARD 4111110000001111 OK');
  expect(text).toBe(Buffer.from(before).toString('latin1').replace('CARD 4111111111111111', 'CARD 4111110000001111'));
});

describe('behind what may be a wrong length', () => {
  const plan = planOf('unionpay-pos');
  const view = new MessageView(plan);
  const marked = (fields: Record<string, string>): Record<string, string> => {
    const bytes = encoded(plan, '0210', fields);
    new MessageRedactor(plan, plan.framing, standInOf(KEY)).redact(bytes, 0, bytes.length);
    expect(view.decode(bytes, bodyAt(plan), bytes.length)).toBe(Status.ok);
    return textsOf(view);
  };

  test('a card number of eight digits: the fields behind it, which hold its end, are marked; a short one is seen', () => {
    const texts = marked({
      '2': '62250034',
      '3': '567890',
      '4': '140000001234',
      '25': '77',
      '39': '55',
      '41': '10000001',
    });
    expect(texts).toEqual({
      '2': '0'.repeat(8),
      '3': '000000',
      '4': '0'.repeat(12),
      '25': '77',
      '39': '00',
      '41': '0'.repeat(8),
    });
  });

  test('a track of eleven digits, and the tag of a card number inside of a public tag', () => {
    expect(marked({ '3': '000000', '35': '62250034567', '41': '10000001' })).toMatchObject({
      '3': '000000',
      '41': '0'.repeat(8),
    });
    const chip = '9F36020017840A5A08622500345678901495050000008000';
    expect(marked({ '3': '000000', '55': chip, '60': '22000001' })).toEqual({
      '3': '000000',
      '55': '0'.repeat(chip.length),
      '60': '00000000',
    });
  });
});

test('a planted mistake is found: a track, a tag or a PIN block that is called public', () => {
  const { fields, tags } = shippedDialect('unionpay-pos');
  const source = shippedDialect('unionpay-pos');
  const open = { class: 'public' } as const;
  const planted = [
    { ...source, fields: { ...fields, 35: { ...fields[35], ...open } } },
    { ...source, fields: { ...fields, 52: { ...fields[52], ...open } } },
    { ...source, tags: { ...tags, '57': { ...tags['57'], ...open } } },
  ];
  for (const dialect of planted) {
    const plan = planWithOptions(dialect, {});
    if (!plan.ok) throw new Error(plan.fault.cause);
    const redactor = new MessageRedactor(plan.value, dialect.framing, standInOf(KEY));
    const random = new Random(4);
    let leaks = 0;
    for (let i = 0; i < 20; i++) {
      const card = cardOf(random);
      const { mti, fields: values } = fieldsOf(planOf('unionpay-pos'), card, i);
      const bytes = encoded(plan.value, mti, values);
      redactor.redact(bytes, 0, bytes.length);
      leaks += found(bytes, canariesOf(card)).length;
    }
    expect(leaks).toBeGreaterThan(5);
  }
});
