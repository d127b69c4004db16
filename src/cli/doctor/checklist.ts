import { columnsOf } from '../../wire/gbk.ts';

export type Lang = 'zh' | 'en';

/** The steps of the commissioning checklist in their order. */
export const STEPS = {
  line: { zh: '串口线路', en: 'LINE' },
  identity: { zh: '机具身份', en: 'IDENTITY' },
  screen: { zh: '显示屏', en: 'SCREEN' },
  keypad: { zh: '键盘', en: 'KEYPAD' },
  reader: { zh: '读卡器', en: 'CARD READER' },
  printer: { zh: '打印机', en: 'PRINTER' },
  masterKey: { zh: '主密钥', en: 'MASTER KEY' },
  signOn: { zh: '签到与密钥校验', en: 'SIGN-ON, KEYS' },
  echo: { zh: '回响测试', en: 'ECHO TEST' },
  sale: { zh: '测试消费', en: 'TEST SALE' },
  void: { zh: '测试撤销', en: 'TEST VOID' },
} as const;
export type StepId = keyof typeof STEPS;

/** How a step ended. `skipped`: a person wanted it so; `notDone`: it did not come to it, so nothing is known. */
export type StepOutcome = 'passed' | 'failed' | 'skipped' | 'notDone';

export interface StepResult {
  readonly id: StepId;
  readonly outcome: StepOutcome;
  /** What was seen: numbers and names, no card data. */
  readonly detail: string;
  /** What to do; there when the step failed. */
  readonly remedy?: string;
}

export const passed = (id: StepId, detail: string): StepResult => ({ id, outcome: 'passed', detail });
export const failedStep = (id: StepId, detail: string, remedy: string): StepResult => ({
  id,
  outcome: 'failed',
  detail,
  remedy,
});
export const skipped = (id: StepId): StepResult => ({ id, outcome: 'skipped', detail: 'left out by --skip' });
export const notDone = (id: StepId, detail: string, remedy: string): StepResult => ({
  id,
  outcome: 'notDone',
  detail,
  remedy,
});

const MARKS: Readonly<Record<StepOutcome, string>> = { passed: 'ok', failed: 'FAILED', skipped: 'skip', notDone: '?' };
const SLIP_WORDS: Readonly<Record<Lang, Readonly<Record<StepOutcome, string>>>> = {
  zh: { passed: '正常', failed: '失败', skipped: '未测', notDone: '未做' },
  en: { passed: 'OK', failed: 'FAILED', skipped: 'SKIPPED', notDone: 'NOT DONE' },
};

/** One line for a person: mark, name, what was seen; a failed step has a second one that says what to do. */
export function resultText(result: StepResult): string {
  const line = `${MARKS[result.outcome].padEnd(6)} ${STEPS[result.id].en.padEnd(13)} ${result.detail}`;
  return result.remedy === undefined ? line : `${line}\n${' '.repeat(21)}→ ${result.remedy}`;
}

/** A checklist is good when each step passed or was left out on purpose. */
export const isGood = (results: readonly StepResult[]): boolean =>
  results.every(result => result.outcome === 'passed' || result.outcome === 'skipped');

export interface SlipHead {
  /** As the shop reads it, `2026-11-22 10:41`. */
  readonly when: string;
  readonly profile: string;
  readonly model: string;
  readonly serialNumber: string;
  readonly firmware: string;
  readonly merchantNo: string;
  readonly terminalNo: string;
}

/** The slip that stays with the terminal, `columns` half-width columns wide. */
export function slipLines(
  results: readonly StepResult[],
  head: SlipHead,
  lang: Lang,
  columns: number,
): readonly string[] {
  const zh = lang === 'zh';
  const row = (left: string, right: string): string[] => {
    const space = columns - columnsOf(left) - columnsOf(right);
    return space > 0 ? [left + ' '.repeat(space) + right] : [left, right.padStart(columns)];
  };
  const rule = '-'.repeat(columns);
  return [
    zh ? '装机检查单' : 'COMMISSIONING CHECKLIST',
    rule,
    ...row(zh ? '时间' : 'TIME', head.when),
    ...row(zh ? '商户号' : 'MERCHANT', head.merchantNo),
    ...row(zh ? '终端号' : 'TERMINAL', head.terminalNo),
    ...row(zh ? '配置' : 'PROFILE', head.profile),
    ...row(zh ? '机型' : 'MODEL', head.model),
    ...row(zh ? '序列号' : 'SERIAL NO', head.serialNumber),
    ...row(zh ? '固件' : 'FIRMWARE', head.firmware),
    rule,
    ...results.flatMap(result => row(STEPS[result.id][lang], SLIP_WORDS[lang][result.outcome])),
    rule,
    isGood(results) ? (zh ? '结果: 可以营业' : 'RESULT: READY TO TRADE') : zh ? '结果: 不可营业' : 'RESULT: NOT READY',
    '',
    zh ? '技师签名:' : 'TECHNICIAN:',
    '',
  ];
}
