import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Entry, readEntry, requestLine } from '../../src/runtime/entries.ts';
import { card, type Counter, type CounterOptions, Crash } from './counter.ts';
import {
  open,
  paidSale,
  paper,
  refund,
  refundAmount,
  refundByVoucher,
  sale,
  SUPERVISOR_PASSWORD,
} from '../scenarios/people.ts';

/** Entries that come to a counter at work, in virtual time. */

let requests = 0;
const next = (): string => (++requests).toString(16).padStart(32, '0');
const lineOf = (entry: Entry, request = next(), password = SUPERVISOR_PASSWORD): string =>
  requestLine({ request, password, entry });
const FREEZE: Entry = { what: 'freeze', note: 'wrong refunds' };

function shop(options: CounterOptions = {}): Counter {
  const c = open(options);
  c.journal.setPassword(c.world.nowMs(), '00', SUPERVISOR_PASSWORD, '00');
  return c;
}

interface Answer {
  readonly ok: boolean;
  readonly again?: boolean;
  readonly value?: Record<string, unknown>;
  readonly fault?: { readonly name: string };
}
const read = (answers: readonly string[]): Answer[] => answers.map(text => JSON.parse(text) as Answer);
/** What is answered at once. */
const ask = (c: Counter, entry: Entry, request?: string, password?: string): Answer | undefined =>
  read(c.control(lineOf(entry, request, password)))[0];

describe('freeze', () => {
  test('stands on the idle screen at once, with no key and no minute passing; free takes it away', () => {
    // Idle was drawn a while ago: the terminal waits for a key, for most of a minute yet.
    const c = shop().pause(5);
    const from = c.world.monotonicMs();
    expect(ask(c, FREEZE)).toMatchObject({ ok: true, again: false, value: { by: '00', note: 'wrong refunds' } });
    c.on('退货已暂停');
    expect(c.world.monotonicMs() - from).toBeLessThan(1000);
    c.pause(5);
    expect(ask(c, { what: 'free' })).toMatchObject({ ok: true });
    c.wait(() => !c.screen.includes('暂停'), 'the banner stayed', 1000);
    paidSale(c, 10_000);
    expect(c.differences()).toEqual([]);
  });

  test('comes in while idle is just being drawn: it is not lost until the next minute', () => {
    const c = shop();
    // The sale's last screen goes and idle is sent to the terminal: nobody waits for a key in that moment.
    sale(c, 10_000);
    c.on('请撕下商户存根', 'ENTER').on('交易完成', 'ENTER');
    expect(ask(c, FREEZE)).toMatchObject({ ok: true });
    const from = c.world.monotonicMs();
    c.on('退货已暂停');
    expect(c.world.monotonicMs() - from).toBeLessThan(2000);
  });

  test('a key that is pressed in the same moment is not lost and not taken twice', () => {
    const c = shop();
    c.keys('ENTER');
    ask(c, FREEZE);
    c.on('主菜单', '1').on('请输入金额');
  });

  test('a refund whose amount is confirmed already is refused before it is sent', () => {
    const c = paidSale(shop(), 10_000);
    refundByVoucher(c, 2).on('请输入退货金额').type(4_000).on('请确认退货金额', 'ENTER').on('请选退货原因');
    ask(c, FREEZE);
    c.keys('1').on('退货已暂停');
    expect(c.sent('0220')).toEqual([]);
    expect(c.differences()).toEqual([]);
  });

  test('between the last look and the send, while a reversal goes first: refused at the intent', () => {
    const c = paidSale(shop({ change: { acquirer: { reversal: { sent: 'before-next' } } } }), 10_000);
    c.faults({ match: { mti: '0200' }, do: { silent: true } });
    sale(c, 500).on('确认键:菜单');
    c.faults({ match: { mti: '0400' }, do: { delayMs: 5000 } });
    refundAmount(refundByVoucher(c, 2), 4_000);
    c.wait(() => c.sent('0400').length === 1, 'the reversal never went out');
    expect(ask(c, FREEZE)).toMatchObject({ ok: true });
    c.on('退货已暂停');
    expect(c.received('0410')).toHaveLength(1);
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.list({ kind: 'refund' })).toEqual([]);
    expect(c.differences()).toEqual([]);
  });

  test('a refund that is on its way ends as the acquirer says', () => {
    const c = paidSale(shop(), 10_000);
    refundAmount(refundByVoucher(c, 2), 4_000);
    c.wait(() => c.sent('0220').length === 1, 'the refund never went out');
    expect(ask(c, FREEZE)).toMatchObject({ ok: true });
    paper(c.on('退货已受理'));
    expect(c.differences()).toEqual([]);
    c.on('退货已暂停');
  });
});

describe('a job under way', () => {
  const NOTE: Entry = {
    what: 'refund-external',
    reference: '123456789012',
    date: '1120',
    amountMinor: 700,
    method: 'cash',
    proof: 'R-9',
    note: 'card was closed',
  };

  test('an entry waits for its end, and is made before the next step', () => {
    const c = shop();
    sale(c, 10_000);
    c.wait(() => c.sent('0200').length === 1, 'the sale never went out');
    const answers = c.control(lineOf(NOTE));
    expect(answers).toEqual([]);
    c.wait(() => answers.length === 1, 'no answer came', 10_000);
    expect(read(answers)[0]).toMatchObject({ ok: true, value: { amountMinor: 700 } });
    const kinds = c.journal.records(20).map(record => record.kind);
    expect(kinds.indexOf('refund-external')).toBeLessThan(kinds.indexOf('outcome'));
    paper(c);
    expect(c.differences()).toEqual([]);
  });

  test('one that takes too long: refused, nothing entered', () => {
    const c = shop({ change: { acquirer: { answerTimeoutSeconds: 90 } } });
    c.faults({ match: { mti: '0200' }, do: { silent: true } });
    sale(c, 10_000);
    c.wait(() => c.sent('0200').length === 1, 'the sale never went out');
    const answers = c.control(lineOf(NOTE));
    c.pause(61);
    expect(read(answers)).toMatchObject([{ ok: false, fault: { name: 'counter-busy' } }]);
    expect(c.journal.externals()).toEqual([]);
  });

  test('whoever went away meanwhile has entered nothing; too many at a time are refused', () => {
    const c = shop();
    sale(c, 10_000);
    c.wait(() => c.sent('0200').length === 1, 'the sale never went out');
    const lost = c.control(lineOf(NOTE), () => true);
    const more = Array.from({ length: 8 }, () => c.control(lineOf(NOTE)));
    expect(read(more[7])).toMatchObject([{ ok: false, fault: { name: 'counter-busy' } }]);
    paper(c);
    expect(lost).toEqual([]);
    expect(more.slice(0, 7).map(answers => read(answers)[0]?.ok)).toEqual(Array(7).fill(true));
    expect(c.journal.externals()).toHaveLength(7);
  });
});

describe('stop of a held refund', () => {
  const held = (): Counter => {
    const c = paidSale(shop({ change: { policy: { refundHoldSeconds: 300 } } }), 10_000);
    return refund(c, 2, 4_000).on('退货待发送');
  };
  const idOf = (c: Counter): number => c.journal.heldRefunds()[0].id;

  test('it is never sent, its card is gone, and the acquirer knows nothing of it', () => {
    const c = held();
    const id = idOf(c);
    c.keys('CANCEL').on('确认键:菜单');
    expect(ask(c, { what: 'refund-stop', id, note: 'typed wrong' })).toMatchObject({
      ok: true,
      value: { state: 'stopped' },
    });
    expect(ask(c, { what: 'refund-stop', id, note: 'typed wrong' })).toMatchObject({
      ok: false,
      fault: { name: 'refund-not-held' },
    });
    c.pause(900);
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.refundable(c.journal.byVoucher(2)?.id ?? 0)).toBe(10_000);
    expect(c.differences()).toEqual([]);
  });

  test('while it is in hand at the keypad: the send is refused, and nothing breaks', () => {
    const c = held();
    const id = idOf(c);
    ask(c, { what: 'refund-stop', id, note: 'typed wrong' });
    c.keys('1').pause(5);
    c.keys('CANCEL').on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
    expect(c.journal.held(id)?.state).toBe('stopped');
    expect(c.differences()).toEqual([]);
  });

  test('while it goes out and a reversal goes first: its card stays whole until the send is refused', () => {
    const change = { policy: { refundHoldSeconds: 300 }, acquirer: { reversal: { sent: 'before-next' } } } as const;
    const c = refund(paidSale(shop({ change }), 10_000), 2, 4_000)
      .on('退货待发送', 'CANCEL')
      .on('确认键:菜单');
    const id = idOf(c);
    c.faults({ match: { mti: '0200' }, do: { silent: true } });
    sale(c, 500).on('确认键:菜单');
    c.faults({ match: { mti: '0400' }, do: { delayMs: 5000 } });
    c.wait(() => c.sent('0400').length === 1, 'the held refund was never due', 600_000);
    expect(ask(c, { what: 'refund-stop', id, note: 'typed wrong' })).toMatchObject({ ok: true });
    c.pause(90).on('确认键:菜单');
    expect(c.received('0410')).toHaveLength(1);
    expect(c.sent('0220')).toEqual([]);
    expect(c.log.filter(line => line.includes('refund-not-held'))).not.toEqual([]);
    expect(c.differences()).toEqual([]);
  });

  test('too late when it is out', () => {
    const c = held();
    const id = idOf(c);
    c.keys('1').wait(() => c.sent('0220').length === 1, 'the refund never went out');
    expect(ask(c, { what: 'refund-stop', id, note: 'late' })).toMatchObject({
      ok: false,
      fault: { name: 'refund-not-held' },
    });
    paper(c.on('退货已受理'));
  });
});

describe('who may', () => {
  test('a wrong password counts and blocks; the published one enters nothing', () => {
    const c = shop();
    for (const name of ['password-wrong', 'password-wrong', 'operator-blocked'])
      expect(ask(c, FREEZE, undefined, '111111')).toMatchObject({ ok: false, fault: { name } });
    expect(ask(c, FREEZE)).toMatchObject({ fault: { name: 'operator-blocked' } });
    expect(ask(open(), FREEZE, undefined, '123456')).toMatchObject({ fault: { name: 'password-first' } });
    expect(c.journal.refundsFrozen()).toBeUndefined();
  });

  test('no secret and no card number gets into log or journal', () => {
    const c = shop();
    const { pan } = card('swipe');
    const note = `customer ${pan} called`;
    ask(c, { what: 'freeze', note });
    ask(c, { what: 'freeze', note: '\u0000' } as Entry);
    expect(c.log.join('\n')).not.toMatch(new RegExp(`${SUPERVISOR_PASSWORD}|${pan}`));
    expect(c.journal.refundsFrozen()?.note).toBe(`customer ${pan.slice(0, 6)}******${pan.slice(-4)} called`);
  });
});

describe('a cut', () => {
  const external = (request: string): string =>
    lineOf(
      {
        what: 'refund-external',
        reference: '123456789012',
        date: '1120',
        amountMinor: 700,
        method: 'cash',
        proof: 'R',
        note: 'x',
      },
      request,
    );

  test('before and after the commit of an entry: it is there or not, and the same request again makes it once', () => {
    const request = next();
    const base = shop();
    const from = base.commits.length;
    base.control(external(request));
    const commits = base.commits.slice(from);
    // The whole step, and inside of it the record of the entry before its request number.
    expect(commits).toHaveLength(2);
    for (const call of commits)
      for (const when of ['before', 'after'] as const) {
        const c = shop();
        c.crashAt = { call, when };
        expect(() => c.control(external(request))).toThrow(Crash);
        c.crashAt = undefined;
        c.start();
        c.on('确认键:菜单');
        const made = c.journal.externals().length;
        expect(c.journal.recordsOfKinds(['entry'])).toHaveLength(made);
        expect(read(c.control(external(request)))).toMatchObject([{ ok: true, again: made === 1 }]);
        expect(c.journal.externals()).toHaveLength(1);
        expect(c.journal.verify()).toMatchObject({ ok: true });
      }
  });
});

describe('nonsense', () => {
  const valid: fc.Arbitrary<Record<string, unknown>> = fc.constantFrom(
    { what: 'freeze', note: 'x' },
    { what: 'refund-stop', id: 5, note: 'x' },
    { what: 'refund-life', id: 5, state: 'arrived', reference: 'A1' },
    { what: 'refund-resolve', id: 5, outcome: 'accepted', operator: '02', reference: '123456789012', note: 'x' },
    { what: 'refund-external', voucher: 2, amountMinor: 5, method: 'bank', proof: 'T', note: 'x' },
    { what: 'case-note', id: 5, kind: 'note', note: 'x', amountMinor: 5, proof: 'P' },
    { what: 'case-close', id: 5, note: 'x' },
    { what: 'reversal-resolve', id: 5, outcome: 'stands', reference: '123456789012', note: 'x' },
  );
  const odd = fc.oneof(
    fc.anything({ maxDepth: 2 }),
    fc.constantFrom(
      -1,
      0,
      1.5,
      1e300,
      Number.NaN,
      '\ud800',
      '\u0000',
      'a\nb',
      ' ',
      'x'.repeat(201),
      '6225001234560014',
      '__proto__',
    ),
    fc.string({ unit: 'binary' }),
  );

  test('anything at all is answered with one line and never ends the counter', () => {
    const c = shop();
    const broken = fc.tuple(valid, fc.string(), odd, fc.nat(9)).map(([entry, name, value, where]) => {
      const names = Object.keys(entry);
      const member = where < names.length ? names[where] : name;
      return JSON.stringify({
        v: 1,
        request: next(),
        password: SUPERVISOR_PASSWORD,
        entry: { ...entry, [member]: value },
      });
    });
    const lines = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.json({ maxDepth: 6 }),
      broken,
      valid.map(entry => JSON.stringify({ v: 1, request: next(), password: SUPERVISOR_PASSWORD, entry })),
    );
    fc.assert(
      fc.property(lines, line => {
        const answers = read(c.control(line ?? 'undefined'));
        expect(answers).toHaveLength(1);
        expect(typeof answers[0].ok).toBe('boolean');
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(c.ended).toBeUndefined();
    ask(c, { what: 'free' });
    paidSale(c, 10_000);
    expect(c.differences()).toEqual([]);
  });

  test('each entry is read as it is, and with any member too many it is refused', () => {
    fc.assert(
      fc.property(valid, fc.string({ minLength: 1 }), (entry, name) => {
        expect(readEntry(entry).ok).toBe(true);
        if (!Object.hasOwn(entry, name) && !['batch', 'date', 'reference', 'amountMinor', 'proof'].includes(name))
          expect(readEntry({ ...entry, [name]: 1 }).ok).toBe(false);
      }),
    );
    expect(readEntry(JSON.parse('{"what":"free","__proto__":1}')).ok).toBe(false);
    for (const note of ['', ' ', 'a\nb', '\u0000', '\u2028', '\ud800', 'x'.repeat(201)])
      expect(readEntry({ what: 'freeze', note }).ok, JSON.stringify(note)).toBe(false);
    expect(readEntry({ what: 'freeze', note: '退错 x'.repeat(40) }).ok).toBe(true);
  });
});
