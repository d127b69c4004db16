import type { Clock } from '../../hal/hal.ts';
import type { Messages } from '../../trace/kinds.ts';
import { MessageReplay, type ReplayOptions } from '../../trace/replay-messages.ts';
import { detectMessage } from '../../iso8583/detect.ts';
import type { FieldPlan } from '../../iso8583/plan.ts';
import { Status } from '../../iso8583/status.ts';
import type { Console } from '../../node/console.ts';
import type { Zone } from '../trace/zone.ts';
import { ReplayProgress } from './progress.ts';
import { momentText } from './range.ts';
import { type Lang, ReplayExit, WORDS } from './words.ts';

/** Messages between two looks at the clock. */
const BATCH = 8192;
const TROUBLES_TOLD = 5;

export interface MessageReplayJob {
  readonly messages: Messages;
  readonly plan: FieldPlan;
  readonly options: ReplayOptions;
  /** Bytes of the capture, when they are known. */
  readonly size: number | undefined;
  /** No choice of the dialect was made: others may be looked for. */
  readonly detects: boolean;
  /** Times are told as the clock there shows them. */
  readonly zone: Zone;
  readonly lang: Lang;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** Replays the messages and prints what came out. Returns the exit status, or undefined when there was not one message. */
export function replayMessages(job: MessageReplayJob, console: Console, clock: Clock): number | undefined {
  const { messages } = job;
  const replay = new MessageReplay(job.plan, job.options);
  const progress = new ReplayProgress(console, job.lang, job.quiet);
  const start = clock.monotonicMs();
  const seconds = (): number => (clock.monotonicMs() - start) / 1000;
  while (replay.run(messages, BATCH))
    progress.show({ offset: messages.offset, size: job.size, messages: replay.messages, seconds: seconds() });
  progress.end();
  const hint = job.detects ? hintOf(replay.firstUndecodable, job.plan) : '';
  replay.wipe();
  if (replay.messages === 0) return undefined;
  const took = seconds();
  if (job.json)
    console.print(
      JSON.stringify({ ...reportOf(replay, messages, took), ...(hint === '' ? {} : { hint }) }, undefined, 2),
    );
  else if (!job.quiet || !replay.clean) console.print(textOf(replay, job, took, hint));
  return replay.clean ? ReplayExit.equal : ReplayExit.different;
}

function reportOf(replay: MessageReplay, messages: Messages, seconds: number): object {
  const { skipped, equal, different, undecodable, otherFillers, macsRight, macsWrong, macsUnchecked } = replay;
  return {
    clean: replay.clean,
    messages: replay.messages,
    skipped,
    bytes: replay.bytes,
    equal,
    different,
    undecodable,
    otherFillers,
    macs: { right: macsRight, wrong: macsWrong, unchecked: macsUnchecked },
    expectations: { missed: replay.expectationsMissed, unused: replay.unused.map(one => one.text) },
    types: replay.types(),
    differences: replay.differences,
    troubles: { count: messages.troubleCount, first: messages.troubles.slice(0, TROUBLES_TOLD) },
    seconds,
  };
}

function textOf(
  replay: MessageReplay,
  { messages, lang, zone }: MessageReplayJob,
  seconds: number,
  hint: string,
): string {
  const words = WORDS[lang];
  const lines: string[] = [];
  for (const { mti, messages: count, different } of replay.types()) {
    const wrong = different === 0 ? '' : `, ${different} ${words.different}`;
    lines.push(`${mti}  ${String(count).padStart(9)} ${words.messages}, ${count - different} ${words.equal}${wrong}`);
  }
  const { undecodable, macsRight, macsWrong, macsUnchecked } = replay;
  if (undecodable > 0) lines.push(`      ${String(undecodable).padStart(9)} ${words.undecodable}`);
  lines.push('');
  const rate = seconds > 0 ? `, ${(replay.messages / seconds).toFixed(0)}/s` : '';
  lines.push(
    `${replay.messages} ${words.messages}, ${replay.equal} ${words.equal} (${replay.bytes} ${words.bytes}, ${seconds.toFixed(2)} ${words.seconds}${rate})`,
  );
  if (replay.skipped > 0) lines.push(`${replay.skipped} ${words.messages} ${words.skipped}`);
  if (replay.otherFillers > 0) lines.push(`${replay.otherFillers} ${words.messages} ${words.fillers}`);
  if (macsRight + macsWrong + macsUnchecked > 0)
    lines.push(
      `${words.macs}: ${macsRight} ${words.right}, ${macsWrong} ${words.wrong}, ${macsUnchecked} ${words.unchecked}`,
    );
  if (replay.expectationsMissed > 0) lines.push(`${replay.expectationsMissed} ${words.missed}`);
  for (const one of replay.unused) lines.push(`${words.unused}: ${one.text}`);
  if (messages.troubleCount > 0) {
    lines.push(`${messages.troubleCount} ${words.troubles}:`);
    for (const { offset, why } of messages.troubles.slice(0, TROUBLES_TOLD))
      lines.push(`  ${words.offset} ${offset}: ${why}`);
  }
  if (hint !== '') lines.push(`${words.hint}: ${hint}`);
  if (replay.differences.length > 0) lines.push('', `${words.first}:`);
  for (const { number, timeUs, mti, field, offset, why } of replay.differences) {
    const at = momentText(timeUs, zone);
    lines.push(
      `  ${words.message} ${number}${mti === '' ? '' : ` (${mti})`}${at === '' ? '' : `, ${at}`}, ${placeOf(field, lang)}, ${words.offset} ${offset}: ${why}`,
    );
  }
  return lines.join('\n');
}

/** The flags with which a message that did not decode would do so; empty when none are known. */
function hintOf(bytes: Uint8Array, plan: FieldPlan): string {
  if (bytes.length === 0) return '';
  const found = detectMessage(plan.source, bytes);
  if (!found.ok || found.value.status !== Status.ok) return '';
  const { options } = found.value;
  return Object.entries(options)
    .map(([name, choice]) => `--option ${name}=${choice}`)
    .join(' ');
}

/** The field, or what stands before the fields. */
function placeOf(field: number, lang: Lang): string {
  if (field === 0) return lang === 'zh' ? '消息类型' : 'message type';
  if (field === 1) return lang === 'zh' ? '位图' : 'bitmap';
  return `${WORDS[lang].field} ${field}`;
}
