import { createSecretKey, type KeyObject } from 'node:crypto';
import { assert } from '../../assert.ts';
import type { Entropy, LocalTime } from '../../hal/hal.ts';
import { bodyOffset, FrameView, HEADER_LENGTH, sealFrame, swapTpdu, TPDU_LENGTH } from '../../iso8583/frame.ts';
import { MessageBuilder } from '../../iso8583/message-builder.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import type { FieldPlan } from '../../iso8583/plan.ts';
import { Status, StatusText } from '../../iso8583/status.ts';
import { FRAME_LENGTH_MAX } from '../../limits.ts';
import { MAC_LENGTH, type MacRule, macSteps, sameMac, UNIONPAY_MAC } from '../../security/mac.ts';
import { AMOUNT_MINOR_MAX, digits, formatAmount } from '../../units.ts';
import { KeyRing, runWithSoftwareKeys } from '../keys.ts';
import { type Desk, hhmmss, mmdd } from './desk.ts';
import { type Effect, effectOfAmount } from './effects.ts';
import { type Decision, handleAcknowledged, handleFinancial, handleReversal, isApproval } from './finance.ts';
import type { Ledger, TerminalRow } from './ledger.ts';
import { handleInquiry } from './inquiry.ts';
import { isQr } from './qr.ts';
import {
  answerable,
  carriesMac,
  isFinancial,
  isFinancialRequest,
  missingField,
  readRequest,
  type Request,
} from './request.ts';
import { type FaultRule, FaultRules } from './rules.ts';
import { FIRST_BATCH, handleNetwork, signOff, signOn } from './session.ts';
import { handleBatchEnd, handleSettle, handleUpload } from './settlement.ts';

/** A registered terminal: TID of field 41, MID of field 42. */
export interface Registration {
  readonly tid: string;
  readonly mid: string;
}

export const DEFAULT_TERMINAL: Registration = { tid: '10000001', mid: '898310148160001' };
/** The master key that terminals have out of the box: the published test key, 16 bytes of 11h. */
export const DEFAULT_MASTER_KEY_HEX = '11'.repeat(16);

export interface AcquirerOptions {
  /** Compiled dialect. */
  readonly plan: FieldPlan;
  /** The books; the caller opens and closes their database. */
  readonly ledger: Ledger;
  /** Source of working keys and authorisation codes. */
  readonly entropy: Entropy;
  /** Calendar time of a wall-clock value. */
  readonly local: (ms: number) => LocalTime;
  /** Terminal master key, 16 bytes. */
  readonly masterKey: Uint8Array;
  /** Terminals that may trade; `any` takes all with 8 letters and digits. */
  readonly terminals: readonly Registration[] | 'any';
  readonly rules?: readonly FaultRule[];
  /** MAC of the dialect; UnionPay's own when left out. */
  readonly mac?: MacRule;
  /** One line a message, without card data. */
  readonly log?: (line: string) => void;
}

export interface TimedAnswer {
  /** From the arrival of the request. */
  readonly delayMs: number;
  /** A whole frame, or its first half. */
  readonly bytes: Uint8Array;
}

export interface Reply {
  readonly answers: readonly TimedAnswer[];
  /** Close the connection when all answers are out. */
  readonly close?: boolean;
}

const NO_ANSWER: Reply = { answers: [] };
const TOKEN_KEY = 'tokenKey';
/** The last field of an answer: its MAC. */
const FIELD_LAST = 64;

/**
 * A UnionPay acquirer and issuer in one, without sockets, clock or chance of its own: frames in, frames out, everything that happened in
 * the ledger before the answer is handed over. The same seed and the same requests give the same history.
 */
export class Acquirer {
  private readonly options: AcquirerOptions;
  private readonly rules: FaultRules | undefined;
  private readonly frame = new FrameView();
  private readonly view: MessageView;
  /** Answers are made here; what leaves is a copy. */
  private readonly builder: MessageBuilder;
  private readonly out = new Uint8Array(FRAME_LENGTH_MAX);
  private readonly tokenKey: KeyObject;
  private readonly keys: KeyRing;
  /** Answers that wait for the next message of their terminal, by terminal number. */
  private readonly keptAnswers = new Map<string, Uint8Array[]>();
  /** Requests that their terminal's next message overtakes, by terminal number. */
  private readonly overtaken = new Map<string, { readonly bytes: Uint8Array; readonly effect: Effect }[]>();

  constructor(options: AcquirerOptions) {
    assert(options.masterKey.length === 16, 'the master key has 16 bytes');
    this.options = options;
    this.rules = options.rules && new FaultRules(options.rules);
    this.view = new MessageView(options.plan);
    this.builder = new MessageBuilder(options.plan);
    this.keys = new KeyRing(options.masterKey);
    const { ledger, entropy } = options;
    let tokenKey = ledger.setting(TOKEN_KEY);
    if (tokenKey === undefined) {
      tokenKey = new Uint8Array(32);
      entropy.fill(tokenKey);
      ledger.putSetting(TOKEN_KEY, tokenKey);
    }
    this.tokenKey = createSecretKey(tokenKey);
  }

  /**
   * Handles one frame (as on the line, with its length). Never throws for what came in: bytes that are no message are dropped and logged,
   * damaged messages of a known terminal are answered 30. `effect` goes before rules and amounts.
   */
  handle(bytes: Uint8Array, nowMs: number, effect?: Effect): Reply {
    const now = this.options.local(nowMs);
    const request = this.read(bytes, now);
    if (request === undefined) return NO_ANSWER;
    const wanted = effect ?? this.effectOf(request);
    this.logRequest(now, request);
    const { tid } = request;
    if (wanted.overtaken === true) {
      add(this.overtaken, tid, { bytes: bytes.slice(), effect: wanted });
      return this.without(now, 'on its way, to be overtaken', false);
    }
    const late = this.overtaken.get(tid) ?? [];
    this.overtaken.delete(tid);
    const reply = this.handleNow(bytes, nowMs, now, request, wanted);
    for (const one of late) this.handleOvertaken(one.bytes, nowMs, now, one.effect);
    return reply;
  }

  /** Decodes one frame into the view; undefined for what is no request. */
  private read(bytes: Uint8Array, now: LocalTime): Request | undefined {
    const opened = this.frame.open(this.options.plan.framing, bytes, 0, bytes.length);
    if (opened !== 0) return this.drop(now, opened, 0, this.frame.errorOffset);
    this.view.decode(bytes, this.frame.bodyStart, this.frame.bodyEnd);
    const request = readRequest(this.view);
    if (!answerable(request)) return this.drop(now, request.status, this.view.errorField, this.view.errorOffset);
    if (!isRequest(request.mti)) return this.drop(now, Status.mti, 0, this.view.start);
    return request;
  }

  /** A request that the terminal's next message overtook arrives; nobody waits for its answer any more. */
  private handleOvertaken(bytes: Uint8Array, nowMs: number, now: LocalTime, effect: Effect): void {
    const request = this.read(bytes, now);
    assert(request !== undefined, 'an overtaken request was read before');
    this.logRequest(now, request);
    if (effect.bookAnyway === true)
      this.options.ledger.dropTombstone(request.tid, request.mid, request.batch, request.trace);
    this.handleNow(bytes, nowMs, now, request, { ...effect, silent: true });
  }

  private handleNow(bytes: Uint8Array, nowMs: number, now: LocalTime, request: Request, wanted: Effect): Reply {
    const { ledger } = this.options;
    if (wanted.closeBefore === true) return this.without(now, 'connection closed, nothing booked', true);
    const desk: Desk = {
      ledger,
      entropy: this.options.entropy,
      nowMs,
      now,
      keys: this.keys,
      tokenKey: this.tokenKey,
    };
    const { decision, terminal } = ledger.atomic(
      () => this.decide(desk, request, wanted),
      () => wanted.bookNot !== true,
    );
    const effect = wanted.amount === true && !isApproval(decision.code ?? '') ? {} : wanted;
    this.logDecision(now, request, decision, effect);
    if (effect.silent === true) return this.without(now, 'no answer', false);
    if (effect.closeAfter === true) return this.without(now, 'connection closed without an answer', true);
    return this.reply(request.tid, this.encode(desk, request, decision, effect, terminal, bytes), effect);
  }

  private effectOf(request: Request): Effect {
    const { mti, type60, info60, amountMinor, trace, tid } = request;
    return (
      this.rules?.effectOf({ mti: digits16(mti), type60, info60, amountMinor, trace, tid }) ??
      effectOfAmount(request.word, amountMinor, isQr(request))
    );
  }

  private decide(
    desk: Desk,
    request: Request,
    effect: Effect,
  ): { decision: Decision; terminal: TerminalRow | undefined } {
    const refuse = (code: string, note: string): Decision =>
      request.word === 'settle' && effect.onlyCode !== true
        ? handleSettle(desk, request, note)
        : { code, fields: this.echoed(request), note };
    const unknown = this.unregistered(request);
    if (unknown !== '')
      return {
        decision: refuse(
          unknown,
          unknown === '97' ? 'terminal is not registered' : 'merchant does not belong to the terminal',
        ),
        terminal: undefined,
      };
    const terminal = desk.ledger.terminal(request.tid, request.mid) ?? this.newTerminal(desk, request);
    return { decision: this.decideFor(desk, request, effect, terminal, refuse), terminal };
  }

  private decideFor(
    desk: Desk,
    request: Request,
    effect: Effect,
    terminal: TerminalRow,
    refuse: (code: string, note: string) => Decision,
  ): Decision {
    const { word } = request;
    if (request.status !== 0) return refuse('30', `field ${this.view.errorField}: ${StatusText[request.status].en}`);
    const trades = carriesMac(request) || request.mti === 0x0500 || request.mti === 0x0320;
    if (trades && terminal.signedOn !== 1) return refuse('A0', 'not signed on');
    if (carriesMac(request) && !this.macMatches(desk, terminal))
      return refuse('A0', request.view.has(64) ? 'MAC is wrong' : 'MAC is absent');
    const missing = missingField(request);
    if (missing !== 0) return refuse('30', `field ${missing} is absent`);
    if (
      isFinancial(word) ||
      word === 'settle' ||
      word === 'detail' ||
      word === 'certificate' ||
      word === 'failed' ||
      word === 'notice'
    ) {
      if (request.batch !== digits(terminal.batch, 6)) return refuse('77', `batch is ${terminal.batch}`);
    }
    if (isFinancialRequest(request)) return handleFinancial(desk, request, terminal, effect);
    if (effect.code !== undefined && !isApproval(effect.code)) return refuse(effect.code, 'on purpose');
    switch (word) {
      case 'reversal':
        return handleReversal(desk, request);
      case 'inquiry':
        return handleInquiry(desk, request);
      case 'script':
      case 'signature':
        return handleAcknowledged(desk, request);
      case 'signOn':
        return signOn(desk, request, terminal);
      case 'signOff':
        return signOff(desk, terminal);
      case 'settle':
        return handleSettle(desk, request, '');
      case 'detail':
      case 'certificate':
      case 'failed':
      case 'notice':
        return handleUpload(desk, request);
      case 'batchEnd':
        return handleBatchEnd(desk, request, terminal);
      case 'unsupported':
        return refuse('40', 'this acquirer does not know the transaction');
      default:
        return handleNetwork(desk, request);
    }
  }

  /** `97` unknown terminal, `03` unknown merchant, empty when registered. */
  private unregistered(request: Request): '' | '97' | '03' {
    const { terminals } = this.options;
    if (terminals === 'any') return /^[0-9A-Za-z]{8}$/.test(request.tid) ? '' : '97';
    if (!terminals.some(terminal => terminal.tid === request.tid)) return '97';
    return terminals.some(terminal => terminal.tid === request.tid && terminal.mid === request.mid) ? '' : '03';
  }

  private newTerminal(desk: Desk, request: Request): TerminalRow {
    const empty = new Uint8Array(0);
    const row: TerminalRow = {
      tid: request.tid,
      mid: request.mid,
      batch: FIRST_BATCH,
      signedOn: 0,
      mode: '',
      pik: empty,
      mak: empty,
      tdk: empty,
    };
    desk.ledger.putTerminal(row);
    return row;
  }

  /** What a refusal repeats of the request, beside the fields that every answer has. */
  private echoed(request: Request): Record<string, string> {
    const fields: Record<string, string> = {};
    if (request.mti === 0x0800 || request.mti === 0x0820) return fields;
    for (const field of [2, 3, 4, 25, 49])
      if (request.view.has(field)) fields[String(field)] = request.view.text(field);
    return fields;
  }

  private macMatches(desk: Desk, terminal: TerminalRow): boolean {
    const at = this.view.offset(64);
    if (at < 0) return false;
    const expected = new Uint8Array(MAC_LENGTH);
    this.writeMac(desk, terminal, this.view.message, this.view.start, at, expected, 0);
    return sameMac(expected, 0, this.view.message, at);
  }

  private writeMac(
    desk: Desk,
    terminal: TerminalRow,
    data: Uint8Array,
    start: number,
    end: number,
    out: Uint8Array,
    at: number,
  ): void {
    const mak = desk.keys.unwrap(terminal.mak);
    runWithSoftwareKeys(macSteps(this.options.mac ?? UNIONPAY_MAC, data, start, end, out, at), step => mak.step(step));
  }

  private encode(
    desk: Desk,
    request: Request,
    decision: Decision,
    effect: Effect,
    terminal: TerminalRow | undefined,
    bytes: Uint8Array,
  ): Uint8Array {
    const { plan } = this.options;
    const fields: Record<string, string> = {
      '12': hhmmss(desk.now),
      '13': mmdd(desk.now),
      '41': request.tid,
      '42': request.mid,
    };
    if (request.trace !== '') fields['11'] = request.trace;
    if (request.view.has(60)) fields['60'] = request.view.text(60);
    // Names that are numbers make `Object.assign` slow.
    for (let field = 2; field <= FIELD_LAST; field++)
      if (decision.fields[field] !== undefined) fields[field] = decision.fields[field];
    if (decision.code !== undefined) {
      const overridden =
        effect.code !== undefined && isApproval(effect.code) && decision.code === '00' ? effect.code : decision.code;
      fields['39'] = isFinancial(request.word) ? decision.code : overridden;
    }
    if (effect.wrongAmount === true && fields['4'] !== undefined)
      fields['4'] = digits((Number(fields['4']) + 1) % AMOUNT_MINOR_MAX, 12);
    if (effect.wrongTrace === true && fields['11'] !== undefined)
      fields['11'] = digits((Number(fields['11']) % 999_999) + 1, 6);
    const keyed = terminal !== undefined && terminal.mak.length > 0 && terminal.signedOn === 1;
    if (carriesMac(request) && keyed) fields['64'] = '00'.repeat(MAC_LENGTH);

    const { out } = this;
    const bodyAt = bodyOffset(plan.framing);
    const { builder } = this;
    builder.begin(out, bodyAt, request.mti + 0x10);
    for (let field = 2; field <= FIELD_LAST; field++)
      if (fields[field] !== undefined) builder.value(field, fields[field]);
    const end = builder.finish();
    assert(end > 0, `an answer of the virtual acquirer encodes: field ${builder.errorField}`);
    if (terminal !== undefined && fields['64'] !== undefined) {
      const macAt = end - MAC_LENGTH;
      this.writeMac(desk, terminal, out, bodyAt, macAt, out, macAt);
      if (effect.badMac === true) out[macAt] = out[macAt] === 0x30 ? 0x31 : 0x30;
    }
    const tpdu = this.frame.tpdu < 0 ? new Uint8Array(0) : bytes.slice(this.frame.tpdu, this.frame.tpdu + TPDU_LENGTH);
    const header =
      this.frame.header < 0 ? new Uint8Array(0) : bytes.slice(this.frame.header, this.frame.header + HEADER_LENGTH);
    if (tpdu.length > 0) swapTpdu(tpdu, 0);
    if (header.length > 0) header[2] = (header[2] & 0xf0) | (effect.requirement ?? 0);
    const frameEnd = sealFrame(plan.framing, out, 0, end - bodyAt, tpdu, header);
    assert(frameEnd > 0, 'an answer of the virtual acquirer fits its frame');
    const answer = out.slice(0, frameEnd);
    out.fill(0, 0, frameEnd);
    return answer;
  }

  private reply(tid: string, bytes: Uint8Array, effect: Effect): Reply {
    const delayMs = effect.delayMs ?? 0;
    if (effect.withNext === true) {
      add(this.keptAnswers, tid, bytes);
      return effect.twice === true ? { answers: [{ delayMs, bytes }] } : NO_ANSWER;
    }
    const kept = (this.keptAnswers.get(tid) ?? []).map(late => ({ delayMs, bytes: late }));
    this.keptAnswers.delete(tid);
    if (effect.closeMidAnswer === true)
      return { answers: [...kept, { delayMs, bytes: bytes.slice(0, bytes.length >> 1) }], close: true };
    const answer = { delayMs, bytes };
    return { answers: effect.twice === true ? [...kept, answer, answer] : [...kept, answer] };
  }

  private drop(now: LocalTime, status: number, field: number, offset: number): undefined {
    this.log(now, `-> dropped: ${StatusText[status].en} (field ${field}, byte ${offset})`);
    return undefined;
  }

  private without(now: LocalTime, what: string, close: boolean): Reply {
    this.log(now, `<- ${what}`);
    return close ? { answers: [], close } : NO_ANSWER;
  }

  private logRequest(now: LocalTime, request: Request): void {
    if (this.options.log === undefined) return;
    const { word, mti, tid, trace, batch, info60, amountMinor } = request;
    const parts = [`-> ${digits16(mti)} ${word}`, tid];
    if (trace !== '') parts.push(`trace ${trace}`);
    parts.push(`batch ${batch}`);
    if (info60 !== '000') parts.push(`60.3 ${info60}`);
    if (amountMinor >= 0) parts.push(formatAmount(amountMinor));
    this.log(now, parts.join(' '));
  }

  private logDecision(now: LocalTime, request: Request, decision: Decision, effect: Effect): void {
    if (this.options.log === undefined) return;
    for (const remark of decision.remarks ?? []) this.log(now, `!! ${remark}`);
    const parts = [`<- ${digits16(request.mti + 0x10)} ${request.word}`];
    if (request.trace !== '') parts.push(`trace ${request.trace}`);
    parts.push(decision.code === undefined ? 'totals' : `code ${decision.code}`, `(${decision.note})`);
    if (decision.masked !== undefined && decision.masked !== '') parts.push(decision.masked);
    if (decision.fields['4'] !== undefined) parts.push(formatAmount(Number(decision.fields['4'])));
    const names = Object.keys(effect).filter(name => name !== 'code' && name !== 'once' && name !== 'amount');
    if (names.length > 0) parts.push(`[${names.join(' ')}]`);
    this.log(now, parts.join(' '));
  }

  private log(now: LocalTime, line: string): void {
    this.options.log?.(`${digits(now.hour, 2)}:${digits(now.minute, 2)}:${digits(now.second, 2)} ${line}`);
  }
}

function add<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list) list.push(item);
  else lists.set(key, [item]);
}

/** Requests have an even third digit; the answer to one has the next. */
function isRequest(mti: number): boolean {
  return (mti & 0x10) === 0;
}

/** 0x0210 → `0210`. */
function digits16(mti: number): string {
  return mti.toString(16).padStart(4, '0');
}
