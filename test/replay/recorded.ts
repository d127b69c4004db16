import { openSession, type Outcome, type Session, SessionReplay } from '../../src/replay/session.ts';
import { Recorder } from '../../src/replay/recorder.ts';
import type { LocalTime } from '../../src/hal/hal.ts';
import type { Profile } from '../../src/profile/schema.ts';
import { boot } from '../../src/runtime/boot.ts';
import { reversalPolicyOf } from '../../src/runtime/reversal.ts';
import { type ByteSource, Kind } from '../../src/trace/kinds.ts';
import { TraceReader } from '../../src/trace/reader.ts';
import { fileHeader, TraceWriter } from '../../src/trace/writer.ts';

/** A trace in memory; one recorder for each process that writes into it. */
export class RecordedFile {
  sessions = 0;
  private readonly blocks: Uint8Array[] = [fileHeader()];
  private whole: Uint8Array | undefined;

  recorder(): Recorder {
    this.sessions++;
    const sink = {
      write: (bytes: Uint8Array, length: number): void => {
        this.whole = undefined;
        this.blocks.push(bytes.slice(0, length));
      },
    };
    return new Recorder({ sink, zone: 'UTC', key: new Uint8Array(16).fill(9) });
  }

  bytes(): Uint8Array {
    this.whole ??= Buffer.concat(this.blocks);
    return this.whole;
  }
}

export function sourceOf(bytes: Uint8Array): ByteSource {
  let at = 0;
  return {
    size: bytes.length,
    fault: undefined,
    read(into) {
      const count = Math.min(into.length, bytes.length - at);
      into.set(bytes.subarray(at, at + count));
      at += count;
      return count;
    },
  };
}

/** Opens a session whose profile may be one that no source would pass for: simulated shops have odd ones. */
export function sessionOf(bytes: Uint8Array, number = 1): Session {
  const session = openSession(new TraceReader(sourceOf(bytes)), number, (_, text) => ({
    ok: true,
    value: JSON.parse(text) as Profile,
  }));
  if (!session.ok) throw new Error(`${session.fault.name}: ${session.fault.cause}`);
  return session.value;
}

/** The calendar of the simulated shop. */
function localTime(ms: number): LocalTime {
  const at = new Date(ms);
  return {
    year: at.getUTCFullYear(),
    month: at.getUTCMonth() + 1,
    day: at.getUTCDate(),
    hour: at.getUTCHours(),
    minute: at.getUTCMinutes(),
    second: at.getUTCSeconds(),
  };
}

export function replaySession(bytes: Uint8Array, number = 1): Outcome {
  return new SessionReplay(sessionOf(bytes, number), {
    boot,
    reversalPolicy: reversalPolicyOf,
    local: () => localTime,
  }).run();
}

export interface EditedRecord {
  kind: number;
  link: number;
  timeUs: number;
  bytes: Uint8Array;
}

/** All records of a trace, to be changed. */
export function recordsOf(file: Uint8Array): EditedRecord[] {
  const reader = new TraceReader(sourceOf(file));
  const records: EditedRecord[] = [];
  while (reader.next())
    records.push({
      kind: reader.kind,
      link: reader.link,
      timeUs: reader.timeUs,
      bytes: reader.bytes.slice(reader.from, reader.to),
    });
  return records;
}

/** A trace with these records. */
export function fileOf(records: readonly EditedRecord[]): Uint8Array {
  const blocks: Uint8Array[] = [fileHeader()];
  const writer = new TraceWriter({ write: (bytes, length) => void blocks.push(bytes.slice(0, length)) });
  for (const { kind, link, timeUs, bytes } of records) {
    writer.bytes.set(bytes, writer.begin(kind, link, timeUs, bytes.length));
    if (kind === Kind.state || kind === Kind.profile) writer.flush();
  }
  writer.end();
  return Buffer.concat(blocks);
}
