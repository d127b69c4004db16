import { fault, type Fault, type FaultCode } from '../fault.ts';

/** A text of at most 16 columns for the operator's screen, in both languages (a Chinese character takes two). */
export interface ShortText {
  readonly zh: string;
  readonly en: string;
}

interface StatEntry extends ShortText {
  readonly code: FaultCode;
  readonly name: string;
  readonly cause: string;
  readonly remedy: string;
}

const entry = (code: FaultCode, name: string, zh: string, en: string, cause: string, remedy: string): StatEntry => ({
  code,
  name,
  zh,
  en,
  cause,
  remedy,
});

const RECONNECT = 'Connect to the terminal again';
const SUPPORT = 'Repeat once; if it comes again, send a support bundle to the maker of the terminal';
const OTHER_CARD = 'Ask for another card';
const TRY_STRIPE = 'Insert the card again; if it fails twice, swipe it or ask for another card';
const OTHER_READER = 'Insert or swipe the card instead of tapping it';

/** STAT codes of ABECS 2.20 (000–102) and of the panel extension (110–130). */
// prettier-ignore
const STATS: Readonly<Record<number, StatEntry>> = {
  3: entry('E_ILLEGAL', 'session-missing', '安全会话未建立', 'NO SECURE SESS', 'an encrypted command came without a secure session', RECONNECT),
  4: entry('E_EXTENDED', 'key-f1', '按键F1', 'KEY F1', 'the operator pressed F1', 'Handle the key'),
  5: entry('E_EXTENDED', 'key-f2', '按键F2', 'KEY F2', 'the operator pressed F2', 'Handle the key'),
  6: entry('E_EXTENDED', 'key-f3', '按键F3', 'KEY F3', 'the operator pressed F3', 'Handle the key'),
  7: entry('E_EXTENDED', 'key-f4', '按键F4', 'KEY F4', 'the operator pressed F4', 'Handle the key'),
  8: entry('E_EXTENDED', 'key-clear', '按键清除', 'KEY CLEAR', 'the operator pressed CLEAR', 'Handle the key'),
  9: entry('E_ILLEGAL', 'session-broken', '安全会话错误', 'SECURE SESS ERR', 'the terminal could not read the command in its secure session', RECONNECT),
  10: entry('E_ILLEGAL', 'out-of-order', '指令顺序错误', 'OUT OF ORDER', 'the command is unknown or its predecessor is missing', 'Check that the terminal knows the command, then start the step again'),
  11: entry('E_ILLEGAL', 'parameter-refused', '参数错误', 'BAD PARAMETER', 'the terminal refused a parameter', 'Check the profile against the terminal: screen size, key index, limits'),
  12: entry('E_TIMEOUT', 'operator-timeout', '操作超时', 'TIMED OUT', 'nobody pressed a key or showed a card in time', 'Start the step again'),
  13: entry('E_EXTENDED', 'operator-cancelled', '操作已取消', 'CANCELLED', 'CANCEL was pressed on the terminal', 'Start again when the customer is ready'),
  19: entry('E_ILLEGAL', 'parameter-missing', '缺少参数', 'VALUE MISSING', 'a mandatory value is missing in the command', SUPPORT),
  20: entry('E_EXTENDED', 'tables-differ', '参数版本不同', 'TABLES DIFFER', 'the EMV tables of the terminal have another version', 'Load the EMV tables'),
  21: entry('E_ILLEGAL', 'table-refused', '参数表错误', 'TABLE REFUSED', 'the terminal refused an EMV table record', 'Check the record; the terminal keeps its old tables'),
  40: entry('E_FAILURE', 'terminal-internal', '终端内部错误', 'TERMINAL ERROR', 'internal error of the terminal', SUPPORT),
  41: entry('E_FAILURE', 'stripe-unreadable', '刷卡错误请重刷', 'SWIPE AGAIN', 'the magnetic stripe could not be read', 'Swipe the card again, evenly and not too slowly'),
  42: entry('E_NOEXIST', 'key-missing', '无主密钥', 'KEY MISSING', 'the key slot is empty or the method is not offered', 'Have the master key loaded, or correct the key index in the profile'),
  43: entry('E_NOEXIST', 'no-card', '无卡数据', 'NO CARD', 'the terminal holds no card data', 'Read the card again'),
  44: entry('E_BUSY', 'pin-busy', '密码键盘忙', 'PIN ENTRY BUSY', 'the terminal blocks PIN entry for a moment (guard against PIN search)', 'Wait 30 seconds and try again'),
  45: entry('E_FAILURE', 'answer-overflow', '应答数据过长', 'ANSWER TOO LONG', 'the answer does not fit into a packet', 'Ask for fewer EMV tags in the profile'),
  46: entry('E_FAILURE', 'encryption-failed', '加密错误', 'ENCRYPT ERROR', 'the terminal could not encrypt', 'Sign on again for fresh keys; then call support'),
  47: entry('E_ILLEGAL', 'key-guard', '密钥使用被拒', 'KEY USE REFUSED', 'the terminal refuses this use of a working key (a PIN key encrypts no data)', 'Check that PIN, MAC and data keys are not mixed in the profile'),
  60: entry('E_FAILURE', 'card-mute', '卡无应答', 'NO CHIP ANSWER', 'the chip does not answer', TRY_STRIPE),
  61: entry('E_FAILURE', 'chip-error', '读卡错误', 'CHIP READ ERROR', 'communication with the chip failed', TRY_STRIPE),
  67: entry('E_FAILURE', 'card-invalidated', '卡已失效', 'CARD INVALID', 'the chip card is invalidated', OTHER_CARD),
  68: entry('E_FAILURE', 'card-problem', '卡片异常', 'CARD PROBLEM', 'the chip card does not work properly', TRY_STRIPE),
  69: entry('E_FAILURE', 'card-data-invalid', '卡数据错误', 'CARD DATA ERROR', 'the chip holds invalid data', TRY_STRIPE),
  70: entry('E_FAILURE', 'no-application', '不支持的卡', 'CARD UNSUPPORTED', 'the chip has no application that the terminal knows', OTHER_CARD),
  71: entry('E_FAILURE', 'application-refused', '卡应用不可用', 'APP NOT ALLOWED', 'the application of the chip cannot be used here', OTHER_CARD),
  76: entry('E_FAILURE', 'fallback-error', '芯片错误请刷卡', 'CHIP ERR: SWIPE', 'the chip failed in a way that allows the stripe', 'Swipe the card'),
  77: entry('E_ILLEGAL', 'amount-refused', '金额无效', 'INVALID AMOUNT', 'the terminal refuses the amount', 'Check the amount'),
  78: entry('E_FAILURE', 'too-many-applications', '卡应用过多', 'TOO MANY APPS', 'more applications than the terminal can handle', 'Shorten the AID tables'),
  79: entry('E_FAILURE', 'card-blocked', '卡片已锁定', 'CARD BLOCKED', 'the card is blocked', OTHER_CARD),
  80: entry('E_FAILURE', 'several-cards', '请只放一张卡', 'ONE CARD ONLY', 'several contactless cards are in the field', 'Present one card'),
  81: entry('E_FAILURE', 'tap-error', '请重新挥卡', 'TAP AGAIN', 'communication with the contactless card failed', 'Tap again; after the second time insert or swipe'),
  82: entry('E_FAILURE', 'tap-invalidated', '非接卡已失效', 'USE CHIP/STRIPE', 'the contactless card is invalidated', OTHER_READER),
  83: entry('E_FAILURE', 'tap-problem', '非接卡异常', 'USE CHIP/STRIPE', 'the contactless card does not work properly', OTHER_READER),
  84: entry('E_FAILURE', 'tap-no-application', '非接不支持', 'TAP UNSUPPORTED', 'no contactless application that the terminal knows', OTHER_READER),
  85: entry('E_FAILURE', 'tap-refused', '非接不可用', 'TAP NOT ALLOWED', 'the contactless application cannot be used here', OTHER_READER),
  86: entry('E_EXTENDED', 'confirm-on-phone', '请在手机上确认', 'CONFIRM ON PHONE', 'the phone wants its holder to confirm', 'Ask the holder to act on the phone, then tap again'),
  87: entry('E_EXTENDED', 'other-interface', '请插卡或刷卡', 'INSERT OR SWIPE', 'the card asks for another reader', OTHER_READER),
  100: entry('E_NOEXIST', 'media-missing', '媒体文件不存在', 'MEDIA MISSING', 'the media file is not in the terminal', 'Load it'),
  101: entry('E_ILLEGAL', 'media-format', '媒体格式错误', 'MEDIA FORMAT', 'the media file has a wrong format', 'Use PNG, JPG or GIF'),
  102: entry('E_FAILURE', 'media-damaged', '媒体文件损坏', 'MEDIA DAMAGED', 'size or CRC of the media file differ', 'Load it again'),
  110: entry('E_EXTENDED', 'paper-out', '打印机缺纸', 'PAPER OUT', 'the printer has no paper', 'Put in a new roll, then continue'),
  111: entry('E_EXTENDED', 'cover-open', '打印机盖未关', 'COVER OPEN', 'the cover of the printer is open', 'Close it, then continue'),
  112: entry('E_FAILURE', 'printer-error', '打印机故障', 'PRINTER ERROR', 'the printer reports an error', 'Switch the terminal off and on; the receipt can be printed again'),
  120: entry('E_ILLEGAL', 'image-offset', '数据位置错误', 'WRONG OFFSET', 'the part does not continue the image', 'Ask how much is held and go on from there'),
  121: entry('E_FAILURE', 'image-digest', '映像校验错误', 'IMAGE DAMAGED', 'size or digest of the image differ', 'Load the image again'),
  122: entry('E_ILLEGAL', 'image-signature', '映像签名错误', 'BAD SIGNATURE', 'the signature of the image is wrong', 'Sign the image with a key that the terminal trusts'),
  123: entry('E_ILLEGAL', 'image-not-newer', '版本不高于当前', 'NOT NEWER', 'the version of the image is not newer', 'Raise the version of the profile'),
  124: entry('E_ILLEGAL', 'image-model', '终端型号不符', 'WRONG MODEL', 'the image is for another terminal model', 'Choose the image for this model'),
  130: entry('E_EXTENDED', 'no-pin', '未输入密码', 'NO PIN ENTERED', 'ENTER was pressed without a PIN', 'Go on without PIN where the card allows it'),
};

const LINK_TEXTS: Readonly<Record<string, ShortText>> = {
  'line-down': { zh: '终端连接断开', en: 'TERMINAL OFFLINE' },
  'no-acknowledge': { zh: '终端无应答', en: 'NO TERM ANSWER' },
  'refused-three-times': { zh: '终端线路干扰', en: 'LINE DISTURBED' },
  'answer-damaged': { zh: '终端线路干扰', en: 'LINE DISTURBED' },
  'answer-timeout': { zh: '终端应答超时', en: 'TERMINAL TIMEOUT' },
  'answer-lost': { zh: '终端应答丢失', en: 'ANSWER LOST' },
  'no-reply-to-cancel': { zh: '终端无应答', en: 'NO TERM ANSWER' },
  'answer-malformed': { zh: '终端数据错误', en: 'BAD TERM ANSWER' },
  'answer-incomplete': { zh: '终端数据错误', en: 'BAD TERM ANSWER' },
  'command-unknown': { zh: '终端不支持', en: 'NOT SUPPORTED' },
  'session-refused': { zh: '安全会话失败', en: 'NO SECURE SESS' },
  'queue-full': { zh: '终端忙', en: 'TERMINAL BUSY' },
  'not-connected': { zh: '终端未连接', en: 'NOT CONNECTED' },
  cancelled: { zh: '操作已取消', en: 'CANCELLED' },
  'text-too-wide': { zh: '显示内容过长', en: 'TEXT TOO WIDE' },
  'text-not-encodable': { zh: '字符不支持', en: 'BAD CHARACTER' },
  'argument-invalid': { zh: '参数错误', en: 'BAD PARAMETER' },
  'feature-missing': { zh: '终端不支持', en: 'NOT SUPPORTED' },
  'nothing-to-resume': { zh: '无待续打印', en: 'NOTHING TO PRINT' },
};

const BY_NAME = new Map<string, ShortText>(Object.entries(LINK_TEXTS));
for (const item of Object.values(STATS)) BY_NAME.set(item.name, item);

/** What a STAT other than 000 means, as a fault. `command` is the three-character command it answered. */
export function statFault(command: string, stat: number): Fault {
  const number = String(stat).padStart(3, '0');
  const known = STATS[stat];
  if (known === undefined) {
    return fault('E_FAILURE', 'stat-unknown', `${command} answered STAT ${number}, which is not defined`, SUPPORT);
  }
  return fault(known.code, known.name, `${known.cause} (${command}, STAT ${number})`, known.remedy);
}

/** The terminal answered ERRnnn: it does not know the command, or the secure session does not stand. */
export function errFault(command: string, stat: number): Fault {
  if (stat !== 10) return statFault(command, stat);
  return fault(
    'E_NOEXIST',
    'command-unknown',
    `the terminal does not know the command ${command} (ERR010)`,
    'Choose a profile whose terminal section fits this device',
  );
}

/** Short texts of every fault name of this room; a name of no table gives the general one. */
export function deviceText(faultName: string): ShortText {
  return BY_NAME.get(faultName) ?? GENERAL;
}

/** All fault names that have a short text. */
export function deviceFaultNames(): readonly string[] {
  return [...BY_NAME.keys()];
}

const GENERAL: ShortText = { zh: '终端错误', en: 'TERMINAL ERROR' };
