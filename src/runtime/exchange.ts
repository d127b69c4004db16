import { type Fault, fault } from '../fault.ts';
import type { ExchangeResult } from '../host/line.ts';
import { bodyOffset, requirementOf, sealFrame } from '../iso8583/frame.ts';
import { Status } from '../iso8583/status.ts';
import { macSteps, sameMac, type MacRule } from '../security/mac.ts';
import { type Sent, matchAnswer, meaningOf, type CodeMeaning, type NoAnswer } from '../transaction/answers.ts';
import { type Elements, encodeElements } from '../transaction/elements.ts';
import type { Progress } from '../terminal/types.ts';
import { messageRecord } from '../trace/record.ts';
import { fromHex } from '../wire/hex.ts';
import { overTerminal } from './keys.ts';
import { type Shop, wipeAnswer } from './shop.ts';
import { type Task, wait } from './task.ts';

const MAC_BYTES = 8;

/** A request that lies ready in the shop's buffer, MAC included. */
export interface Ready {
  readonly elements: Elements;
  readonly sent: Sent;
  /** Frame from 0 (TPDU, header, body) to here. */
  readonly length: number;
}

/** What came back. `answered` leaves the answer decoded in `shop.answer`; its bytes live until the next exchange. */
export type Outcome =
  | { readonly kind: 'answered'; readonly code: string; readonly meaning: CodeMeaning }
  | { readonly kind: 'notSent'; readonly fault: Fault }
  | { readonly kind: 'unknown'; readonly why: NoAnswer; readonly fault: Fault };

/**
 * Encodes a request and lets the terminal make its MAC. Nothing is sent and nothing is written down yet: a fault here
 * leaves no trace of the request anywhere.
 */
export function* prepare(shop: Shop, elements: Elements): Task<Ready | Fault> {
  const at = bodyOffset(framing(shop));
  const body = encodeElements(shop.builder, elements, shop.out, at);
  if ('cause' in body) return body;
  if (body.macOffset >= 0) {
    const mac = yield* overTerminal(
      shop,
      macSteps(macRule(shop), shop.out, body.start, body.macOffset, shop.out, body.macOffset),
    );
    if (!mac.ok) return mac.fault;
  }
  const { acquirer } = shop.profile;
  const tpdu = fromHex(acquirer.tpdu);
  const header = fromHex(acquirer.header);
  if (!tpdu.ok) return tpdu.fault;
  if (!header.ok) return header.fault;
  const length = sealFrame(framing(shop), shop.out, 0, body.end - body.start, tpdu.value, header.value);
  if (length < 0)
    return fault(
      'E_ILLEGAL',
      'pack-error',
      'the request is longer than a frame',
      'Nothing was sent. Check the profile',
    );
  const amount = elements.text.get(4);
  return {
    elements,
    length,
    sent: {
      mti: elements.mti,
      trace: elements.text.get(11) ?? '',
      terminalNo: elements.text.get(41) ?? '',
      merchantNo: elements.text.get(42) ?? '',
      processingCode: elements.text.get(3),
      amountMinor: amount === undefined ? undefined : Number(amount),
    },
  };
}

export interface SendOptions {
  /** Turns the seconds that are left into what the screen shows. */
  readonly progress: (secondsLeft: number) => Progress;
  readonly refund?: boolean;
  /** An open connection may be used: batch upload and management, never money. */
  readonly reuse?: boolean;
  /** Every code is an answer, also one that leaves the outcome of a transaction unknown: a reversal has its own rules. */
  readonly everyCode?: boolean;
  /**
   * A request that was sent before: 94 says that the first one was accepted, so its MAC must be right when it has one. A declined answer
   * may come without.
   */
  readonly repeat?: boolean;
  /** Called once when the connection stands, before the first byte goes. */
  readonly outgoing?: () => void;
}

/** Sends a ready request and waits for its answer: match, MAC, meaning of the code. Wipes the request afterwards. */
export function* send(shop: Shop, ready: Ready, options: SendOptions): Task<Outcome> {
  const { acquirer } = shop.profile;
  const answerTimeoutMs = acquirer.answerTimeoutSeconds * 1000;
  tellRequest(shop, ready.length);
  wipeAnswer(shop);
  const stopClock = countdown(shop, acquirer.answerTimeoutSeconds, options.progress);
  const waitsForMatch = acquirer.reversal.unmatched === 'wait';
  let undecodable = false;
  const result = yield* wait<ExchangeResult>(resume =>
    shop.host.exchange(
      shop.out,
      ready.length,
      {
        answerTimeoutMs,
        connectTimeoutMs: acquirer.connectTimeoutSeconds * 1000,
        reuse: options.reuse,
        outgoing: options.outgoing,
        accepts: (bytes, start, end) => {
          undecodable = !decode(shop, bytes, start, end);
          if (undecodable) return 'mismatch';
          const verdict = matchAnswer(ready.sent, shop.answer);
          return verdict === 'mismatch' && waitsForMatch ? 'drop' : verdict;
        },
      },
      resume,
    ),
  );
  stopClock();
  shop.out.fill(0, 0, ready.length);
  switch (result.kind) {
    case 'notSent':
      return { kind: 'notSent', fault: result.fault };
    case 'noAnswer':
      return { kind: 'unknown', why: result.why === 'timeout' ? 'timeout' : 'closed', fault: result.fault };
    case 'badFrame':
      return { kind: 'unknown', why: undecodable ? 'undecodable' : 'mismatch', fault: result.fault };
    case 'answer':
      break;
  }
  // The line judged a copy; decode the one that is ours to keep.
  shop.answerBytes = result.bytes;
  if (!decode(shop, result.bytes, result.start, result.end))
    return { kind: 'unknown', why: 'undecodable', fault: noCode('the answer could not be decoded') };
  const atMs = shop.hal.clock.nowMs();
  shop.messages?.(messageRecord('received', atMs, shop.plan, shop.answer));
  if (shop.frame.header >= 0 && requirementOf(result.bytes, shop.frame.header) === REQUIREMENT_SIGN_ON)
    shop.signOnAgain = true;
  // 0510 carries no response code: its flags are read by the settlement.
  if (!shop.answer.has(39)) {
    if (ready.sent.mti === 0x0500)
      return { kind: 'answered', code: '', meaning: meaningOf({ '': APPROVED }, '', false) };
    return { kind: 'unknown', why: 'mismatch', fault: noCode('the answer carries no response code (39)') };
  }
  const code = shop.answer.text(39);
  if (!RESPONSE_CODE.test(code))
    return { kind: 'unknown', why: 'mismatch', fault: noCode('the response code (39) is not two digits or capitals') };
  const meaning = meaningOf(shop.profile.responses, code, options.refund === true);
  const accepts = meaning.kind === 'approved' || (options.repeat === true && code === '94' && shop.answer.has(64));
  if (accepts && ready.elements.mac) {
    const right = yield* macRight(shop, result.bytes);
    if (right !== true) return { kind: 'unknown', why: 'badMac', fault: right };
  }
  if (meaning.kind === 'unknown' && options.everyCode !== true)
    return {
      kind: 'unknown',
      why: 'hostUnknown',
      fault: fault('E_EXTENDED', `code-${code}`, `the acquirer answered ${code}: ${meaning.en}`, 'Wait for the result'),
    };
  return { kind: 'answered', code, meaning };
}

function tellRequest(shop: Shop, length: number): void {
  // Read with and without somebody who asks: a session that was recorded is run again without.
  const atMs = shop.hal.clock.nowMs();
  if (!shop.messages || shop.traced.decode(shop.out, bodyOffset(framing(shop)), length) !== Status.ok) return;
  shop.messages(messageRecord('sent', atMs, shop.plan, shop.traced));
}

/** Form of data element 39: anything else is no answer that the books can hold. */
const RESPONSE_CODE = /^[0-9A-Z]{2}$/;
const REQUIREMENT_SIGN_ON = 3;
const APPROVED: CodeMeaning = { kind: 'approved', zh: '', en: '', actionZh: '', actionEn: '', class: 'ok' };

/** An approved answer must carry a right MAC over MTI up to the byte before data element 64. */
function* macRight(shop: Shop, bytes: Uint8Array): Task<true | Fault> {
  const wrong = (cause: string): Fault =>
    fault('E_EXTENDED', 'bad-mac', cause, 'Sign on again; if it comes back, call the acquirer');
  if (!shop.answer.has(64)) return wrong('the approved answer carries no MAC (64)');
  const at = shop.answer.offset(64);
  const expected = new Uint8Array(MAC_BYTES);
  const made = yield* overTerminal(shop, macSteps(macRule(shop), bytes, shop.frame.bodyStart, at, expected));
  if (!made.ok) return made.fault;
  return sameMac(bytes, at, expected, 0) ? true : wrong('the MAC of the answer is wrong');
}

function decode(shop: Shop, bytes: Uint8Array, start: number, end: number): boolean {
  const open = { ...framing(shop), length: false } as const;
  if (shop.frame.open(open, bytes, start, end) !== Status.ok) return false;
  return shop.answer.decode(bytes, shop.frame.bodyStart, shop.frame.bodyEnd) === Status.ok;
}

/** The 2-byte length belongs to the line; here a frame is TPDU, header and body. */
function framing(shop: Shop): { length: false; tpdu: boolean; header: boolean } {
  const { tpdu, header } = shop.plan.framing;
  return { length: false, tpdu, header };
}

/** UnionPay uses the left half of the MAK; X9.19 needs both. All send eight hex characters. */
function macRule(shop: Shop): MacRule {
  const kind = shop.profile.acquirer.macAlgorithm;
  return { kind, tail: 'hex', part: kind === 'x9.19' ? 'whole' : 'left' };
}

function noCode(cause: string): Fault {
  return fault('E_EXTENDED', 'bad-answer', cause, 'The outcome is not known; it is settled by reversal or inquiry');
}

/** Redraws the waiting screen every second until the returned function is called. */
export function countdown(shop: Shop, seconds: number, progress: (secondsLeft: number) => Progress): () => void {
  let left = seconds;
  let handle = 0;
  const tick = (): void => {
    shop.progress(progress(left));
    handle = shop.hal.timers.set(1000, () => {
      if (left > 0) left--;
      tick();
    });
  };
  tick();
  return () => shop.hal.timers.clear(handle);
}
