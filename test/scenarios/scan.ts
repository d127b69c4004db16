import type { Counter } from '../runtime/counter.ts';
import { paper, typeSupervisorPassword } from './people.ts';

/** What a cashier and a customer with a telephone do. Codes as the wallets show them; each pays once. */
export const CODES = {
  wechat: ['134567890123450011', '101234567890123452', '156543210987654323'],
  alipay: ['286543210987654321', '301234567890123456', '2512345678901234567890'],
  unionpayQr: ['6212345678901234567', '6298765432109876543', '6255555555555555555'],
} as const;

/** From the idle screen to the wait for the payer's code. */
export function beginScan(counter: Counter, amountMinor: number): Counter {
  return counter.on('确认键:菜单', 'F4').on('扫码消费').on('请输入金额').type(amountMinor).on('请扫顾客付款码');
}

/** A scan sale up to the exchange with the acquirer. */
export function scanSale(counter: Counter, amountMinor: number, code: string = CODES.wechat[0]): Counter {
  return beginScan(counter, amountMinor).scan(code);
}

export function paidScan(counter: Counter, amountMinor: number, code: string = CODES.wechat[0]): Counter {
  return paper(scanSale(counter, amountMinor, code));
}

/** From idle to the question for the slip of a scanned payment. */
export function beginScanRefund(counter: Counter): Counter {
  counter.on('确认键:菜单', 'ENTER').on('主菜单', '3').on('2.扫码付', '2');
  return typeSupervisorPassword(counter.on('扫码退货')).on('请扫小票条码或');
}

/** From the original on: amount, confirmation, reason. */
export function scanRefundAmount(counter: Counter, amountMinor: number): Counter {
  return counter.on('请输入退货金额').type(amountMinor).on('请确认退货金额', 'ENTER').on('请选退货原因', '1');
}

export function scanRefund(counter: Counter, voucher: number, amountMinor: number): Counter {
  beginScanRefund(counter).type(voucher).on('可退:', 'ENTER');
  return scanRefundAmount(counter, amountMinor);
}

/** Void of a scanned payment by its voucher, up to the exchange. */
export function scanVoid(counter: Counter, voucher: number): Counter {
  counter.on('确认键:菜单', 'ENTER').on('主菜单', '2').on('2.扫码付', '2');
  typeSupervisorPassword(counter).on('请扫小票条码或').type(voucher);
  return counter.on('撤销-原交易', 'ENTER').on('请选撤销原因', '1');
}
