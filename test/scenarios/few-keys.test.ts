import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { ok } from '../../src/fault.ts';
import type { SlipDesk } from '../../src/runtime/slip-code.ts';
import { openSigningKey } from '../../src/security/signature.ts';
import { Counter, type CounterOptions } from '../runtime/counter.ts';
import { open, paidSale, SUPERVISOR_PASSWORD } from './people.ts';
import { CODES, paidScan } from './scan.ts';

/**
 * How many keys a flow takes, from the idle screen to the idle screen, counted at the terminal. The budget stands in
 * docs/flows.md; a key more, or one less, and the table there must be told.
 */

const IDLE = '确认键:菜单';
const DOCS = fileURLToPath(new URL('../../docs/flows.md', import.meta.url));

interface Presses {
  keys: number;
  cards: number;
  scans: number;
}

/** Counts every key that the terminal takes from now on, and every card and code. */
function counting(c: Counter): Presses {
  const presses = { keys: 0, cards: 0, scans: 0 };
  const { terminal } = c;
  const count = <K extends 'pressKey' | 'swipe' | 'insert' | 'tap' | 'scan'>(name: K, what: keyof Presses): void => {
    const real = terminal[name].bind(terminal) as (...args: unknown[]) => unknown;
    const counted = (...args: unknown[]): unknown => {
      presses[what]++;
      return real(...args);
    };
    Object.assign(terminal, { [name]: counted });
  };
  count('pressKey', 'keys');
  for (const card of ['swipe', 'insert', 'tap'] as const) count(card, 'cards');
  count('scan', 'scans');
  return presses;
}

/** Slip codes with one key, as a shop with one terminal has them. */
function signed(): SlipDesk {
  const key = openSigningKey(new Uint8Array(32).fill(1));
  return {
    key,
    cardKey: new Uint8Array(32).fill(1),
    cardKeyName: '0010',
    publicKey: () => ok(key.publicKey),
    usedLists: () => ok([]),
  };
}

const codeOn = (c: Counter): string => /\[QR (\S+)\]/.exec(c.slips[0])?.[1] ?? '';

/** A counter whose passwords are its own. */
function ready(options: CounterOptions = {}): Counter {
  const c = open({ slips: signed(), ...options });
  c.journal.setPassword(c.world.nowMs(), '00', SUPERVISOR_PASSWORD, '00');
  return c;
}

const sold = (): Counter => paidSale(ready(), 12_800);
const scanned = (): Counter => paidScan(ready(), 12_800);

/** Both copies, the last screen, idle. */
const done = (c: Counter): Counter => c.on('请撕下商户存根', 'ENTER').on('交易完成', 'ENTER').on(IDLE);
const approved = (c: Counter): Counter => c.on('请输入主管密码').type(SUPERVISOR_PASSWORD);
const reason = (c: Counter): Counter => c.on('请确认退货金额', 'ENTER').on('请选退货原因', '3');
const part = (c: Counter): Counter => done(reason(c.on('请输入退货金额').type(5_000)));
const whole = (c: Counter): Counter => done(reason(c.on('请输入退货金额', 'F1 ENTER')));
const bySlip = (c: Counter): Counter => approved(c.on(IDLE).scan(codeOn(c))).on('可退:', 'ENTER');
const byVoucher = (c: Counter, voucher: number): Counter =>
  approved(c.on(IDLE, 'ENTER').on('主菜单', '3').on('1.银行卡', '1'))
    .on('1.查本机流水', '1')
    .on('请输入原凭证号')
    .type(voucher)
    .on('可退:', 'ENTER');
const swiped = (c: Counter): Counter => c.on('请插卡/刷卡/挥卡').swipe('swipe');

/** Each flow: what there was before, and the flow by the shortest way that a person can find. */
const FLOWS: Readonly<Record<string, readonly [() => Counter, (c: Counter) => Counter]>> = {
  'sale, tapped, no PIN': [
    ready,
    c => done(c.on(IDLE).tap('tap').on('请输入金额').type(12_800).on('请持卡人输密码', 'ENTER')),
  ],
  'sale, swiped, no PIN': [
    ready,
    c =>
      done(c.on(IDLE).swipe('swipe').on('请输入金额').type(12_800).on('卡号:', 'ENTER').on('请持卡人输密码', 'ENTER')),
  ],
  'sale by the menu, tapped': [
    ready,
    c =>
      done(
        c
          .on(IDLE, 'ENTER')
          .on('主菜单', '1')
          .on('请输入金额')
          .type(12_800)
          .on('请插卡/刷卡/挥卡')
          .tap('tap')
          .on('请持卡人输密码', 'ENTER'),
      ),
  ],
  'QR sale': [
    ready,
    c => done(c.on(IDLE, 'F4').on('请输入金额').type(12_800).on('请扫顾客付款码').scan(CODES.wechat[0])),
  ],
  'void of the last sale': [
    sold,
    c =>
      done(
        approved(c.on(IDLE, 'F3'))
          .on('请输入原凭证号', 'F1')
          .on('撤销-原交易', 'ENTER')
          .on('请选撤销原因', '1')
          .on('请刷原卡或插卡')
          .swipe('swipe'),
      ),
  ],
  'void by the slip': [
    sold,
    c =>
      done(
        approved(c.on(IDLE, 'F3'))
          .on('请输入原凭证号')
          .scan(codeOn(c))
          .on('撤销-原交易', 'ENTER')
          .on('请选撤销原因', '1')
          .on('请刷原卡或插卡')
          .swipe('swipe'),
      ),
  ],
  'refund of 50.00 by the slip': [sold, c => part(swiped(bySlip(c)))],
  'refund of everything by the slip': [sold, c => whole(swiped(bySlip(c)))],
  'refund of 50.00 by the voucher': [sold, c => part(swiped(byVoucher(c, 2)))],
  'refund of everything by the voucher': [sold, c => whole(swiped(byVoucher(c, 2)))],
  'QR refund of 50.00 by the slip': [scanned, c => part(bySlip(c))],
  'QR refund of everything by the slip': [scanned, c => whole(bySlip(c))],
  'refund status of the newest': [
    () => whole(swiped(bySlip(sold()))),
    c => c.on(IDLE, 'F2').on('退货进度', 'ENTER').on('处理中', 'CANCEL').on(IDLE),
  ],
  'last slip again': [sold, c => c.on(IDLE, 'F1').on(IDLE)],
};

/** The table under "Keys that a flow takes": flow → keys, cards, codes. */
function budget(): Map<string, Presses> {
  const rows = readFileSync(DOCS, 'utf8').split('\n## Keys that a flow takes\n')[1]?.split('\n## ')[0] ?? '';
  const found = new Map<string, Presses>();
  for (const [, flow, keys, cards, scans] of rows.matchAll(/^\| (.+?) +\| +(\d+) +\| +(\d+) +\| +(\d+) +\|/gm))
    found.set(flow, { keys: Number(keys), cards: Number(cards), scans: Number(scans) });
  return found;
}

describe('few keys', () => {
  const allowed = budget();

  test.each(Object.entries(FLOWS))('%s', (name, [before, flow]) => {
    const c = before();
    const presses = counting(c);
    flow(c);
    expect(presses, `docs/flows.md says otherwise of "${name}"`).toEqual(allowed.get(name));
    expect(c.differences()).toEqual([]);
  });

  test('the budget names no flow that nobody counts', () => {
    expect([...allowed.keys()]).toEqual(Object.keys(FLOWS));
  });

  test('a void offered by a refund: one more key, no second card and no second password', () => {
    const c = paidSale(ready({ change: { policy: { voidAdvice: true } } }), 10_000);
    reason(swiped(byVoucher(c, 2)).on('请输入退货金额', 'F1 ENTER')).on('可改做撤销');
    const presses = counting(c);
    c.keys('ENTER').on('撤销成功');
    expect(presses).toEqual({ keys: 1, cards: 0, scans: 0 });
  });
});
