import { digits, formatAmount } from '../../units.ts';
import type { CaseSlip, SlipOptions, StatusSlip } from './data.ts';
import { Paper, stampText } from './paper.ts';

/** Refund status 退货进度单, for the customer: where the money is, in the words of the screen, and what to do when it does not come. */
export function statusLines(slip: StatusSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  if (!paper.english) paper.centre('退货进度单');
  paper.centre('REFUND STATUS');
  paper.centre(paper.pick('顾客留存 CUSTOMER COPY', 'CUSTOMER COPY'));
  paper.rule();
  paper.field('商户名称', 'MERCHANT', slip.merchantName);
  paper.field('跟踪号', 'TRACK NO', slip.tracking);
  paper.field('金额', 'AMOUNT', `RMB ${formatAmount(slip.amountMinor)}`);
  if (slip.original)
    paper.field('原交易', 'ORIGINAL', `${slip.original.date} RMB ${formatAmount(slip.original.amountMinor)}`);
  if (slip.maskedPan !== '') paper.field('卡号', 'CARD NO', slip.maskedPan);
  paper.field('渠道', 'CHANNEL', slip.channel);
  paper.field('状态', 'STATE', paper.pick(`${slip.state.zh} ${slip.state.en}`, slip.state.en));
  if (slip.reference !== undefined) paper.field('参考号', 'REFER NO', slip.reference);
  if (slip.due !== '') paper.field('预计到账', 'DUE', slip.due);
  paper.field('查询时间', 'ASKED', stampText(slip.at));
  paper.rule();
  const [first, second] = paper.english ? slip.say.en : slip.say.zh;
  paper.line(paper.english ? `${first} ${second}` : `${first}${second}`);
  if (!slip.over) {
    paper.line(
      paper.pick(
        '到期未到请凭参考号致电发卡行,或回店报跟踪号。',
        'NOT THERE IN TIME? CALL YOUR BANK WITH THE REFERENCE NUMBER, OR TELL US THE TRACK NUMBER.',
      ),
    );
  }
  paper.line(`${paper.pick('服务电话', 'SERVICE TEL')} ${slip.servicePhone}`);
  paper.end();
  return paper.lines;
}

/** Wrong refund 退错登记单: the case, who puts it right until when, and what has to be done. */
export function caseLines(slip: CaseSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  if (!paper.english) paper.centre('退错登记单');
  paper.centre('WRONG REFUND CASE');
  paper.rule();
  paper.field('案件号', 'CASE', slip.number);
  paper.field('跟踪号', 'TRACK NO', slip.tracking);
  paper.field('类型', 'TYPE', slip.type);
  paper.field('金额', 'AMOUNT', `RMB ${formatAmount(slip.amountMinor)}`);
  if (slip.rightPan !== undefined) paper.field('原交易卡', 'PAID WITH', slip.rightPan);
  if (slip.wrongPan !== undefined) paper.field('实退卡', 'PAID BACK', slip.wrongPan);
  if (slip.reference !== undefined) paper.field('参考号', 'REFER NO', slip.reference);
  paper.field('商户编号', 'MERCHANT NO', slip.merchantNo);
  paper.field('终端编号', 'TERMINAL NO', slip.terminalNo);
  paper.field(
    '操作/复核',
    'OPER/APPR',
    slip.approver === undefined ? slip.operator : `${slip.operator} / ${slip.approver}`,
  );
  paper.field('登记', 'ENTERED', `${slip.by} ${stampText(slip.at)}`);
  const { due } = slip;
  paper.field(
    '责任',
    'OWNER',
    `${slip.owner} ${digits(due.month, 2)}/${digits(due.day, 2)} ${digits(due.hour, 2)}:${digits(due.minute, 2)}${paper.pick('前', '')}`,
  );
  paper.rule();
  const box = (done: boolean): string => (done ? '[x]' : '[ ]');
  if (paper.english) {
    paper.line(`${box(slip.frozen)}1 REFUNDS FROZEN`);
    paper.line(`[ ]2 CALL ACQUIRER ${slip.servicePhone}`);
    paper.line('[ ]3 TELL THE CUSTOMER');
    paper.line('[ ]4 FILL IN THE CORRECTION FORM');
    paper.line('[ ]5 CLOSE AND LEARN');
  } else {
    paper.line(`${box(slip.frozen)}1 停退货开关   ${slip.frozen ? '已开' : '未开'}`);
    paper.line(`[ ]2 致电收单 ${slip.servicePhone}`);
    paper.line('[ ]3 通知顾客');
    paper.line('[ ]4 填调账申请表');
    paper.line('[ ]5 结案复盘');
  }
  paper.field('账本锚', 'ANCHOR', slip.anchor);
  paper.end();
  return paper.lines;
}
