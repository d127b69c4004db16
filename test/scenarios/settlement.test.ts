import { describe, expect, test } from 'vitest';
import { type Counter, Crash } from '../runtime/counter.ts';
import { beginSale, open, paidSale, paper, refund, sale, settle, settled, totals, voidSale } from './people.ts';

/** A day with stripe and chip sales, a void and a refund. Traces 2 to 6. */
function day(c: Counter): Counter {
  paidSale(c, 10_000);
  paidSale(c, 20_000, 'chip');
  paidSale(c, 30_000);
  paper(voidSale(c, 4));
  return paper(refund(c, 2, 4_000));
}

/** 60.3 and field 48 of the batch messages sent. */
function uploads(c: Counter): string[] {
  return c.sent('0320').map(m => `${m.fields[60].slice(0, 2)}/${m.fields[60].slice(8, 11)}`);
}

/** The acquirer has one sale less than the terminal: its row is taken out behind its back. */
function forget(c: Counter, trace: number): void {
  c.ledger.db.exec(`UPDATE txn SET state = 'declined' WHERE trace = '${String(trace).padStart(6, '0')}'`);
}

/** The end of the batch gets no answer once, and the acquirer does not book it. */
function silentEnd(c: Counter): Counter {
  c.faults({ match: { mti: '0320' }, do: { silent: true, bookNot: true }, times: 1 });
  return c;
}

describe('settlement', () => {
  test('balanced: totals, certificates of the chip sales only, end 207, new batch', () => {
    const c = settled(settle(day(open())));
    const [request] = c.sent('0500');
    expect(request.fields[48]).toBe(`${'000000060000003'}${'000000034000002'}0${'0'.repeat(30)}0`);
    expect(uploads(c)).toEqual(['00/203', '00/207']);
    expect(c.sent('0320').at(-1)?.fields[48]).toBe('0001');
    expect(c.sent('0320')[0].fields).toMatchObject({
      2: '6210000000000000017',
      4: '000000020000',
      11: '000003',
      22: '051',
      23: '001',
    });
    expect(Buffer.from(c.sent('0320')[0].fields[62], 'hex').toString()).toBe('610000000000020000156');
    expect(c.journal.batch()).toBe(2);
    expect(c.slips.at(-1)).toContain('结算');
    expect(c.log.some(line => line.includes('but '))).toBe(false);
    expect(c.differences()).toEqual([]);
    // The next day begins with a sign-on that brings the new batch number.
    c.keys('ENTER')
      .on('请输入操作员号')
      .type('01')
      .on('请输入操作员密码')
      .type('0000')
      .on('请输入新密码')
      .type('2580')
      .on('请再输一次')
      .type('2580');
    c.on('签到成功').on('000002');
    paidSale(c, 5_000);
    expect(c.sent('0200').at(-1)?.fields[60].slice(2, 8)).toBe('000002');
    expect(c.differences()).toEqual([]);
  });

  test('not balanced: details eight a message, notices, certificates, end 202', () => {
    const c = day(open());
    for (let i = 0; i < 8; i++) paidSale(c, 1_080 + i);
    forget(c, 2);
    settled(settle(c));
    expect(uploads(c)).toEqual(['00/201', '00/201', '25/000', '00/205', '00/202']);
    const details = c.sent('0320').filter(m => m.fields[60].slice(8, 11) === '201');
    expect(details.map(m => m.fields[48].slice(0, 2))).toEqual(['08', '03']);
    // Eleven stripe records, one notice, one certificate.
    expect(c.sent('0320').at(-1)?.fields[48]).toBe('0013');
    expect(c.log.some(line => line.includes('announced'))).toBe(false);
    const notice = c.sent('0320')[2];
    const original = c.sent('0220')[0];
    for (const field of [3, 4, 11, 25, 37, 41, 42, 49, 60, 61, 63])
      expect([field, notice.fields[field]]).toEqual([field, original.fields[field]]);
    for (const field of [26, 35, 36, 52, 53, 64]) expect([field, notice.fields[field]]).toEqual([field, undefined]);
  });

  test('the details and the reports on paper', () => {
    const c = settle(day(open())).on('是否打印明细', '1').on('结算成功', 'ENTER').on('未签到');
    expect(c.slips.at(-1)).toContain('000002');
  });

  test.each(['0500', '0320'])('no answer to %s: asked again, goes on where it stood', mti => {
    const c = day(open());
    c.faults({ match: { mti }, do: { silent: true }, times: 1 });
    settle(c);
    if (mti === '0500') c.on('是否重试', 'ENTER');
    settled(c);
    expect(c.differences()).toEqual([]);
    expect(c.log.some(line => line.includes('announced'))).toBe(false);
  });

  test('no answer to the batch end: the acquirer has closed, the repeat is answered 00', () => {
    const c = day(open());
    c.faults({ match: { mti: '0320', '60.3': '207' }, do: { silent: true }, times: 1 });
    settled(settle(c).on('是否重试', 'ENTER'));
    expect(c.received('0330').at(-1)?.fields[39]).toBe('00');
    expect(c.journal.batch()).toBe(2);
    expect(c.differences()).toEqual([]);
  });

  test('not now: the settlement is named and taken up before the next sale', () => {
    const c = day(open());
    c.faults({ match: { mti: '0500' }, do: { silent: true }, times: 1 });
    settle(c).on('是否重试', 'CANCEL').on('确认键:菜单', 'ENTER').on('上次结算中断');
    settled(c);
    expect(c.differences()).toEqual([]);
  });

  test('an item that stays silent is sent again after the round, each counts once', () => {
    const c = open();
    paidSale(c, 10_000, 'chip');
    paidSale(c, 20_000, 'chip');
    paidSale(c, 30_000, 'chip');
    c.faults({ match: { mti: '0320', '60.3': '203' }, do: { silent: true }, times: 2 });
    settled(settle(c));
    expect(c.sent('0320').map(m => m.fields[60].slice(8, 11))).toEqual(['203', '203', '203', '203', '203', '207']);
    expect(c.sent('0320').at(-1)?.fields[48]).toBe('0003');
    expect(c.log.some(line => line.includes('announced'))).toBe(false);
    expect(c.differences()).toEqual([]);
  });

  test('an owed reversal goes before the totals', () => {
    const c = paidSale(
      open({ rules: [{ match: { mti: '0400' }, do: { silent: true, bookNot: true }, times: 3 }] }),
      10_000,
    );
    sale(c, 10_068).on('冲正不成功', 'ENTER').on('确认键:菜单');
    settled(settle(c));
    expect(c.sentTypes()).toBe('0800 0200 0200 0400 0400 0400 0400 0500 0320');
    expect(c.differences()).toEqual([]);
  });

  test('an acquirer that refuses the totals (flags 3): signed on again, then settled', () => {
    const c = day(open());
    c.ledger.db.exec('UPDATE terminal SET signedOn = 0');
    settled(settle(c).on('是否重试', 'ENTER'));
    expect(c.sentTypes()).toContain('0500 0800 0500');
    expect(c.differences()).toEqual([]);
  });

  test('an acquirer that has forgotten the sign-on between the totals and the end', () => {
    const c = day(open());
    c.faults({ match: { mti: '0320', '60.3': '207' }, do: { silent: true, bookNot: true }, times: 1 });
    settle(c).on('是否重试');
    c.ledger.db.exec('UPDATE terminal SET signedOn = 0');
    c.keys('ENTER');
    settled(c);
    expect(c.differences()).toEqual([]);
  });

  test('an acquirer that forgets the sign-on in the middle of the upload', () => {
    const c = day(open());
    c.faults({ match: { mti: '0320', '60.3': '203' }, do: { code: 'A0' }, times: 1 });
    settled(settle(c));
    expect(c.sentTypes()).toMatch(/0500 0320 0800 0320 0320$/);
    expect(c.log.some(line => line.includes('announced'))).toBe(false);
    expect(c.differences()).toEqual([]);
  });

  test('while a settlement is cut off, an unknown refund stays as it is', () => {
    const c = open({
      rules: [
        { match: { mti: '0220' }, do: { silent: true } },
        { match: { mti: '0500' }, do: { silent: true }, times: 1 },
      ],
    });
    refund(paidSale(c, 10_000), 2, 4_000)
      .on('退货结果未知', 'ENTER')
      .on('确认键:菜单', 'ENTER')
      .on('主菜单', '7')
      .on('管理', '4');
    totals(c.on('是否批结算', 'ENTER').on('结算后仍待查', 'ENTER')).on('是否重试', 'CANCEL').on('确认键:菜单', 'ENTER');
    // Any key takes the settlement up again; the refund is listed, not in the totals.
    settled(c);
    expect(c.journal.unknownRefunds()).toHaveLength(1);
    expect(c.sent('0500')[1].fields[48]).toBe(c.sent('0500')[0].fields[48]);
    expect(c.sent('0500')[1].fields[48].slice(15, 30)).toBe('000000000000000');
  });

  test('a foreign card is in the second block', () => {
    const c = open();
    beginSale(c, 7_700).swipe('foreign').on('卡号:', 'ENTER').on('请持卡人输密码').type('123456');
    paper(c);
    settled(settle(c));
    expect(c.sent('0500')[0].fields[48].slice(31, 46)).toBe('000000007700001');
    expect(uploads(c)).toEqual(['00/207']);
    expect(c.differences()).toEqual([]);
  });

  test('nothing to settle; sign-off is refused while the batch is open', () => {
    const c = open();
    c.keys('ENTER').on('主菜单', '7').on('管理', '4').on('是否批结算', 'ENTER').on('无交易', 'ENTER').on('确认键:菜单');
    paidSale(c, 10_000);
    c.keys('ENTER').on('主菜单', '7').on('管理', '2').on('请先结算', 'ENTER').on('确认键:菜单');
    expect(c.sent('0820')).toEqual([]);
  });

  test('sign-off of an empty batch', () => {
    const c = open();
    c.keys('ENTER').on('主菜单', '7').on('管理', '2').on('签退成功', 'ENTER').on('未签到');
    expect(c.sentTypes()).toBe('0800 0820');
  });

  test('a full journal must be settled first', () => {
    const c = open({ change: { policy: { maxTransactions: 2 } } });
    paidSale(paidSale(c, 10_000), 20_000);
    c.keys('ENTER').on('主菜单', '1').on('流水存储已满', 'ENTER').on('是否批结算', 'ENTER');
    settled(totals(c));
    expect(c.differences()).toEqual([]);
  });

  test('wrong batch number at the acquirer: 77, sign-on brings the right one', () => {
    const c = open();
    c.ledger.db.exec('UPDATE terminal SET batch = 9');
    sale(c, 10_000).on('[77]', 'ENTER').on('确认键:菜单');
    paidSale(c, 10_000);
    expect(c.sent('0200').at(-1)?.fields[60].slice(2, 8)).toBe('000009');
    expect(c.differences()).toEqual([]);
  });
});

describe('a settlement that is cut off', () => {
  /** Eleven stripe sales, a chip sale, a void and a refund, of which the acquirer has one sale less. */
  function prepared(): Counter {
    const c = day(open());
    for (let i = 0; i < 8; i++) paidSale(c, 1_080 + i);
    forget(c, 2);
    return c;
  }
  const WHOLE = ['00/201', '00/201', '25/000', '00/205', '00/202'];

  test.each([0, 1, 2, 3, 4, 5])('after %i messages of the upload goes on from the last that was acknowledged', cut => {
    const c = prepared();
    settle(c).wait(
      () => c.sent(cut === 0 ? '0500' : '0320').length === Math.max(1, cut),
      'the settlement did not come so far',
    );
    c.crash();
    c.start();
    c.on('上次结算中断');
    settled(c);
    // Only the message whose answer nobody heard goes out again, and it counts once.
    const expected = cut === 0 ? WHOLE : [...WHOLE.slice(0, cut), ...WHOLE.slice(cut - 1)];
    expect(uploads(c)).toEqual(expected);
    expect(c.sent('0320').at(-1)?.fields[48]).toBe('0013');
    expect(c.log.some(line => line.includes('announced'))).toBe(false);
    expect(c.sent('0500').map(m => m.fields[48])).toEqual(Array(cut === 0 ? 2 : 1).fill(c.sent('0500')[0].fields[48]));
    expect([c.journal.batch(), c.journal.lastSettlement()?.items]).toEqual([2, 13]);
    expect(c.log.filter(line => line.includes('!! ')).map(line => line.split('!! ')[1])).toEqual([
      'detail 000002 100.00 was uploaded and is not so in the books',
    ]);
  });

  test('an end that the acquirer refuses is not asked for for ever: totals anew, and the counter goes on', () => {
    const c = paidSale(open(), 10_000);
    c.faults({ match: { mti: '0320', '60.3': '207' }, do: { code: '95' }, times: 1 });
    settle(c).on('是否重试', 'CANCEL').on('确认键:菜单');
    expect(c.journal.openSettlement()).toBeUndefined();
    paidSale(c, 5_000);
    settled(settle(c));
    expect(c.sentTypes()).toBe('0800 0200 0500 0320 0800 0200 0500 0320');
    expect(c.differences()).toEqual([]);
  });

  test('an acquirer that has lost the totals refuses the end: they are sent again', () => {
    const c = settle(silentEnd(paidSale(open(), 10_000))).on('是否重试');
    c.ledger.db.exec('DELETE FROM settlement');
    settled(c.keys('ENTER').on('是否重试', 'ENTER'));
    expect(c.sentTypes()).toBe('0800 0200 0500 0320 0320 0800 0500 0320');
    expect(c.differences()).toEqual([]);
  });

  test('totals refused with a code: signed on again, then settled', () => {
    const c = paidSale(open(), 10_000);
    c.faults({ match: { mti: '0500' }, do: { code: 'A0', onlyCode: true }, times: 1 });
    settled(settle(c).on('是否重试', 'ENTER'));
    expect(c.sentTypes()).toBe('0800 0200 0500 0800 0500 0320');
  });

  test('the sign-on before the totals shows that the acquirer has closed the batch: no empty batch is settled', () => {
    const c = paidSale(open(), 10_000);
    c.ledger.db.exec('UPDATE terminal SET batch = 9');
    settle(c).on('是否重试', 'ENTER').on('无交易', 'ENTER').on('确认键:菜单');
    expect(c.sentTypes()).toBe('0800 0200 0500 0800');
    expect(c.slips.at(-1)).toContain('批次未对账');
    expect(c.journal.batch()).toBe(9);
  });

  test('cut off between the end of the batch and its slip: the slip is there after the start', () => {
    const c = paidSale(open(), 10_000);
    const { closeBatch } = c.journal;
    c.journal.closeBatch = (...of) => {
      closeBatch(...of);
      throw new Crash();
    };
    expect(() => settled(settle(c))).toThrow(Crash);
    c.start();
    c.on('确认键:菜单');
    expect(c.journal.lastSettlement()?.batch).toBe(1);
    expect(c.journal.lastSlip('settlement')?.lines.join('\n')).toMatch(/净额\/NET +100.00/);
  });

  test('the anchor of the day is on its slip, and the chain up to it can be checked', () => {
    const c = settled(settle(paidSale(open(), 10_000)));
    const anchor = /[0-9a-f]{4}(-[0-9a-f]{4}){3}/.exec(c.slips.at(-1) ?? '')?.[0] ?? '';
    const [record] = c.journal.recordsOfAnchor(anchor.replaceAll('-', ''));
    expect(c.journal.record(record.seq)?.kind).toBe('batch-closed');
    expect(c.journal.verify().ok).toBe(true);
  });
});

describe('what a person entered', () => {
  test('a chip sale that stands by what a person entered has no certificate: it goes up as a detail', () => {
    const c = open({ rules: [{ match: { mti: '0400' }, do: { silent: true, bookNot: true } }] });
    sale(c, 10_068, 'chip').on('冲正不成功').keys('ENTER').on('请取走卡片').remove().on('确认键:菜单');
    const [held] = c.journal.heldReversals();
    c.journal.resolveReversal(c.world.nowMs(), held.id, {
      by: '00',
      entry: { result: 'approved', reference: '112233445566', note: 'n' },
    });
    c.faults({ match: { mti: '0200' }, do: { bookNot: true }, times: 1 });
    paidSale(c, 5_000);
    settled(settle(c));
    const details = c
      .sent('0320')
      .map(m => m.fields[48] ?? '')
      .join();
    expect(details).toContain('0000020621000');
    expect(c.sent('0320').at(-1)?.fields[48]).toMatch(/^0002/);
  });
});
