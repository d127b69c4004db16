import { describe, expect, test } from 'vitest';
import { failed, fault, ok } from '../../src/fault.ts';
import { allSteps, FIRST_CONTEXT } from '../../src/terminal/machine.ts';
import { panelProfile } from '../../src/terminal/profile.ts';
import { type SlipDesk, usedSlips } from '../../src/runtime/slip-code.ts';
import { openSigningKey } from '../../src/security/signature.ts';
import { readSlipCode, SLIP_CODE_LENGTH, slipCodeBytes, slipCodeText } from '../../src/transaction/slip-code.ts';
import type { UsedList } from '../../src/transaction/used-slips.ts';
import { card, type Counter } from '../runtime/counter.ts';
import { follow, type Place } from '../terminal/place.ts';
import { beginScanRefund, CODES, paidScan, scanRefundAmount } from './scan.ts';
import {
  beginRefund,
  beginVoid,
  open,
  paidSale,
  paper,
  refund,
  refundAmount,
  typeSupervisorPassword,
  voidSale,
} from './people.ts';

/** Keys of a terminal in memory: who is trusted, and what lists were imported. */
class Desk implements SlipDesk {
  readonly key;
  readonly cardKey: Uint8Array;
  readonly cardKeyName: string;
  readonly trusted: Desk[] = [];
  lists: UsedList[] = [];

  constructor(seed: number, cards = 1) {
    this.key = openSigningKey(new Uint8Array(32).fill(seed));
    this.cardKey = new Uint8Array(32).fill(cards);
    this.cardKeyName = `00${cards}0`.slice(-4);
  }

  publicKey(signer: string): ReturnType<SlipDesk['publicKey']> {
    const found = [this, ...this.trusted].find(desk => desk.key.signer === signer);
    return found ? ok(found.key.publicKey) : failed(fault('E_NOEXIST', 'signer-unknown', 'not trusted', 'trust it'));
  }

  usedLists(): ReturnType<SlipDesk['usedLists']> {
    return ok(this.lists);
  }

  /** What `counter` gave back, as its list would say it here. */
  take(counter: Counter, from: Desk): void {
    const slips = usedSlips(counter.journal, counter.world.nowMs(), ms => counter.world.local(ms));
    const { headSeq } = counter.journal;
    this.lists = [{ terminal: '12345678', signer: from.key.signer, upTo: headSeq, madeAtMs: 0, slips }];
  }
}

/** The text of the QR code on a slip. */
function codeOn(slip: string | undefined): string {
  return /\[QR (\S+)\]/.exec(slip ?? '')?.[1] ?? '';
}

function scan(counter: Counter, text: string): Counter {
  counter.wait(() => counter.terminal.listening().scanner, 'nobody waited for a scan');
  expect(counter.terminal.scan(text)).toBeUndefined();
  return counter;
}

const toScanner = (counter: Counter): Counter => beginRefund(counter).keys('3').on('请扫签购单条码');
const home = (counter: Counter): Counter => counter.keys('CANCEL').on('确认键:菜单');

function swipe(counter: Counter, which = 'swipe'): Counter {
  return counter.on('请插卡/刷卡/挥卡').swipe(which);
}

/** A second terminal of the merchant that knows the first one's key, not its journal. */
function twoCounters(cards: { first: number; second: number } = { first: 1, second: 1 }): {
  first: Counter;
  second: Counter;
  firstDesk: Desk;
  secondDesk: Desk;
} {
  const firstDesk = new Desk(1, cards.first);
  const secondDesk = new Desk(2, cards.second);
  firstDesk.trusted.push(secondDesk);
  secondDesk.trusted.push(firstDesk);
  return { first: open({ slips: firstDesk }), second: open({ slips: secondDesk, seed: 5 }), firstDesk, secondDesk };
}

describe('the code on a slip', () => {
  test('both copies of a sale carry the same one, and the journal keeps it; it says what the slip says', () => {
    const desk = new Desk(1);
    const c = paidSale(open({ slips: desk }), 12_800);
    const [merchant, cardholder] = c.slips;
    const code = codeOn(merchant);
    expect(code).toHaveLength(SLIP_CODE_LENGTH);
    expect(codeOn(cardholder)).toBe(code);
    const txn = c.journal.list({ kind: 'sale' })[0];
    expect(c.journal.slipsOf(txn.id).map(slip => slip.code)).toEqual([code, code]);
    expect(readSlipCode(code)?.code).toMatchObject({
      channel: 'card',
      terminal: txn.intent.tid,
      batch: txn.batch,
      voucher: txn.trace,
      reference: txn.answer?.reference,
      date: '261121',
      amountMinor: 12_800,
      card: { lastFour: txn.intent.card?.masked.slice(-4), key: desk.cardKeyName },
      signer: desk.key.signer,
    });
    expect(c.differences()).toEqual([]);
  });

  test('its anchor is that of the record that approved the sale: the journal finds and proves it', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    const anchor = readSlipCode(codeOn(c.slips[0]))?.code.anchor ?? '';
    const [record, ...more] = c.journal.recordsOfAnchor(anchor);
    expect(more).toEqual([]);
    expect(c.journal.record(record.seq)).toMatchObject({ kind: 'outcome', body: { result: 'approved' } });
  });

  test('the card number cannot be found from it: another secret makes another token', () => {
    const tokens = [1, 2].map(
      secret => readSlipCode(codeOn(paidSale(open({ slips: new Desk(1, secret) }), 100).slips[0]))?.code.card?.token,
    );
    expect(tokens[0]).not.toBe(tokens[1]);
    expect(tokens.join()).not.toContain(card('swipe').pan.slice(0, 8));
  });

  test('voids and refunds carry none; a reprint carries the same one under its mark, and is counted', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    const code = codeOn(c.slips[0]);
    paper(refund(c, 2, 3_000));
    expect(c.slips.slice(2).map(codeOn)).toEqual(['', '']);
    c.on('确认键:菜单', 'ENTER').on('主菜单', '6').on('打印', '2').on('请输入凭证号').type(2).on('打印');
    c.wait(() => c.slips.length > 4, 'no reprint came out');
    const reprint = c.slips[4];
    expect(reprint).toContain('重打印/DUPLICATED(1)');
    expect(codeOn(reprint)).toBe(code);
    const sale = c.journal.list({ kind: 'sale' })[0];
    expect(c.journal.slipsOf(sale.id).map(slip => slip.reprints)).toEqual([1, 0]);
  });

  test('the profile, or a rim without keys, leaves it out, and nothing else of the slip changes', () => {
    const on = paidSale(open({ slips: new Desk(1) }), 12_800);
    const off = paidSale(open({ slips: new Desk(1), change: { policy: { slipCode: false } } }), 12_800);
    const none = paidSale(open(), 12_800);
    expect(off.slips.join()).not.toContain('[QR');
    expect(none.slips).toEqual(off.slips);
    expect(on.slips.map(slip => slip.replace(/\[QR \S+\]\n/, ''))).toEqual(off.slips);
  });
});

describe('scanned at its own terminal', () => {
  test('option 3 of the refund: the original, its card, the rest; the refund names it to the acquirer', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    scan(toScanner(c), 'last').on('退货-原交易');
    expect(c.screen).toContain('128.00');
    swipe(c.keys('ENTER'));
    paper(refundAmount(c, 6_000));
    const sale = c.journal.list({ kind: 'sale' })[0];
    expect(c.sent('0220')[0].fields).toMatchObject({ 37: sale.answer?.reference, 4: '000000006000' });
    expect(c.journal.refundable(sale.id)).toBe(6_800);
    scan(toScanner(c), codeOn(c.slips[0])).on('可退:');
    expect(c.screen).toContain('68.00');
    expect(c.differences()).toEqual([]);
  });

  test('a changed digit is refused, nothing is sent, and the right slip goes on', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    const code = codeOn(c.slips[0]);
    for (const at of [2, 40, 85, 120, 189]) {
      const changed = code.slice(0, at) + (code[at] === '7' ? '8' : '7') + code.slice(at + 1);
      scan(at === 2 ? toScanner(c) : c, changed).on('条码无效');
    }
    scan(c, code.slice(0, -1)).on('条码无效');
    scan(c, 'P8').on('条码无效');
    expect(c.sent('0220')).toEqual([]);
    scan(c, code.toLowerCase()).on('退货-原交易');
    const why = c.log.map(line => /slip-code-[a-z]+|signer-unknown/.exec(line)?.[0]).filter(Boolean);
    expect(new Set(why)).toEqual(new Set(['slip-code-form', 'slip-code-signature', 'signer-unknown']));
    expect(c.log.join('\n')).not.toContain(code.slice(0, 30));
  });

  test('already refunded, already voided', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    const code = codeOn(c.slips[0]);
    paper(refund(c, 2, 12_800));
    scan(toScanner(c), code).on('原交易已退货', 'CANCEL').on('确认键:菜单');
    paidSale(c, 5_000);
    const second = codeOn(c.slips.at(-1));
    paper(voidSale(c, 'F1'));
    home(scan(toScanner(c), second).on('原交易已撤销'));
    expect(c.sent('0220')).toHaveLength(1);
  });

  test('the voucher steps of void and refund take a scan as well', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    const code = codeOn(c.slips[0]);
    scan(beginRefund(c).keys('1').on('请输入原凭证号'), code).on('退货-原交易', 'CANCEL').on('确认键:菜单');
    beginVoid(c, 77).on('原交易不存在');
    scan(c, `${code.slice(0, -3)}000`).on('条码无效');
    scan(c, code).on('撤销-原交易', 'ENTER').on('请选撤销原因', '1').on('请刷原卡或插卡').swipe('swipe');
    paper(c);
    expect(c.journal.list({ kind: 'sale' })[0].state).toBe('voided');
  });

  test('a code of the same key and numbers over another amount is none of this journal: the sale here still limits it', () => {
    const desk = new Desk(1);
    const c = paidSale(open({ slips: desk }), 12_800);
    const read = readSlipCode(codeOn(c.slips[0]));
    if (!read) throw new Error('no code on the slip');
    const bytes = slipCodeBytes({ ...read.code, amountMinor: 99_900 });
    scan(toScanner(c), slipCodeText(bytes, desk.key.sign(bytes))).on('退货-原交易');
    expect(c.screen).toContain('****');
    swipe(c.keys('ENTER'));
    refundAmount(c, 12_801).on('超可退金额');
    expect(c.sent('0220')).toEqual([]);
  });

  test('another card than that of the slip', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    scan(toScanner(c), 'last').on('退货-原交易', 'ENTER').on('请插卡/刷卡/挥卡').insert('chip').on('卡号与原交易不符');
  });

  test('a terminal without a scanner goes on with the voucher; without keys no code is genuine', () => {
    const c = paidSale(open(), 12_800);
    const steps = allSteps(panelProfile(c.profile));
    const { desk } = FIRST_CONTEXT;
    const chosen = (scanner: boolean): Place =>
      follow(
        steps,
        { value: 'refundFind', context: { ...FIRST_CONTEXT, desk: { ...desk, scanner } } },
        { type: 'KEY', key: '3' },
      );
    expect(chosen(true).value).toBe('refundScan');
    expect(chosen(false)).toMatchObject({ value: 'refundVoucher', context: { notice: 'E74' } });
    const code = codeOn(paidSale(open({ slips: new Desk(1) }), 12_800).slips[0]);
    scan(toScanner(c), code).on('条码无效');
  });

  test('the slip of a scanned payment: its code finds the original where its refund is asked for', () => {
    const c = paidScan(open({ slips: new Desk(1) }), 10_000, CODES.alipay[0]);
    const code = codeOn(c.slips[0]);
    const txn = c.journal.list({ kind: 'qrSale' })[0];
    expect(readSlipCode(code)?.code).toMatchObject({ channel: 'alipay', reference: txn.answer?.reference });
    expect(readSlipCode(code)?.code.card).toBeUndefined();
    scan(beginScanRefund(c), code).on('可退:', 'ENTER');
    paper(scanRefundAmount(c, 4_000));
    expect(c.journal.refundable(txn.id)).toBe(6_000);
    expect(c.differences()).toEqual([]);
  });
});

describe('scanned at the idle screen', () => {
  test('the refund begins with it: no menu, and the original stands there after the password', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    typeSupervisorPassword(scan(c, codeOn(c.slips[0])).on('退货')).on('退货-原交易', 'ENTER');
    paper(refundAmount(swipe(c), 6_000));
    expect(c.journal.list({ kind: 'refund' })[0]).toMatchObject({ state: 'approved', intent: { approver: '00' } });
    expect(c.differences()).toEqual([]);
  });

  test('without the password nothing is looked up; what is no slip code does nothing', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    scan(c, codeOn(c.slips[0])).on('请输入主管密码', 'CANCEL').on('确认键:菜单');
    const shown = c.screens.length;
    scan(c, CODES.wechat[0]).pause(1);
    expect(new Set(c.screens.slice(shown))).toEqual(new Set(c.screens.length > shown ? [c.screens[shown - 1]] : []));
    c.on('确认键:菜单');
    expect(c.sent('0220')).toEqual([]);
  });

  test('a bad code says so after the password; refunds switched off say who; a locked terminal does not scan', () => {
    const c = paidSale(open({ slips: new Desk(1) }), 12_800);
    const code = codeOn(c.slips[0]);
    typeSupervisorPassword(scan(c, `${code.slice(0, 40)}${code[40] === '7' ? '8' : '7'}${code.slice(41)}`)).on(
      '条码无效',
    );
    scan(c, code).on('退货-原交易', 'CANCEL').on('确认键:菜单');
    c.journal.freezeRefunds(c.world.nowMs(), { by: '00' });
    scan(c, code).on('退货已暂停', 'ENTER').on('退货已暂停');
    c.journal.freeRefunds(c.world.nowMs(), { by: '00' });
    c.keys('MENU').on('主菜单', '7').on('管理', '5').keys('ENTER').on('终端已锁定');
    expect(c.terminal.listening().scanner).toBe(false);
  });
});

describe('scanned at another terminal', () => {
  test('a scanned payment: the order number on the same slip is asked for, and the refund goes on with it', () => {
    const { first, second } = twoCounters();
    const txn = paidScan(first, 10_000, CODES.alipay[0]).journal.list({ kind: 'qrSale' })[0];
    scan(toScanner(second), codeOn(first.slips[0])).on('请扫或输订单号');
    scan(second, txn.answer?.order ?? '').on('请输入退货金额');
    scanRefundAmount(second, 4_000);
    second.wait(() => second.sent('0220').length === 1, 'no refund went out');
    expect(second.sent('0220')[0].fields[59]).toContain(txn.answer?.order ?? '-');
  });

  test('fills reference, date and amount; the refund goes out with them', () => {
    const { first, second } = twoCounters();
    const sale = paidSale(first, 12_800).journal.list({ kind: 'sale' })[0];
    scan(toScanner(second), codeOn(first.slips[0])).on('退货-原交易');
    expect(second.screen).toContain(`****${sale.intent.card?.masked.slice(-4)}`);
    expect(second.screen).toContain('128.00');
    swipe(second.keys('ENTER'));
    refundAmount(second, 5_000);
    second.wait(() => second.sent('0220').length === 1, 'no refund went out');
    const reference = sale.answer?.reference ?? '';
    expect(second.sent('0220')[0].fields[37]).toBe(reference);
    expect(second.sent('0220')[0].fields[61]).toMatch(/1121$/);
    const original = second.journal.list({ kind: 'refund' })[0].intent.original;
    expect(original).toEqual({ reference, dateMmdd: '1121', amountMinor: 12_800 });
  });

  test('the card must be that of the slip where the secret is shared; where it is not, the acquirer compares', () => {
    const shared = twoCounters();
    paidSale(shared.first, 12_800);
    const code = codeOn(shared.first.slips[0]);
    scan(toScanner(shared.second), code).on('退货-原交易', 'ENTER').on('请插卡/刷卡/挥卡').insert('chip');
    shared.second.on('卡号与原交易不符');
    const apart = twoCounters({ first: 1, second: 2 });
    paidSale(apart.first, 12_800);
    scan(toScanner(apart.second), codeOn(apart.first.slips[0])).on('退货-原交易', 'ENTER').on('请插卡/刷卡/挥卡');
    apart.second.insert('chip').on('请输入退货金额');
  });

  test('a terminal that is not trusted is a bad code; so is one that is trusted no more', () => {
    const { first, second, firstDesk, secondDesk } = twoCounters();
    const code = codeOn(paidSale(first, 12_800).slips[0]);
    secondDesk.trusted.length = 0;
    scan(toScanner(second), code).on('条码无效');
    secondDesk.trusted.push(firstDesk);
    scan(second, code).on('退货-原交易');
  });

  test('a void belongs to the terminal of the sale', () => {
    const { first, second } = twoCounters();
    paidSale(second, 100);
    const code = codeOn(paidSale(first, 12_800).slips[0]);
    second.on('确认键:菜单', 'F3');
    beginVoidEntry(second);
    scan(second, code).on('原交易不存在');
  });

  test('what the first terminal gave back counts once its list is here', () => {
    const { first, second, firstDesk, secondDesk } = twoCounters();
    const code = codeOn(paidSale(first, 12_800).slips[0]);
    paper(refund(first, 2, 10_000));
    scan(toScanner(second), code).on('可退:');
    expect(second.screen.match(/128\.00/g)).toHaveLength(2);
    home(second);
    secondDesk.take(first, firstDesk);
    scan(toScanner(second), code).on('可退:');
    expect(second.screen).toMatch(/28\.00/);
    expect(second.screen.match(/128\.00/g)).toHaveLength(1);
    swipe(second.keys('ENTER')).on('请输入退货金额').type(2_801).on('超可退金额', 'CANCEL').on('确认键:菜单');
    paper(refund(first, 2, 2_800));
    secondDesk.take(first, firstDesk);
    scan(toScanner(second), code).on('原交易已退货');
  });

  test('what another terminal gave back counts at the terminal of the sale, by scan and by voucher', () => {
    const { first, second, firstDesk, secondDesk } = twoCounters();
    const sale = paidSale(first, 12_800).journal.list({ kind: 'sale' })[0];
    const code = codeOn(first.slips[0]);
    const list = (amountMinor: number): UsedList => ({
      terminal: '12345678',
      signer: secondDesk.key.signer,
      upTo: 9,
      madeAtMs: second.world.nowMs(),
      slips: [{ record: 9, act: 'refund', reference: sale.answer?.reference ?? '', date: '261121', amountMinor }],
    });
    firstDesk.lists = [list(12_000)];
    beginRefund(first).keys('1').on('请输入原凭证号').type(2).on('可退:');
    expect(first.screen).toMatch(/ 8\.00/);
    home(first);
    firstDesk.lists = [list(12_800)];
    scan(toScanner(first), code).on('原交易已退货', 'CANCEL').on('确认键:菜单');
    // The terminal's own list says nothing new to it.
    firstDesk.lists = [{ ...list(12_800), signer: firstDesk.key.signer }];
    scan(toScanner(first), code).on('可退:');
    expect(first.screen.match(/128\.00/g)).toHaveLength(2);
  });

  test('a slip that was voided at its terminal', () => {
    const { first, second, firstDesk, secondDesk } = twoCounters();
    const code = codeOn(paidSale(first, 12_800).slips[0]);
    paper(voidSale(first, 'F1'));
    secondDesk.take(first, firstDesk);
    scan(toScanner(second), code).on('原交易已撤销');
  });

  test('older than the refund window', () => {
    const { first } = twoCounters();
    const code = codeOn(paidSale(first, 12_800).slips[0]);
    const later = new Desk(2);
    later.trusted.push(new Desk(1));
    const c = open({ slips: later, startMs: Date.UTC(2027, 10, 21) });
    scan(toScanner(c), code).on('超退货期限');
  });
});

/** From the supervisor's password of a void to its voucher step, without a voucher. */
function beginVoidEntry(counter: Counter): void {
  home(counter);
  beginVoid(counter, 77).on('原交易不存在');
}

describe('what other terminals paid back', () => {
  /** A sale of 128.00 at `first`; the list that `first` has imported says that `second` gave back 100.00 of it. */
  function refundedElsewhere() {
    const { first, second, firstDesk, secondDesk } = twoCounters();
    paidSale(first, 12_800);
    const original = { reference: first.journal.list()[0].answer?.reference, dateMmdd: '1121', amountMinor: 12_800 };
    const entry = { original, amountMinor: 10_000, method: 'cash', proof: '7', operator: '01', by: '00', note: '-' };
    expect(second.journal.recordExternal(second.world.nowMs(), entry as never).ok).toBe(true);
    firstDesk.take(second, secondDesk);
    return { first, second, firstDesk, secondDesk };
  }

  test('what another terminal paid by another way is told, and limits the refund here also when more is typed', () => {
    const { first } = refundedElsewhere();
    beginRefund(first).keys('1').on('请输入原凭证号').type(2).on('28.00', 'ENTER');
    swipe(first);
    first.on('请输入退货金额').type(2_801).on('超可退金额');
    expect(first.sent('0220')).toEqual([]);
  });

  test('an unknown refund is told to the other terminals', () => {
    const { first, second, firstDesk, secondDesk } = twoCounters();
    paidSale(first, 12_800);
    first.faults({ match: { mti: '0220' }, do: { silent: true }, times: 1 });
    refund(first, 2, 10_000).on('退货结果未知', 'ENTER').on('确认键:菜单');
    secondDesk.take(first, firstDesk);
    scan(toScanner(second), codeOn(first.slips[0])).on('可退:');
    expect(second.screen).toContain('28.00');
    expect(second.screen).not.toContain('可退:     128.00');
  });

  test('a refund of a foreign slip that waits counts when the slip is scanned again', () => {
    const { first, second } = twoCounters();
    paidSale(first, 12_800);
    const { reference } = { reference: first.journal.list()[0].answer?.reference };
    const held = second.journal.holdRefund(second.world.nowMs(), {
      kind: 'refund',
      channel: 'card',
      amountMinor: 12_800,
      untilMs: second.world.nowMs() + 1e6,
      operator: '01',
      reason: '1',
      original: { reference, dateMmdd: '1121', amountMinor: 12_800 },
    });
    expect(held.ok).toBe(true);
    scan(toScanner(second), codeOn(first.slips[0])).on('原交易已退货');
  });

  test('a void of a sale of which another terminal gave money back', () => {
    const { first } = refundedElsewhere();
    beginVoid(first, 2).on('撤销-原交易', 'ENTER').pause(2);
    expect(first.screen).toContain('原交易已退货');
    expect(first.journal.list({ kind: 'void' })).toEqual([]);
  });

  test('a refund that was closed is not told as paid', () => {
    const { first, second, firstDesk, secondDesk } = twoCounters();
    paper(refund(paidSale(first, 12_800), 2, 10_000));
    const [made] = first.journal.list({ kind: 'refund' });
    first.journal.appendLife(first.world.nowMs(), { id: made.id, state: 'closed', source: 'supervisor', by: '00' });
    expect(first.journal.refundable(first.journal.list({ kind: 'sale' })[0].id)).toBe(12_800);
    secondDesk.take(first, firstDesk);
    scan(toScanner(second), codeOn(first.slips[0])).on('可退:');
    expect(second.screen).toContain('可退:     128.00');
  });
});
