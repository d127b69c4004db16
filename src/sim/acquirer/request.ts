import type { MessageView } from '../../iso8583/message-view.ts';
import { Status } from '../../iso8583/status.ts';

/** What a request wants, told by its message type, field 3 and field 60. */
export type Word =
  | 'sale'
  | 'void'
  | 'refund'
  | 'balance'
  | 'inquiry'
  | 'reversal'
  | 'script'
  | 'signature'
  | 'signOn'
  | 'signOff'
  | 'echo'
  | 'query'
  | 'download'
  | 'downloadEnd'
  | 'status'
  | 'settle'
  | 'detail'
  | 'certificate'
  | 'failed'
  | 'notice'
  | 'batchEnd'
  | 'unsupported';

export interface Request {
  readonly word: Word;
  readonly view: MessageView;
  readonly mti: number;
  /** Six digits, empty when field 11 is absent. */
  readonly trace: string;
  readonly tid: string;
  readonly mid: string;
  /** Minor units, -1 when field 4 is absent. */
  readonly amountMinor: number;
  /** 60.1, 60.2, 60.3; empty when field 60 is shorter. */
  readonly type60: string;
  readonly batch: string;
  readonly info60: string;
  /** Codec status: 0, or why the message could be read only in part. */
  readonly status: number;
}

/** Kinds of transactions that are booked, and the balance inquiry. */
export type FinancialWord = 'sale' | 'void' | 'refund' | 'balance';
export type FinancialRequest = Request & { readonly word: FinancialWord };

export function isFinancial(word: Word): word is FinancialWord {
  return word === 'sale' || word === 'void' || word === 'refund' || word === 'balance';
}

export function isFinancialRequest(request: Request): request is FinancialRequest {
  return isFinancial(request.word);
}

/** Words whose requests carry a MAC: financial ones, inquiries, reversals, script results, electronic signatures. */
export function carriesMac(request: Request): boolean {
  const { word, mti } = request;
  return (
    isFinancial(word) ||
    word === 'reversal' ||
    word === 'inquiry' ||
    word === 'script' ||
    word === 'signature' ||
    (word === 'unsupported' && mti < 0x0300)
  );
}

/** Fields without which a request is answered 30 (format). */
export const MANDATORY: Readonly<Partial<Record<Word, readonly number[]>>> = {
  sale: [3, 4, 11, 22, 25, 41, 42, 49, 60, 64],
  void: [3, 4, 11, 22, 25, 37, 41, 42, 49, 60, 61, 64],
  refund: [3, 4, 11, 22, 25, 37, 41, 42, 49, 60, 61, 63, 64],
  inquiry: [3, 11, 22, 25, 41, 42, 49, 60, 61, 64],
  balance: [3, 11, 22, 25, 41, 42, 49, 60, 64],
  reversal: [3, 4, 11, 22, 25, 39, 41, 42, 49, 60, 64],
  script: [3, 11, 22, 25, 37, 41, 42, 49, 60, 61, 64],
  signature: [11, 41, 42, 60, 62, 64],
  signOn: [11, 41, 42, 60, 63],
  signOff: [11, 41, 42, 60],
  echo: [41, 42, 60],
  query: [41, 42, 60],
  download: [41, 42, 60],
  downloadEnd: [41, 42, 60],
  status: [41, 42, 60],
  settle: [11, 41, 42, 48, 49, 60, 63],
  detail: [11, 41, 42, 48, 60],
  certificate: [2, 4, 11, 22, 41, 42, 55, 60, 62],
  failed: [2, 4, 11, 22, 41, 42, 55, 60, 62],
  notice: [3, 4, 11, 22, 25, 37, 41, 42, 49, 60, 61, 63],
  batchEnd: [11, 41, 42, 48, 60],
};

/** Reads the words of a decoded message. The view must stay as it is while the request is used. */
export function readRequest(view: MessageView): Request {
  const private60 = view.text(60);
  const type60 = private60.slice(0, 2);
  const info60 = private60.slice(8, 11);
  return {
    word: wordOf(view, type60, info60),
    view,
    mti: view.mti,
    trace: view.text(11),
    tid: view.text(41),
    mid: view.text(42),
    amountMinor: view.amountMinor(4),
    type60,
    batch: private60.slice(2, 8),
    info60,
    status: view.status,
  };
}

/** First mandatory field that is absent, 0 when all are there. */
export function missingField(request: Request): number {
  for (const field of MANDATORY[request.word] ?? [11, 41, 42, 60]) if (!request.view.has(field)) return field;
  return 0;
}

/** True when so much of a damaged message was read that it can be answered: the terminal and the field that is wrong come later. */
export function answerable(request: Request): boolean {
  return (
    request.status === Status.ok ||
    (request.view.has(41) && request.view.has(42) && (request.view.has(11) || !request.view.announced(11)))
  );
}

function wordOf(view: MessageView, type60: string, info60: string): Word {
  const processing = view.text(3);
  switch (view.mti) {
    case 0x0200:
      if (type60 === '22' && processing === '000000') return 'sale';
      if (type60 === '23' && processing === '200000') return 'void';
      if (type60 === '01' && processing === '310000') return 'balance';
      if (type60 === '61' && processing === '310000') return 'inquiry';
      return 'unsupported';
    case 0x0220:
      return type60 === '25' && processing === '200000' ? 'refund' : 'unsupported';
    case 0x0400:
      return 'reversal';
    case 0x0620:
      return 'script';
    case 0x0500:
      return 'settle';
    case 0x0320:
      return batchWord(type60, info60);
    case 0x0800:
      return networkWord(info60);
    case 0x0820:
      return noticeWord(info60);
    default:
      return 'unsupported';
  }
}

function batchWord(type60: string, info60: string): Word {
  if (type60 !== '00') return info60 === '000' ? 'notice' : 'unsupported';
  switch (info60) {
    case '201':
      return 'detail';
    case '203':
    case '205':
      return 'certificate';
    case '204':
    case '206':
      return 'failed';
    case '202':
    case '207':
      return 'batchEnd';
    default:
      return 'unsupported';
  }
}

function networkWord(info60: string): Word {
  switch (info60) {
    case '001':
    case '003':
    case '004':
      return 'signOn';
    case '360':
    case '364':
    case '370':
    case '380':
    case '390':
    case '394':
    case '396':
    case '398':
      return 'download';
    case '361':
    case '365':
    case '371':
    case '381':
    case '391':
    case '395':
    case '397':
    case '399':
      return 'downloadEnd';
    default:
      return 'unsupported';
  }
}

function noticeWord(info60: string): Word {
  switch (info60) {
    case '002':
      return 'signOff';
    case '301':
      return 'echo';
    case '362':
      return 'status';
    case '372':
    case '373':
    case '382':
      return 'query';
    case '800':
      return 'signature';
    default:
      return 'unsupported';
  }
}
