import { fit } from './columns.ts';

/** What a member of a profile is called on a screen of sixteen columns. */
export interface Label {
  readonly zh: string;
  readonly en: string;
}

/** Columns of a label. */
export const LABEL_COLUMNS = 16;

/** Labels of members by their path; a number in a path is written as *. */
const LABELS: Readonly<Record<string, readonly [zh: string, en: string]>> = {
  id: ['方案编号', 'PROFILE ID'],
  version: ['方案版本', 'PROFILE VERSION'],
  'name/*': ['方案名称', 'PROFILE NAME'],
  'acquirer/id': ['收单编号', 'ACQUIRER ID'],
  'acquirer/name/*': ['收单名称', 'ACQUIRER NAME'],
  'acquirer/routes': ['主机地址', 'HOST ADDRESSES'],
  'acquirer/tls': ['加密连接', 'TLS'],
  'acquirer/tpdu': ['TPDU', 'TPDU'],
  'acquirer/header': ['报文头', 'HEADER'],
  'acquirer/currency': ['货币', 'CURRENCY'],
  'acquirer/answerTimeoutSeconds': ['应答超时秒', 'ANSWER SECONDS'],
  'acquirer/connectTimeoutSeconds': ['连接超时秒', 'CONNECT SECONDS'],
  'acquirer/keyMode': ['密钥模式', 'KEY MODE'],
  'acquirer/masterKeyIndex': ['主密钥位置', 'MASTER KEY SLOT'],
  'acquirer/macAlgorithm': ['MAC算法', 'MAC ALGORITHM'],
  'acquirer/signOnOperatorForm': ['签到操作员格式', 'OPERATOR FORM'],
  'acquirer/partialApproval': ['部分承兑', 'PARTIAL APPROVAL'],
  'acquirer/cardOrganisation63': ['卡组织代码', 'CARD ORG IN 63'],
  'acquirer/fallbackMode': ['降级输入方式', 'FALLBACK MODE'],
  'acquirer/reversal/tries': ['冲正次数', 'REVERSAL TRIES'],
  'acquirer/reversal/finalCodes': ['冲正完成码', 'REVERSAL CODES'],
  'acquirer/reversal/blockWhenHeld': ['冲正未成停交易', 'STOP WHEN HELD'],
  'acquirer/reversal/voidOriginal': ['撤销冲正61域', 'VOID REV 61'],
  'acquirer/reversal/with63': ['冲正带63域', 'REVERSAL WITH 63'],
  'acquirer/reversal/panAfterSwipe': ['刷卡冲正带卡号', 'REVERSAL PAN'],
  'acquirer/reversal/sent': ['冲正发送时间', 'REVERSAL SENT'],
  'acquirer/reversal/pauseSeconds': ['冲正间隔秒', 'REVERSAL PAUSE'],
  'acquirer/reversal/heldRetry': ['冲正重试', 'HELD RETRY'],
  'acquirer/reversal/restartReason': ['重启冲正原因', 'RESTART REASON'],
  'acquirer/reversal/unmatched': ['应答不符处理', 'WRONG ANSWER'],
  'acquirer/reversal/notConnected': ['未连接时冲正', 'NOT CONNECTED'],
  'acquirer/reversal/wrongMac': ['冲正MAC错处理', 'REV WRONG MAC'],
  'acquirer/settlement/detailsPerMessage': ['每包明细数', 'DETAILS A MSG'],
  'acquirer/settlement/rounds': ['批上送轮数', 'UPLOAD ROUNDS'],
  'acquirer/settlement/acceptedCodes': ['批上送接受码', 'UPLOAD CODES'],
  'acquirer/slipTitle/*': ['单据标题', 'SLIP TITLE'],
  'acquirer/appealPhone': ['申诉电话', 'APPEAL PHONE'],
  'acquirer/chipTags/request': ['交易芯片标签', 'CHIP TAGS REQ'],
  'acquirer/chipTags/reversal': ['冲正芯片标签', 'CHIP TAGS REV'],
  'acquirer/chipTags/certificate': ['TC芯片标签', 'CHIP TAGS TC'],
  'acquirer/chipTags/script': ['脚本芯片标签', 'CHIP TAGS SCRIPT'],
  'terminal/id': ['终端型号编号', 'TERMINAL ID'],
  'terminal/name/*': ['终端名称', 'TERMINAL NAME'],
  'terminal/rows': ['屏幕行数', 'SCREEN ROWS'],
  'terminal/columns': ['屏幕列数', 'SCREEN COLUMNS'],
  'terminal/charset': ['字符集', 'CHARSET'],
  'terminal/baud': ['串口速率', 'LINE SPEED'],
  'terminal/printColumns': ['打印列数', 'PRINTER COLUMNS'],
  'terminal/keys': ['按键', 'KEYS'],
  'terminal/models': ['适用机型', 'MODELS'],
  'terminal/readCapability': ['读卡能力', 'CARD READERS'],
  'merchant/name/*': ['商户名称', 'MERCHANT NAME'],
  'merchant/merchantNo': ['商户号', 'MERCHANT NO'],
  'merchant/terminalNo': ['终端号', 'TERMINAL NO'],
  'merchant/servicePhone': ['服务电话', 'SERVICE PHONE'],
  'policy/language': ['语言', 'LANGUAGE'],
  'policy/saleMaxMinor': ['消费限额', 'SALE LIMIT'],
  'policy/refundMaxMinor': ['退货限额', 'REFUND LIMIT'],
  'policy/refundUnlinked': ['无原交易退货', 'UNLINKED REFUND'],
  'policy/refundDayMaxMinor': ['日退货限额', 'REFUNDS A DAY'],
  'policy/refundCardDayMaxMinor': ['单卡日退货限额', 'REFUND CARD DAY'],
  'policy/refundOperatorDayMaxMinor': ['操作员日退限额', 'REFUND OPER DAY'],
  'policy/refundDualLimitMinor': ['双人复核限额', 'SECOND PERSON'],
  'policy/refundBlindEntry': ['复核盲输', 'BLIND ENTRY'],
  'policy/refundHoldSeconds': ['退货等待秒', 'REFUND HOLD SEC'],
  'policy/refundSameAmountHours': ['同额提醒小时', 'SAME AMOUNT HRS'],
  'policy/voidAdvice': ['建议撤销', 'ADVISE VOID'],
  'policy/refundsFromTakings': ['退货用营业款', 'REFUND FROM NET'],
  'policy/cutOff': ['日切时间', 'CUT-OFF'],
  'policy/caseDueHours': ['工单时限小时', 'CASE DUE HOURS'],
  'policy/caseOnFailedRefund': ['退货失败立案', 'CASE WHEN FAILED'],
  'policy/risk': ['风险规则', 'RISK RULES'],
  'policy/twoPerson': ['双人原则', 'TWO PERSONS'],
  'policy/voidNeedsManager': ['撤销需主管', 'VOID MANAGER'],
  'policy/voidNeedsCard': ['撤销需卡', 'VOID CARD'],
  'policy/voidNeedsPin': ['撤销需密码', 'VOID PIN'],
  'policy/voidNeedsReason': ['撤销需原因', 'VOID REASON'],
  'policy/refundNeedsManager': ['退货需主管', 'REFUND MANAGER'],
  'policy/refundNeedsCard': ['退货需卡', 'REFUND CARD'],
  'policy/refundNeedsPin': ['退货需密码', 'REFUND PIN'],
  'policy/refundNeedsReason': ['退货需原因', 'REFUND REASON'],
  'policy/refundNeedsTraining': ['退货需培训', 'REFUND TRAINING'],
  'policy/reprintNeedsManager': ['重打印需主管', 'REPRINT MANAGER'],
  'policy/autoSignOff': ['结算后签退', 'AUTO SIGN-OFF'],
  'policy/fallbackAllowed': ['允许降级', 'FALLBACK'],
  'policy/confirmCardAfterSwipe': ['刷卡后确认卡号', 'CONFIRM CARD'],
  'policy/defaultTransaction': ['默认交易', 'DEFAULT TXN'],
  'policy/maxTransactions': ['批最大笔数', 'BATCH SIZE'],
  'policy/maxOperators': ['最多操作员', 'OPERATORS'],
  'policy/passwordTries': ['密码次数', 'PASSWORD TRIES'],
  'policy/passwordBlockSeconds': ['密码锁定秒', 'PASSWORD BLOCK'],
  'policy/pinTries': ['持卡人密码次数', 'PIN TRIES'],
  'policy/cardTries': ['读卡次数', 'CARD TRIES'],
  'policy/operationTimeoutSeconds': ['操作超时秒', 'KEY SECONDS'],
  'policy/cardTimeoutSeconds': ['等卡超时秒', 'CARD SECONDS'],
  'policy/cardConfirmSeconds': ['确认卡号秒', 'CONFIRM SECONDS'],
  'policy/pinTimeoutSeconds': ['密码超时秒', 'PIN SECONDS'],
  'policy/autoLockMinutes': ['自动锁定分', 'AUTO LOCK MIN'],
  'policy/qpsLimitMinor': ['小额免密限额', 'NO-PIN LIMIT'],
  'policy/slipCopies': ['单据联数', 'SLIP COPIES'],
  'policy/negativeAmountOnSlip': ['单据负金额', 'MINUS ON SLIP'],
  'policy/printFaultSlip': ['打印故障单', 'FAULT SLIP'],
  'policy/slipCode': ['单据防伪码', 'SLIP QR CODE'],
  'policy/journalDays': ['流水保存天数', 'JOURNAL DAYS'],
};

/** What a group of members is called; the next step of the path follows. */
const GROUPS: readonly (readonly [path: RegExp, zh: string, en: string])[] = [
  [/^texts\/screens\/([^/]+)/, '屏幕', 'SCREEN'],
  [/^texts\/prompts\/([^/]+)/, '提示', 'PROMPT'],
  [/^texts\/words\/([^/]+)/, '词', 'WORD'],
  [/^transactions\/([^/]+)/, '交易', 'TXN'],
  [/^responses\/([^/]+)/, '应答码', 'ANSWER CODE'],
  [/^institutions\/([^/]+)/, '机构', 'INSTITUTION'],
  [/^dialect\/fields\/([^/]+)/, '报文域', 'FIELD'],
  [/^dialect\/subfields\/([^/]+)/, '子域', 'SUBFIELD'],
  [/^dialect\/tags\/([^/]+)/, '标签', 'TAG'],
  [/^dialect\/options\/([^/]+)/, '报文选项', 'OPTION'],
  [/^dialect\/([^/]+)/, '报文', 'DIALECT'],
  [/^acquirer\/dialectOptions\/([^/]+)/, '选项', 'OPTION'],
  [/^acquirer\/scanPayment\/?([^/]*)/, '扫码', 'QR'],
  [/^terminal\/keymap\/([^/]+)/, '按键', 'KEY'],
  [/^policy\/channels\/([^/]+)/, '渠道', 'CHANNEL'],
  [/^training\/?([^/]*)/, '培训', 'TRAINING'],
];

/** The label of the member at `path` (names with `/` between), at most sixteen columns in each language. */
export function labelOf(path: string): Label {
  const own = LABELS[path] ?? LABELS[path.replace(/\/(zh|en)$/, '/*')];
  if (own) return { zh: own[0], en: own[1] };
  for (const [pattern, zh, en] of GROUPS) {
    const step = pattern.exec(path)?.[1];
    if (step !== undefined) return { zh: withStep(zh, step), en: withStep(en, step) };
  }
  const last = fit(path.slice(path.lastIndexOf('/') + 1), LABEL_COLUMNS);
  return { zh: last, en: last };
}

function withStep(group: string, step: string): string {
  return fit(step === '' ? group : `${group} ${step}`, LABEL_COLUMNS);
}
