import type { FlashSlip, SlipOptions } from './data.ts';
import { Paper, stampText } from './paper.ts';

/** Differences that a slip names one by one. */
const CHANGES_MAX = 60;

/** Flash slip 刷写凭单: which terminal, from what to what, who, the tests, and every difference; `!` and `$` mark keys and money. */
export function flashLines(slip: FlashSlip, options: SlipOptions): string[] {
  const paper = new Paper(options, true);
  const pick = (zh: string, en: string): string => paper.pick(zh, en);
  if (!paper.english) paper.centre('刷写凭单');
  paper.centre('FLASH SLIP');
  paper.rule();
  paper.field('商户名称', 'MERCHANT', slip.shop.merchantName);
  paper.field('终端编号', 'TERMINAL NO', slip.shop.terminalNo);
  paper.field('序列号', 'SERIAL NO', slip.serialNumber);
  paper.field('机型', 'MODEL', slip.model);
  paper.field('原配置', 'WAS', slip.was);
  paper.field('新配置', 'NOW', slip.is);
  paper.field('摘要', 'DIGEST', slip.digest.slice(0, 16));
  paper.field('技师', 'TECH', slip.by);
  paper.field('日期/时间', 'DATE/TIME', stampText(slip.at));
  paper.field('测试', 'TESTS', slip.tests.map(test => pick(TESTS[test][0], TESTS[test][1])).join(' '));
  paper.rule();
  paper.line(`${pick('差异', 'DIFFERENCES')}: ${slip.changes?.length ?? pick('不详', 'NOT KNOWN')}`);
  for (const change of (slip.changes ?? []).slice(0, CHANGES_MAX)) {
    paper.line(`${change.mark === '' ? ' ' : change.mark}${change.label}`);
    paper.line(`  ${change.was} -> ${change.is}`);
  }
  const more = (slip.changes?.length ?? 0) - CHANGES_MAX;
  if (more > 0) {
    paper.line(pick(`另有 ${more} 项,见账本`, `AND ${more} MORE, SEE THE JOURNAL`));
  }
  paper.field('账本锚', 'ANCHOR', slip.anchor);
  paper.end();
  return paper.lines;
}

const TESTS = {
  echo: ['回响', 'ECHO'],
  printer: ['打印', 'PRINTER'],
  panel: ['屏幕键盘', 'PANEL'],
} as const;
