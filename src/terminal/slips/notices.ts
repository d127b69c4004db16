import { formatAmount } from '../../units.ts';
import type { FaultSlip, HeldSlip, SlipOptions, TrackingSlip, UnknownSlip } from './data.ts';
import { Paper, QR_MARK_SHORT, stampText } from './paper.ts';

const KIND = { sale: '消费(SALE)', void: '消费撤销(VOID)' } as const;
const KIND_EN = { sale: 'SALE', void: 'VOID' } as const;

/** Fault report 故障报告单: not a receipt; the reversal is still owed. */
export function faultLines(slip: FaultSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  paper.centre(paper.pick('***故障报告单***', '***FAULT REPORT***'));
  paper.centre(paper.pick('非凭证联 NOT A RECEIPT', 'NOT A RECEIPT'));
  paper.rule();
  paper.field('终端编号', 'TERMINAL NO', slip.terminalNo);
  paper.field('交易类型', 'TRANS TYPE', paper.pick(KIND[slip.transaction], KIND_EN[slip.transaction]));
  paper.field('凭证号', 'VOUCHER', slip.voucher);
  paper.field('卡号', 'CARD NO', slip.maskedPan);
  paper.field('金额', 'AMOUNT', rmb(slip.amountMinor));
  paper.field('时间', 'TIME', stampText(slip.at));
  paper.field('冲正次数', 'TRIES', String(slip.tries));
  paper.field('原因', 'REASON', slip.reason);
  paper.rule();
  if (!paper.english) paper.line('冲正不成功,请人工处理');
  paper.line('REVERSAL FAILED - CALL ACQUIRER');
  paper.line(paper.pick('请勿据此发货或退款', 'HAND OUT NEITHER GOODS NOR MONEY'));
  if (slip.incident !== undefined) paper.line(`${paper.pick('事件号', 'INCIDENT')}: ${slip.incident}`);
  paper.end();
  return paper.lines;
}

/** Refund tracking slip 退货受理单: accepted is not arrived. */
export function trackingLines(slip: TrackingSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  if (!paper.english) paper.centre('退货受理单');
  paper.centre('REFUND TRACKING SLIP');
  paper.centre(paper.pick('顾客留存 CUSTOMER COPY', 'CUSTOMER COPY'));
  paper.rule();
  paper.field('商户名称', 'MERCHANT', slip.merchantName);
  paper.field('跟踪号', 'TRACK NO', slip.tracking);
  paper.field('退货金额', 'REFUND', rmb(slip.amountMinor));
  if (slip.original) paper.field('原交易', 'ORIGINAL', `${slip.original.date} ${rmb(slip.original.amountMinor)}`);
  paper.field('卡号', 'CARD NO', slip.maskedPan);
  paper.field('渠道', 'CHANNEL', slip.channel);
  paper.field('状态', 'STATE', paper.pick('已受理 ACCEPTED', 'ACCEPTED'));
  if (slip.reference !== undefined) paper.field('参考号', 'REFER NO', slip.reference);
  paper.field('预计到账', 'DUE', slip.due);
  paper.rule();
  if (paper.english) {
    paper.line('ACCEPTED IS NOT YET ARRIVED. BANKS POST IT IN 1 TO 3 WORKING DAYS, LATER OVER HOLIDAYS.');
    paper.line('NOT THERE IN TIME? CALL YOUR BANK WITH THE REFERENCE NUMBER, OR TELL US THE TRACK NUMBER.');
  } else {
    paper.line('已受理不等于已到账。');
    paper.line('银行一般1至3个工作日入账,');
    paper.line('节假日顺延。');
    paper.line('到期未到请凭参考号致电发卡行,');
    paper.line('或回店报跟踪号。');
  }
  if (slip.appealPhone !== undefined) paper.line(`${paper.pick('申诉/投诉', 'COMPLAINTS')}: ${slip.appealPhone}`);
  if (slip.qr) paper.centre(QR_MARK_SHORT);
  paper.end();
  return paper.lines;
}

/** A refund that was decided and not sent: 退货受理单 while it waits, 退货止付单 when it was stopped. */
export function heldLines(slip: HeldSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  const { original, stop } = slip;
  if (!paper.english) paper.centre(slip.stopped ? '退货止付单' : '退货受理单');
  paper.centre(slip.stopped ? 'REFUND STOPPED' : 'REFUND ON HOLD');
  paper.centre(paper.pick('非凭证联 NOT A RECEIPT', 'NOT A RECEIPT'));
  paper.rule();
  paper.field('商户名称', 'MERCHANT', slip.merchantName);
  paper.field('终端编号', 'TERMINAL NO', slip.terminalNo);
  paper.field('跟踪号', 'TRACK NO', slip.tracking);
  paper.field('退货金额', 'REFUND', rmb(slip.amountMinor));
  if (original) {
    paper.field('原交易', 'ORIGINAL', `${original.date} ${rmb(original.amountMinor)}`);
    paper.field('原凭证号', 'ORIG VOUCHER', original.voucher);
  }
  if (slip.maskedPan !== '') paper.field('卡号', 'CARD NO', slip.maskedPan);
  paper.field('操作员', 'OPERATOR', slip.operator);
  const approvers = [slip.approver, slip.second].filter(one => one !== undefined);
  if (approvers.length > 0) paper.field('复核', 'APPROVER', approvers.join(' '));
  if (slip.reason !== undefined) paper.field('退货原因', 'REASON', slip.reason);
  paper.field('受理时间', 'TIME', stampText(slip.at));
  if (stop) {
    paper.field('止付时间', 'STOPPED', stampText(stop.at));
    paper.field('止付人', 'STOPPED BY', stop.by);
  } else paper.field('可止付至', 'STOP BY', stampText(slip.until));
  paper.rule();
  if (slip.stopped) {
    paper.line(paper.pick('本笔未发出,款项未退。', 'NOTHING WAS SENT. NO MONEY WENT BACK.'));
    paper.line(paper.pick('如需退款请重新办理。', 'MAKE A NEW REFUND IF ONE IS DUE.'));
  } else {
    paper.line(paper.pick('尚未发出,到时自动发送。', 'NOT SENT YET. IT IS SENT WHEN THE TIME IS OVER.'));
    paper.line(paper.pick('已受理不等于已到账。', 'ACCEPTED IS NOT YET ARRIVED.'));
    paper.line(paper.pick('有误请立即找主管止付。', 'IF IT IS WRONG, THE MANAGER STOPS IT NOW.'));
  }
  paper.line(`${paper.pick('服务电话', 'SERVICE TEL')} ${slip.servicePhone}`);
  paper.end();
  return paper.lines;
}

/** Unknown refund 待查单: what has to be done, and what must not. */
export function unknownLines(slip: UnknownSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  if (!paper.english) paper.centre('待查单');
  paper.centre(slip.isVoid ? 'VOID OUTCOME UNKNOWN' : 'REFUND OUTCOME UNKNOWN');
  paper.rule();
  paper.field('跟踪号', 'TRACK NO', slip.tracking);
  paper.field('金额', 'AMOUNT', rmb(slip.amountMinor));
  paper.field('原参考号', 'ORIG REF', slip.originalReference);
  paper.field('发送时间', 'SENT', stampText(slip.sentAt));
  paper.field('流水号', 'TRACE', slip.trace);
  paper.rule();
  if (paper.english) {
    paper.line('THE BANK DID NOT ANSWER. THE MONEY MAY HAVE BEEN PAID BACK.');
    paper.line(`DO NOT ${slip.isVoid ? 'VOID OR REFUND IT' : 'REFUND AGAIN'}. THE ORIGINAL IS LOCKED.`);
    paper.line(`1 CALL THE ACQUIRER ${slip.acquirerPhone} WITH THE REFERENCE`);
    paper.line('2 THE MANAGER RECORDS THE ANSWER');
    paper.line('3 NOT KNOWN THERE: SENT AGAIN WITH ITS OWN NUMBER');
  } else {
    paper.line('银行没有应答,款项可能已退。');
    paper.line(slip.isVoid ? '请勿再撤销或退货,原交易已锁定' : '请勿再次退货。原交易已锁定。');
    paper.line(`1 致电收单机构 ${slip.acquirerPhone} 报参考号`);
    paper.line('2 主管在"待查退货"登记答复');
    paper.line('3 收单不识此笔时系统原号重发');
  }
  paper.end();
  return paper.lines;
}

const rmb = (amountMinor: number): string => `RMB ${formatAmount(amountMinor)}`;
