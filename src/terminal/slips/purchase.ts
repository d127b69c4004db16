import { formatAmount } from '../../units.ts';
import type { PurchaseSlip, SlipChip, SlipScan, SlipEntry, SlipOptions } from './data.ts';
import { centred } from '../layout.ts';
import { Paper, QR_MARK, stampText } from './paper.ts';

const ENTRY_LETTER: Record<SlipEntry, string> = { swipe: 'S', chip: 'I', tap: 'C', none: 'N', fallback: 'F' };
const KIND = { sale: '消费(SALE)', void: '消费撤销(VOID)', refund: '退货(REFUND)' } as const;
const KIND_EN = { sale: 'SALE', void: 'VOID', refund: 'REFUND' } as const;
const SCAN_KIND = { sale: '扫码消费(QR SALE)', void: '扫码撤销(QR VOID)', refund: '扫码退货(QR REFUND)' } as const;
const SCAN_KIND_EN = { sale: 'QR SALE', void: 'QR VOID', refund: 'QR REFUND' } as const;

/**
 * Sales slip 签购单 of a sale, void or refund. The cardholder copy carries neither expiry, chip data nor signature; a
 * refund has no authorisation code (UnionPay POS slip).
 */
export function purchaseLines(slip: PurchaseSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, false);
  const wide = paper.columns === 48;
  const merchantCopy = slip.copy === 'merchant';
  head(paper, slip);
  paper.rule();
  paper.field('商户名称', 'MERCHANT', slip.shop.merchantName);
  paper.field('商户编号', 'MERCHANT NO', slip.shop.merchantNo);
  paper.field('终端编号', 'TERMINAL NO', slip.shop.terminalNo);
  paper.pair(
    `${paper.pick('操作员号', 'OPERATOR')}: ${slip.operator}`,
    slip.approver === undefined ? undefined : `${paper.pick('复核', 'APPROVER')}: ${slip.approver}`,
  );
  if (slip.issuer) paper.field('发卡行', 'ISSUER', named(slip.issuer, wide));
  if (slip.acquirer) paper.field('收单行', 'ACQUIRER', named(slip.acquirer, wide));
  if (slip.scan) scanLines(paper, slip.scan);
  else paper.field('卡号', 'CARD NO', `${slip.maskedPan} /${ENTRY_LETTER[slip.entry]}`);
  if (merchantCopy && slip.expiry !== undefined) paper.field('有效期', 'EXP DATE', slip.expiry);
  const kinds = slip.scan ? SCAN_KIND : KIND;
  paper.field('交易类型', 'TRANS TYPE', paper.pick(kinds[slip.kind], (slip.scan ? SCAN_KIND_EN : KIND_EN)[slip.kind]));
  paper.pair(`${paper.pick('批次号', 'BATCH')}: ${slip.batch}`, `${paper.pick('凭证号', 'VOUCHER')}: ${slip.voucher}`);
  if (slip.kind !== 'refund' && slip.authCode !== undefined) paper.field('授权码', 'AUTH NO', slip.authCode);
  if (slip.reference !== undefined) paper.field('参考号', 'REFER NO', slip.reference);
  paper.field('日期/时间', 'DATE/TIME', stampText(slip.at));
  paper.line(paper.pick('金额(AMOUNT):', 'AMOUNT:'));
  paper.centre(amountLine(slip, options));
  paper.rule();
  paper.line(paper.pick('备注/REFERENCE', 'REFERENCE'));
  remarks(paper, slip);
  paper.rule();
  if (merchantCopy) {
    if (slip.chip) {
      chipLines(paper, slip.chip);
      paper.rule();
    }
    // Who paid by scanned code has confirmed at the telephone.
    if (!slip.scan) signature(paper, slip);
  }
  if (slip.qr) paper.centre(QR_MARK);
  paper.centre(`${paper.pick('服务电话', 'SERVICE TEL')} ${slip.servicePhone}`);
  if (slip.training) paper.centre(TRAINING);
  paper.end();
  return paper.lines;
}

function scanLines(paper: Paper, scan: SlipScan): void {
  paper.field('支付渠道', 'CHANNEL', paper.pick(scan.channel.zh, scan.channel.en));
  if (scan.maskedCode !== undefined) paper.field('付款码', 'PAY CODE', scan.maskedCode);
  if (scan.order === undefined) return;
  paper.line(paper.pick('付款凭证码/ORDER NO:', 'ORDER NO:'));
  paper.line(scan.order);
}

const TRAINING = '***训练/TRAINING*** 凭证无效';

function head(paper: Paper, slip: PurchaseSlip): void {
  if (slip.training) paper.centre(TRAINING);
  if (!paper.english) paper.centre(slip.title.zh);
  paper.centre(slip.title.en);
  const zh = slip.copy === 'merchant' ? '商户存根  MERCHANT COPY' : '持卡人存根  CARDHOLDER COPY';
  paper.line(paper.pick(zh, slip.copy === 'merchant' ? 'MERCHANT COPY' : 'CARDHOLDER COPY'));
  if (slip.reprint !== undefined) paper.centre(reprintMark(slip.reprint, paper.english));
}

/** `****重打印/DUPLICATED(2)****` */
export function reprintMark(count: number, english: boolean): string {
  return english ? `****DUPLICATED(${count})****` : `****重打印/DUPLICATED(${count})****`;
}

/** Stored lines of a slip with the mark of its `count`-th reprint: below the copy line, or below the title of a report. */
export function withReprintMark(lines: readonly string[], count: number, options: SlipOptions): string[] {
  const english = options.lang === 'en';
  const copy = lines.findIndex(line => /COPY\s*$/.test(line));
  const at = copy >= 0 ? copy + 1 : english ? 1 : 2;
  return [...lines.slice(0, at), centred(reprintMark(count, english), options.columns), ...lines.slice(at)];
}

/** `== RMB: -60.00 ==`: the line that the printer makes twice as high. */
function amountLine(slip: PurchaseSlip, options: SlipOptions): string {
  const negative = slip.kind !== 'sale' && options.negativeAmounts !== false;
  return `== RMB: ${formatAmount(negative ? -slip.amountMinor : slip.amountMinor)} ==`;
}

function named(institution: { readonly name: string; readonly code?: string }, wide: boolean): string {
  return wide && institution.code !== undefined ? `${institution.name} (${institution.code})` : institution.name;
}

function remarks(paper: Paper, slip: PurchaseSlip): void {
  const { original } = slip;
  const wide = paper.columns === 48;
  if (slip.kind === 'void') {
    if (original?.voucher !== undefined) paper.field('原凭证号', 'ORIG VOUCHER', original.voucher);
    if (slip.reason !== undefined) paper.field('撤销原因', 'REASON', slip.reason);
  } else if (slip.kind === 'refund') {
    if (original?.reference !== undefined) paper.field('原参考号', 'ORIG REF', original.reference);
    if (original?.date !== undefined) paper.field(wide ? '原交易日期' : '原日期', 'ORIG DATE', original.date);
    if (original?.voucher !== undefined) {
      const { batch, voucher } = original;
      const where =
        batch === undefined
          ? voucher
          : wide
            ? `${voucher} (${paper.pick('批次', 'BATCH ')}${batch})`
            : `${voucher}/${batch}`;
      paper.field('原凭证号', 'ORIG VOUCHER', where);
    }
    if (original?.amountMinor !== undefined)
      paper.pair(
        `${paper.pick('原额', 'ORIG')} ${formatAmount(original.amountMinor)}`,
        original.remainderMinor === undefined
          ? undefined
          : `${paper.pick('可退余', 'LEFT')} ${formatAmount(original.remainderMinor)}`,
      );
    if (slip.reason !== undefined) paper.field('退货原因', 'REASON', slip.reason);
    if (slip.tracking !== undefined) paper.field('跟踪号', 'TRACK NO', slip.tracking);
    if (slip.due !== undefined) paper.field('预计到账', 'DUE', slip.due);
  }
  for (const remark of slip.remarks ?? []) paper.line(remark);
}

function chipLines(paper: Paper, chip: SlipChip): void {
  paper.line(chip.tc === undefined ? `ARQC:${chip.arqc ?? ''}` : `TC:${chip.tc}`);
  if (paper.columns === 48) {
    paper.line(`TVR:${chip.tvr}  TSI:${chip.tsi}  ATC:${chip.atc}  AIP:${chip.aip}`);
    paper.line(`AID:${chip.aid}  CSN:${chip.sequence}  UN:${chip.unpredictable}`);
    paper.line(`APP LABEL:${chip.label}  CVMR:${chip.cvmResults}`);
    return;
  }
  paper.line(`TVR:${chip.tvr}  TSI:${chip.tsi}`);
  paper.line(`AID:${chip.aid}`);
  paper.line(`ATC:${chip.atc}  CSN:${chip.sequence}  AIP:${chip.aip}`);
  paper.line(`UN:${chip.unpredictable}  CVMR:${chip.cvmResults}`);
  paper.line(`APP LABEL:${chip.label}`);
}

/** Signature and declaration of the merchant copy; a small amount without PIN carries its reason instead. */
function signature(paper: Paper, slip: PurchaseSlip): void {
  const wide = paper.columns === 48;
  if (slip.noSignatureLimitMinor !== undefined) {
    const limit = formatAmount(slip.noSignatureLimitMinor).replace(/\.00$/, '');
    paper.line(paper.pick(`交易金额未超过${limit}元,免密免签`, `NO PIN AND NO SIGNATURE UP TO RMB ${limit}`));
    return;
  }
  if (paper.english) paper.line('CARDHOLDER SIGNATURE:');
  else if (wide) paper.line('持卡人签名(CARDHOLDER SIGNATURE):');
  else {
    paper.line('持卡人签名:');
    paper.line('CARDHOLDER SIGNATURE');
  }
  paper.line('');
  paper.line('');
  // The goods were received only with a sale; voids and refunds print the first half.
  const goods = slip.kind === 'sale';
  if (paper.english) {
    paper.line(
      goods ? 'I ACKNOWLEDGE SATISFACTORY RECEIPT OF RELATIVE GOODS/SERVICE' : 'I CONFIRM THE TRANSACTION ABOVE',
    );
  } else if (wide) {
    paper.line('本人确认以上交易,同意将其记入本卡');
    paper.line(goods ? '账户  I ACKNOWLEDGE SATISFACTORY' : '账户');
    if (goods) paper.line('RECEIPT OF RELATIVE GOODS/SERVICE');
  } else {
    paper.line('本人确认以上交易,');
    paper.line('同意将其记入本卡账户');
    if (!goods) return;
    paper.line('I ACKNOWLEDGE SATISFACTORY');
    paper.line('RECEIPT OF RELATIVE');
    paper.line('GOODS/SERVICE');
  }
}
