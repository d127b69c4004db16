import { createHmac } from 'node:crypto';
import { STAND_IN_KEY_LENGTH } from '../card/stand-in.ts';
import { type Fault, failed, fault, ok, type Result } from '../fault.ts';
import { openJournalKey } from '../node/files.ts';
import { openTraceFile } from '../node/trace-file.ts';
import { Recorder } from '../replay/recorder.ts';
import type { Recording } from '../runtime/recording.ts';

const MEGABYTE = 1024 * 1024;
const MEGABYTES_MAX = 4096;
const KEEP_MAX = 99;
/** What the key of the stand-ins is derived for. */
const STAND_IN_LABEL = 'pos8583 trace: stand-ins of card numbers';

export interface TraceFlags {
  readonly trace: string;
  readonly traceMax: string;
  readonly traceKeep: string;
  readonly journal: string;
}

/** A trace that `run` writes. */
export interface RunTrace {
  readonly recording: Recording;
  /** Masks what is still in clear, writes the last block and closes the file. May be called again. */
  close(): void;
}

/**
 * Opens the trace file that the flags name. Card numbers get stand-ins under a key that comes from the key of the journal: the same card
 * has the same stand-in at this counter for ever, and nobody without that key finds the card. `tell` is called once when the file cannot be
 * written any more: trading goes on. Faults: `trace-size`, those of the file and of the journal's key.
 */
export function openRunTrace(flags: TraceFlags, tell: (fault: Fault) => void): Result<RunTrace> {
  const size = wholeNumber(flags.traceMax, 1, MEGABYTES_MAX);
  const keep = wholeNumber(flags.traceKeep, 0, KEEP_MAX);
  if (size === undefined || keep === undefined)
    return failed(
      fault(
        'E_ILLEGAL',
        'trace-size',
        `--trace-max ${flags.traceMax} and --trace-keep ${flags.traceKeep} want whole numbers`,
        `Give 1 to ${MEGABYTES_MAX} megabytes and 0 to ${KEEP_MAX} older parts`,
      ),
    );
  const key = openJournalKey(flags.journal);
  if (!key.ok) return key;
  const derived = createHmac('sha256', key.value).update(STAND_IN_LABEL).digest();
  key.value.fill(0);
  const file = openTraceFile(flags.trace, { maxBytes: size * MEGABYTE, keep, failed: tell });
  if (!file.ok) return file;
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  const recorder = new Recorder({ sink: file.value, key: derived.subarray(0, STAND_IN_KEY_LENGTH), zone });
  derived.fill(0);
  let open = true;
  return ok({
    recording: recorder,
    close() {
      if (!open) return;
      open = false;
      recorder.end();
      file.value.close();
    },
  });
}

function wholeNumber(text: string, min: number, max: number): number | undefined {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? number : undefined;
}
