import { failed, fault, faultText, ok, type Fault, type Result } from '../../fault.ts';
import type { Clock, HostLink, Timers } from '../../hal/hal.ts';
import { type Acceptance, AcquirerLine } from '../../host/line.ts';
import { HEADER_LENGTH, TPDU_LENGTH } from '../../iso8583/frame.ts';
import { MessageView } from '../../iso8583/message-view.ts';
import type { FieldPlan } from '../../iso8583/plan.ts';
import { Status } from '../../iso8583/status.ts';
import { mtiText } from '../../iso8583/subfields.ts';
import { type Messages, Way } from '../../trace/kinds.ts';
import type { ReplayOptions } from '../../trace/replay-messages.ts';
import { answerOf, FreshRequests, MAC_FIELD, type FireKeys, type RecordedRequest } from './fresh.ts';
import { type Lang, ReplayExit } from './words.ts';

/** Requests that are sent in one run at most. */
export const REQUESTS_MAX = 20_000;
const ANSWER_MS = 30_000;
const CONNECT_MS = 10_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/i;
/** The field that no acquirer can open: the PIN was not recorded. */
const PIN_FIELD = 52;

/** Where the requests go. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host:port`. Only this computer is taken, unless a person says that it is a test acquirer; an address of the profile
 * never is. Faults: `acquirer-address`, `not-a-test-acquirer`, `production-acquirer`.
 */
export function targetOf(text: string, confirmed: boolean, routes: readonly string[]): Result<Target> {
  const match = /^(\[[0-9A-Fa-f:]+\]|[^:\s]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match === null || port < 1 || port > 65_535)
    return failed(
      fault('E_ILLEGAL', 'acquirer-address', `${text} is no address`, 'Give host:port, for example 127.0.0.1:8583'),
    );
  const host = match[1].replace(/^\[|\]$/g, '');
  if (LOOPBACK.test(host)) return ok({ host, port });
  if (routes.includes(text))
    return failed(
      fault(
        'E_ILLEGAL',
        'production-acquirer',
        `${text} is the acquirer of the profile: what is sent there is booked`,
        'Start a test acquirer: pos8583 sim acquirer',
      ),
    );
  if (confirmed) return ok({ host, port });
  return failed(
    fault(
      'E_ILLEGAL',
      'not-a-test-acquirer',
      `${host} is another computer: sales and refunds sent there may be booked`,
      'Give --yes-this-is-a-test-acquirer when it is one, or start one here: pos8583 sim acquirer',
    ),
  );
}

/** The requests of a capture in their order, each with the answer that was recorded. `more`: the bound was reached. */
export function collectRequests(
  messages: Messages,
  plan: FieldPlan,
  { fromNumber = 0, untilNumber = Infinity, fromUs = -Infinity, untilUs = Infinity }: ReplayOptions,
): { readonly requests: readonly RecordedRequest[]; readonly more: boolean } {
  const view = new MessageView(plan);
  const requests: RecordedRequest[] = [];
  const open = new Map<string, RecordedRequest>();
  const head = headLength(plan);
  while (messages.next()) {
    const { number, timeUs, bytes, from, to, way } = messages;
    if (number > untilNumber || timeUs > untilUs) break;
    if (from + head > to || view.decode(bytes, from + head, to) !== Status.ok) continue;
    const asks = (view.mti & 0x0010) === 0;
    if (asks && way !== Way.fromAcquirer) {
      if (number < fromNumber || timeUs < fromUs) continue;
      if (requests.length === REQUESTS_MAX) return { requests, more: true };
      const request: RecordedRequest = {
        number,
        timeUs,
        bytes: bytes.slice(from, to),
        mti: view.mti,
        stan: view.text(11),
      };
      requests.push(request);
      open.set(keyOf(view, view.mti), request);
    } else if (!asks) {
      const request = open.get(keyOf(view, view.mti & ~0x0010));
      if (request !== undefined && request.answer === undefined) request.answer = answerOf(view);
    }
  }
  return { requests, more: false };
}

/** What pairs an answer with its request: type, trace number, terminal. */
function keyOf(view: MessageView, mti: number): string {
  return `${mti} ${view.text(11)} ${view.text(41)}`;
}

/** True when a new MAC must be made for the request. */
export function hasMac({ bytes }: RecordedRequest, plan: FieldPlan): boolean {
  const view = new MessageView(plan);
  view.decode(bytes, headLength(plan), bytes.length);
  return view.has(MAC_FIELD);
}

export interface FireJob {
  readonly plan: FieldPlan;
  readonly requests: readonly RecordedRequest[];
  readonly keys: FireKeys | undefined;
  readonly perSecond: number;
  readonly lang: Lang;
  readonly json: boolean;
  readonly quiet: boolean;
}

export interface FireRim {
  readonly link: HostLink;
  readonly timers: Timers;
  readonly clock: Clock;
  print(text: string): void;
  printError(text: string): void;
}

/** What became of one request. */
interface Shot {
  readonly number: number;
  readonly mti: string;
  readonly stan: string;
  readonly code: string;
  /** Code of the recorded answer; undefined: none was recorded. */
  readonly recorded: string | undefined;
  readonly latencyMs: number;
  /** It left this computer. */
  readonly sent: boolean;
  readonly same: boolean;
  readonly fault?: string;
}

/** Sends the requests one after the other and compares the codes of the answers. Calls `done` once, with the exit status. */
export function fire(job: FireJob, rim: FireRim, done: (status: number) => void): void {
  new Firing(job, rim, done).next();
}

class Firing {
  private readonly job: FireJob;
  private readonly rim: FireRim;
  private readonly done: (status: number) => void;
  private readonly line: AcquirerLine;
  private readonly fresh: FreshRequests;
  private readonly view: MessageView;
  private readonly answer: MessageView;
  private readonly shots: Shot[] = [];
  private index = 0;

  constructor(job: FireJob, rim: FireRim, done: (status: number) => void) {
    this.job = job;
    this.rim = rim;
    this.done = done;
    this.line = new AcquirerLine(rim.link, rim.timers, 0);
    const { hour, minute, second } = rim.clock.local(rim.clock.nowMs());
    // Another run on the same day begins with other trace numbers.
    this.fresh = new FreshRequests(job.plan, job.keys, 1 + (((hour * 3600 + minute * 60 + second) * 11) % 900_000));
    this.view = new MessageView(job.plan);
    this.answer = new MessageView(job.plan);
  }

  next(): void {
    const request = this.job.requests[this.index];
    if (request === undefined) return this.finish();
    this.index++;
    const { rim, view, fresh } = this;
    view.decode(request.bytes, headLength(this.job.plan), request.bytes.length);
    const made = fresh.make(request, view, rim.clock.local(rim.clock.nowMs()));
    if (!made.ok) return this.told(request, { sent: false, fault: made.fault });
    const start = rim.clock.monotonicMs();
    const { stan } = fresh;
    const { bytes, length } = made.value;
    this.line.exchange(
      bytes,
      length,
      {
        answerTimeoutMs: ANSWER_MS,
        connectTimeoutMs: CONNECT_MS,
        accepts: (frame, from, to) => this.judge(request, stan, frame, from, to),
      },
      result => {
        const latencyMs = rim.clock.monotonicMs() - start;
        if (result.kind !== 'answer')
          return this.told(request, { sent: result.kind !== 'notSent', latencyMs, fault: result.fault });
        const { answer } = this;
        answer.decode(result.bytes, headLength(this.job.plan), result.end);
        fresh.learn(request, answer);
        const code = answer.text(39);
        result.bytes.fill(0);
        this.told(request, { sent: true, code, latencyMs });
      },
    );
  }

  private judge(request: RecordedRequest, stan: string, frame: Uint8Array, from: number, to: number): Acceptance {
    const { answer } = this;
    if (answer.decode(frame, from + headLength(this.job.plan), to) !== Status.ok) return 'drop';
    return answer.mti === (request.mti | 0x0010) && (!answer.has(11) || answer.text(11) === stan) ? 'match' : 'drop';
  }

  private told(
    request: RecordedRequest,
    {
      sent,
      code = '',
      latencyMs = 0,
      fault: problem,
    }: { sent: boolean; code?: string; latencyMs?: number; fault?: Fault },
  ): void {
    const { job, rim, fresh } = this;
    const recorded = request.answer?.code;
    const shot: Shot = {
      number: request.number,
      mti: mtiText(request.mti),
      stan: fresh.stan,
      code,
      recorded,
      latencyMs,
      sent,
      // A request whose answer got lost in the recording has nothing to be compared with.
      same: problem === undefined && (recorded === undefined || recorded === code),
      ...(problem ? { fault: faultText(problem) } : {}),
    };
    this.shots.push(shot);
    if (!job.json && (!job.quiet || !shot.same)) rim.print(shotText(shot, job.lang));
    rim.timers.set(Math.max(0, 1000 / job.perSecond - latencyMs), () => this.next());
  }

  private finish(): void {
    const { job, rim, shots } = this;
    this.line.close();
    const different = shots.filter(shot => !shot.same).length;
    const times = shots.map(shot => shot.latencyMs).sort((a, b) => a - b);
    const medianMs = times[times.length >> 1] ?? 0;
    const pins = job.keys?.testPin ? 0 : job.requests.filter(request => this.hasPin(request)).length;
    const sent = shots.filter(shot => shot.sent).length;
    if (job.json) rim.print(JSON.stringify({ sent, different, medianMs, withoutPin: pins, shots }, undefined, 2));
    else rim.print(sumText(sent, different, medianMs, pins, job.lang));
    this.done(different === 0 ? ReplayExit.equal : ReplayExit.different);
  }

  private hasPin(request: RecordedRequest): boolean {
    this.view.decode(request.bytes, headLength(this.job.plan), request.bytes.length);
    return this.view.has(PIN_FIELD);
  }
}

function headLength({ framing }: FieldPlan): number {
  return (framing.tpdu ? TPDU_LENGTH : 0) + (framing.header ? HEADER_LENGTH : 0);
}

function shotText({ number, mti, stan, code, recorded, latencyMs, same, fault: why }: Shot, lang: Lang): string {
  const zh = lang === 'zh';
  const was =
    recorded === undefined ? (zh ? '原无应答' : 'no answer recorded') : `${zh ? '原' : 'recorded'} ${recorded || '--'}`;
  const head = `${String(number).padStart(6)}  ${mti}  ${zh ? '跟踪号' : 'trace'} ${stan || '------'}`;
  if (why !== undefined) return `${head}  ${why}`;
  const verdict = same ? '' : zh ? '  不一致' : '  DIFFERENT';
  return `${head}  ${code || '--'} (${was})  ${latencyMs} ms${verdict}`;
}

function sumText(sent: number, different: number, medianMs: number, pins: number, lang: Lang): string {
  if (lang === 'zh')
    return `已发送 ${sent} 条, ${different} 条应答码不同, 应答时间中位数 ${medianMs} ms${pins > 0 ? `\n其中 ${pins} 条的PIN只是标记: 校验PIN的收单会拒绝 (--test-pin)` : ''}`;
  return `${sent} sent, ${different} with another code than recorded, median ${medianMs} ms${pins > 0 ? `\n${pins} of them carry a mark in place of a PIN: an acquirer that checks it refuses them (see --test-pin)` : ''}`;
}
