import type { TestCard } from '../../src/sim/terminal/deck.ts';
import { Counter, type CounterOptions } from '../runtime/counter.ts';

/** A counter whose cashier 01 is on duty and whose terminal has signed on. */
export function open(options: CounterOptions = {}): Counter {
  const counter = new Counter(options);
  const en = options.lang === 'en';
  counter.on(en ? 'PRESS ANY KEY' : '请按任意键签到', 'ENTER');
  return counter.on(en ? 'SIGN-ON OK' : '签到成功', 'ENTER').on(en ? 'ENTER:MENU' : '确认键:菜单');
}

/** From the idle screen to the card step of a sale. */
export function beginSale(counter: Counter, amountMinor: number): Counter {
  return counter.on('确认键:菜单', 'ENTER').on('主菜单', '1').on('请输入金额').type(amountMinor).on('请插卡/刷卡/挥卡');
}

export type Way = 'swipe' | 'chip' | 'tap';

/** A sale up to the exchange with the acquirer; `pin` '' is ENTER alone. */
export function sale(
  counter: Counter,
  amountMinor: number,
  way: Way = 'swipe',
  pin = '123456',
  which: string | TestCard = way,
): Counter {
  beginSale(counter, amountMinor);
  if (way === 'swipe') counter.swipe(which).on('卡号:', 'ENTER');
  else if (way === 'chip') counter.insert(which);
  else counter.tap(which);
  return counter.on('请持卡人输密码').type(pin);
}

/** Both copies come out, the card is taken, the idle screen is back. */
export function paper(counter: Counter): Counter {
  counter.on('请撕下商户存根', 'ENTER').on('交易完成');
  if (counter.terminal.insertedCard) counter.remove();
  else counter.keys('ENTER');
  return counter.on('确认键:菜单');
}

export function paidSale(counter: Counter, amountMinor: number, way: Way = 'swipe'): Counter {
  return paper(sale(counter, amountMinor, way));
}

/** What 00 makes of the published password at the first approval. */
export const SUPERVISOR_PASSWORD = '246810';

/** Types the password of 00; the published one only leads to its change. `ask` stands on the screen then. */
export function typeSupervisorPassword(counter: Counter, ask = '请输入主管密码'): Counter {
  counter.on(ask);
  if (counter.journal.operator('00')?.mustChange !== true) return counter.type(SUPERVISOR_PASSWORD);
  return counter
    .type('123456')
    .on('首次登录请改密')
    .type(SUPERVISOR_PASSWORD)
    .on('请再输一次')
    .type(SUPERVISOR_PASSWORD);
}

/** From idle to the original of a void, found by its voucher (F1: the last sale). */
export function beginVoid(counter: Counter, voucher: number | 'F1'): Counter {
  typeSupervisorPassword(counter.on('确认键:菜单', 'F3')).on('请输入原凭证号');
  return voucher === 'F1' ? counter.keys('F1') : counter.type(voucher);
}

export function voidSale(counter: Counter, voucher: number | 'F1', which = 'swipe'): Counter {
  beginVoid(counter, voucher).on('撤销-原交易', 'ENTER').on('请选撤销原因', '1').on('请刷原卡或插卡');
  return which === 'swipe' ? counter.swipe(which) : counter.insert(which);
}

/** From idle to the question how the original of a refund is found. */
export function beginRefund(counter: Counter): Counter {
  counter.on('确认键:菜单', 'ENTER').on('主菜单', '3').on('1.银行卡', '1');
  return typeSupervisorPassword(counter).on('1.查本机流水');
}

/** Path 1: the voucher of this batch, then the card, up to the amount. */
export function refundByVoucher(counter: Counter, voucher: number, which = 'swipe'): Counter {
  beginRefund(counter).keys('1').on('请输入原凭证号').type(voucher).on('退货-原交易', 'ENTER').on('请插卡/刷卡/挥卡');
  if (which === 'swipe') counter.swipe(which);
  else counter.insert(which);
  return counter.on('请输入退货金额');
}

export function refundAmount(counter: Counter, amountMinor: number): Counter {
  return counter.on('请输入退货金额').type(amountMinor).on('请确认退货金额', 'ENTER').on('请选退货原因', '1');
}

export function refund(counter: Counter, voucher: number, amountMinor: number): Counter {
  return refundAmount(refundByVoucher(counter, voucher), amountMinor);
}

/** From idle to the running settlement. */
export function settle(counter: Counter): Counter {
  counter.on('确认键:菜单', 'ENTER').on('主菜单', '7').on('管理', '4').on('是否批结算', 'ENTER');
  return totals(counter);
}

export function totals(counter: Counter): Counter {
  return counter
    .on('内卡销售总计', 'ENTER')
    .on('内卡退货总计', 'ENTER')
    .on('外卡销售总计', 'ENTER')
    .on('外卡退货总计', 'ENTER');
}

export function settled(counter: Counter): Counter {
  return counter.on('是否打印明细', '0').on('结算成功', 'ENTER').on('未签到');
}
