import type { Name } from './source.ts';

/** What the four digits of a message type say; undefined where the standard reserves the digit. */
export interface MtiWords {
  /** Digit 1: the edition of ISO 8583 whose fields the message has. */
  readonly version: Name | undefined;
  /** Digit 2: what it is about. */
  readonly class: Name | undefined;
  /** Digit 3: request, answer, advice, … */
  readonly function: Name | undefined;
  /** Digit 4: who began the exchange, and whether this is a repeat. */
  readonly origin: Name | undefined;
}

const VERSION: Readonly<Record<string, Name>> = {
  '0': { zh: 'ISO 8583:1987', en: 'ISO 8583:1987' },
  '1': { zh: 'ISO 8583:1993', en: 'ISO 8583:1993' },
  '2': { zh: 'ISO 8583:2003', en: 'ISO 8583:2003' },
  '8': { zh: '国家标准', en: 'national' },
  '9': { zh: '自定义', en: 'private' },
};
const CLASS: Readonly<Record<string, Name>> = {
  '1': { zh: '授权', en: 'authorisation' },
  '2': { zh: '金融', en: 'financial' },
  '3': { zh: '文件处理', en: 'file action' },
  '4': { zh: '冲正', en: 'reversal' },
  '5': { zh: '对账', en: 'reconciliation' },
  '6': { zh: '管理', en: 'administrative' },
  '7': { zh: '收费', en: 'fee collection' },
  '8': { zh: '网络管理', en: 'network management' },
};
const FUNCTION: Readonly<Record<string, Name>> = {
  '0': { zh: '请求', en: 'request' },
  '1': { zh: '应答', en: 'response' },
  '2': { zh: '通知', en: 'advice' },
  '3': { zh: '通知应答', en: 'advice response' },
  '4': { zh: '告知', en: 'notification' },
  '5': { zh: '告知确认', en: 'notification acknowledgement' },
  '6': { zh: '指令', en: 'instruction' },
  '7': { zh: '指令确认', en: 'instruction acknowledgement' },
};
const ORIGIN: Readonly<Record<string, Name>> = {
  '0': { zh: '受理方', en: 'acquirer' },
  '1': { zh: '受理方重发', en: 'acquirer, repeat' },
  '2': { zh: '发卡方', en: 'issuer' },
  '3': { zh: '发卡方重发', en: 'issuer, repeat' },
  '4': { zh: '其他', en: 'other' },
  '5': { zh: '其他方重发', en: 'other, repeat' },
};

const MTI = /^\d{4}$/;

/** Words for the digits of a message type such as `0210`. */
export function describeMti(mti: string): MtiWords {
  return {
    version: VERSION[mti.charAt(0)],
    class: CLASS[mti.charAt(1)],
    function: FUNCTION[mti.charAt(2)],
    origin: ORIGIN[mti.charAt(3)],
  };
}

/**
 * Message type of the answer: `0200` → `0210`, `0220` → `0230`, and of a repeat that of the first sending: `0201` → `0210`.
 * Undefined when nothing is answered with it (`0210`) or it is no message type.
 */
export function responseMti(mti: string): string | undefined {
  const [version, about, what, origin] = digitsOf(mti);
  if (what === undefined || what > 7 || what % 2 === 1) return undefined;
  return `${version}${about}${what + 1}${origin - (origin % 2)}`;
}

/** Message type of a repeat: `0200` → `0201`; a repeat stays one. Undefined when it is no message type. */
export function repeatMti(mti: string): string | undefined {
  const [version, about, what, origin] = digitsOf(mti);
  return what === undefined ? undefined : `${version}${about}${what}${origin - (origin % 2) + 1}`;
}

/** Message type of the reversal of a request or an advice: `0200` and `0220` → `0400`; `0420` with `advice`. */
export function reversalMti(mti: string, advice = false): string | undefined {
  const [version, , what, origin] = digitsOf(mti);
  if (what !== 0 && what !== 2) return undefined;
  return `${version}4${advice ? 2 : 0}${origin - (origin % 2)}`;
}

function digitsOf(mti: string): readonly number[] {
  return MTI.test(mti) ? [...mti].map(Number) : [];
}
