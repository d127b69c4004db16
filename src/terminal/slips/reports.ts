import { formatAmount } from '../../units.ts';
import { columnsOf, padEnd, padStart } from '../layout.ts';
import type {
  BatchLeftSlip,
  DaySlip,
  DetailLine,
  DetailSlip,
  SettlementSlip,
  SlipOptions,
  SlipSide,
  TotalsSlip,
} from './data.ts';
import { Paper, stampText } from './paper.ts';
import { reprintMark } from './purchase.ts';

/** Settlement totals 结算总计单: voids are shown for information, the net counts once. */
export function settlementLines(slip: SettlementSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  const wide = paper.columns === 48;
  const pick = (zh: string, en: string): string => paper.pick(zh, en);
  if (!paper.english) paper.centre('POS结算总计单');
  paper.centre('POS SETTLEMENT');
  if (slip.reprint !== undefined) paper.centre(reprintMark(slip.reprint, paper.english));
  paper.field('商户名称', 'MERCHANT', slip.shop.merchantName);
  paper.field('商户编号', 'MERCHANT NO', slip.shop.merchantNo);
  paper.field('终端编号', 'TERMINAL NO', slip.shop.terminalNo);
  paper.field('操作员号', 'OPERATOR', slip.operator);
  paper.field('批次号', 'BATCH', slip.batch);
  paper.field('日期/时间', 'DATE/TIME', stampText(slip.at));
  paper.rule();
  if (paper.english) paper.heading('TYPE', 'COUNT', 'AMOUNT');
  else paper.heading(wide ? '类型/TYPE' : '类型', '笔数', wide ? '金额/AMOUNT' : '金额');
  paper.line(`${pick('内卡', 'CUP')}: ${slip.cup.result}`);
  paper.row(pick('消费/SALE', 'SALE'), slip.cup.sale);
  paper.row(pick('退货/REFUND', 'REFUND'), slip.cup.refund);
  paper.row(pick(wide ? '完成/AUTH COMP' : '完成/COMP', 'AUTH COMP'), slip.cup.completion);
  paper.row(pick('离线/OFFLINE', 'OFFLINE'), slip.cup.offline);
  paper.line(`${pick('外卡', 'FOREIGN')}: ${slip.foreign.result}`);
  paper.row(pick('消费/SALE', 'SALE'), slip.foreign.sale);
  paper.row(pick('退货/REFUND', 'REFUND'), slip.foreign.refund);
  if (slip.qr) {
    paper.line(`${pick('扫码', 'QR')}:`);
    paper.row(pick('微信/WECHAT', 'WECHAT'), slip.qr.wechat);
    paper.row(pick('支付宝/ALIPAY', 'ALIPAY'), slip.qr.alipay);
    paper.row(pick('银联码/UPQR', 'UPQR'), slip.qr.unionpay);
    paper.row(pick('退款/REFUND', 'REFUND'), slip.qr.refund);
  }
  paper.rule();
  paper.row(pick('撤销/VOID', 'VOID'), slip.voids);
  paper.sum(pick('净额/NET', 'NET'), slip.netMinor);
  paper.line(`${pick('另: 待查退货', 'UNKNOWN REFUNDS')} ${countAndAmount(slip.unknownRefunds, paper)}`);
  paper.line(`${pick('    待到账退货', 'REFUNDS NOT YET PAID')} ${countAndAmount(slip.pendingRefunds, paper)}`);
  paper.line(`${pick('    外部退款', 'EXTERNAL REFUNDS')} ${countAndAmount(slip.externalRefunds, paper)}`);
  paper.rule();
  paper.field('账本锚', 'ANCHOR', slip.anchor);
  if (slip.newBatch !== undefined) paper.field('新批次号', 'NEW BATCH', slip.newBatch);
  paper.end();
  return paper.lines;
}

function countAndAmount(side: SlipSide, paper: Paper): string {
  return `${side.count}${paper.pick('笔', '')} ${formatAmount(side.amountMinor)}`;
}

/** Transaction detail 交易明细单: two lines a transaction. */
export function detailLines(slip: DetailSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  if (!paper.english) paper.centre('交易明细单');
  paper.centre('TRANSACTION DETAIL');
  paper.field('终端编号', 'TERMINAL NO', slip.terminalNo);
  paper.field('批次号', 'BATCH', slip.batch);
  paper.rule();
  paper.pair(paper.pick('凭证号 类型 授权码', 'VOUCH. TYP AUTH'), paper.pick('金额', 'AMOUNT'));
  paper.line(paper.pick('  卡号', '  CARD NO'));
  paper.rule();
  for (const line of slip.lines) detailLine(paper, line);
  paper.rule();
  if (paper.english) {
    paper.line('S SALE V VOID R REFUND P PRE-AUTH COMPLETION L OFFLINE C COMPLETION');
    paper.line('* VOIDED ? UNKNOWN T TRAINING');
  } else {
    paper.line('S消费 V撤销 R退货 P预授权完成');
    paper.line('L离线 C完成 *已撤 ?未知 T训练');
  }
  paper.end();
  return paper.lines;
}

function detailLine(paper: Paper, line: DetailLine): void {
  const left = `${line.voucher} ${padEnd(line.type + (line.mark ?? ''), 4)}${line.authCode ?? '------'}`;
  const room = paper.columns - columnsOf(left) - 1;
  const grouped = formatAmount(line.amountMinor, true);
  const amount = columnsOf(grouped) <= room ? grouped : formatAmount(line.amountMinor);
  paper.lines.push(left + padStart(amount, room + 1));
  paper.line(`  ${line.maskedPan}`);
}

/** Transaction totals 交易总计单. */
export function totalsLines(slip: TotalsSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  if (!paper.english) paper.centre('交易总计单');
  paper.centre('TRANSACTION TOTALS');
  paper.rule();
  paper.row(paper.pick('内卡借记/DR', 'CUP DEBIT'), slip.cupDebit);
  paper.row(paper.pick('内卡贷记/CR', 'CUP CREDIT'), slip.cupCredit);
  paper.row(paper.pick('外卡借记/DR', 'FOREIGN DR'), slip.foreignDebit);
  paper.row(paper.pick('外卡贷记/CR', 'FOREIGN CR'), slip.foreignCredit);
  if (slip.qrIn) paper.row(paper.pick('扫码收/QR IN', 'QR IN'), slip.qrIn);
  if (slip.qrOut) paper.row(paper.pick('扫码退/QR OUT', 'QR OUT'), slip.qrOut);
  paper.end();
  return paper.lines;
}

/** 批次未对账: the acquirer has closed the batch by itself, so the shop compares it with the statement. */
export function batchLeftLines(slip: BatchLeftSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  const pick = (zh: string, en: string): string => paper.pick(zh, en);
  if (!paper.english) paper.centre('***批次未对账***');
  paper.centre('BATCH NOT COMPARED');
  paper.centre(pick('非结算 NOT A SETTLEMENT', 'NOT A SETTLEMENT'));
  paper.field('商户名称', 'MERCHANT', slip.shop.merchantName);
  paper.field('商户编号', 'MERCHANT NO', slip.shop.merchantNo);
  paper.field('终端编号', 'TERMINAL NO', slip.shop.terminalNo);
  paper.field('操作员号', 'OPERATOR', slip.operator);
  paper.field('批次号', 'BATCH', slip.batch);
  paper.field('新批次号', 'NEW BATCH', slip.newBatch);
  paper.field('日期/时间', 'DATE/TIME', stampText(slip.at));
  paper.rule();
  moneyRows(paper, slip);
  paper.rule();
  paper.line(pick('收单机构已关闭本批次,未经结算。', 'THE ACQUIRER HAS CLOSED THIS BATCH. IT WAS NOT SETTLED HERE.'));
  paper.line(
    pick('请主管凭收单对账单逐笔核对。', "THE MANAGER COMPARES IT WITH THE ACQUIRER'S STATEMENT, ONE BY ONE."),
  );
  paper.field('账本锚', 'ANCHOR', slip.anchor);
  paper.end();
  return paper.lines;
}

/** Sales, voids, refunds and what is left of them, under a heading. */
function moneyRows(paper: Paper, slip: Pick<DaySlip, 'sales' | 'voids' | 'refunds' | 'netMinor'>): void {
  const pick = (zh: string, en: string): string => paper.pick(zh, en);
  paper.heading(pick('类型', 'TYPE'), pick('笔数', 'COUNT'), pick('金额', 'AMOUNT'));
  paper.row(pick('消费/SALE', 'SALE'), slip.sales);
  paper.row(pick('撤销/VOID', 'VOID'), slip.voids);
  paper.row(pick('退货/REFUND', 'REFUND'), slip.refunds);
  paper.sum(pick('净额/NET', 'NET'), slip.netMinor);
}

const WALLETS = {
  wechat: ['微信', 'WECHAT'],
  alipay: ['支付宝', 'ALIPAY'],
  unionpayQr: ['银联码', 'UPQR'],
} as const;

/** Day report 营业日报: money of the day, the open batch (X), the batches that were closed (Z), what still waits. */
export function dayLines(slip: DaySlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  const pick = (zh: string, en: string): string => paper.pick(zh, en);
  if (!paper.english) paper.centre('营业日报');
  paper.centre('DAY REPORT (X)');
  paper.centre(pick('非结算 NOT A SETTLEMENT', 'NOT A SETTLEMENT'));
  paper.field('商户名称', 'MERCHANT', slip.shop.merchantName);
  paper.field('终端编号', 'TERMINAL NO', slip.shop.terminalNo);
  paper.field('操作员号', 'OPERATOR', slip.operator);
  paper.field('日期/时间', 'DATE/TIME', stampText(slip.at));
  paper.rule();
  moneyRows(paper, slip);
  for (const { wallet, sales, back } of slip.wallets) {
    const name = pick(WALLETS[wallet][0], WALLETS[wallet][1]);
    paper.row(pick(`其中${name}收`, `${name} IN`), sales);
    paper.row(pick(`其中${name}退`, `${name} OUT`), back);
  }
  paper.row(pick('外部退款/EXT', 'EXTERNAL'), slip.externalRefunds);
  paper.rule();
  paper.row(`X ${slip.open.batch}`, { count: slip.open.count, amountMinor: slip.open.netMinor });
  for (const { batch, count, netMinor } of slip.left)
    paper.row(`${pick('未对账', 'LEFT')} ${batch}`, { count, amountMinor: netMinor });
  for (const { batch, count, netMinor } of slip.closed) paper.row(`Z ${batch}`, { count, amountMinor: netMinor });
  paper.rule();
  paper.row(pick('暂缓退货/HELD', 'REFUNDS HELD'), slip.heldRefunds);
  paper.row(pick('待查退货/UNKN', 'REFUNDS UNKN'), slip.unknownRefunds);
  paper.line(`${pick('未结事件', 'CASES OPEN')}: ${slip.openCases}`);
  paper.field('账本锚', 'ANCHOR', slip.anchor);
  paper.end();
  return paper.lines;
}
