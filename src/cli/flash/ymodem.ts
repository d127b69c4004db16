import { failed, faultText, ok, type Result } from '../../fault.ts';
import { YmodemSender, type YmodemFile } from '../../flash/ymodem.ts';
import type { SerialPort, Timers } from '../../hal/hal.ts';
import type { Console } from '../../node/console.ts';
import type { Lang } from '../doctor/checklist.ts';
import { serialFault } from '../serial-fault.ts';
import { ProgressView } from './progress.ts';

export interface YmodemRequest {
  /** Closed; it is opened here and closed again. */
  readonly port: SerialPort;
  readonly file: YmodemFile;
  readonly timers: Timers;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  readonly progress?: (progress: YmodemProgress) => void;
}

export interface YmodemProgress {
  /** File bytes that the terminal acknowledged. */
  readonly sentBytes: number;
  readonly totalBytes: number;
  readonly bytesPerSecond: number;
  readonly secondsLeft: number;
}

export interface YmodemReport {
  readonly name: string;
  readonly bytes: number;
  /** From the first start byte to the end of the session. */
  readonly ms: number;
  readonly bytesPerSecond: number;
  /** Steps that were done again. The first end of a file is asked for twice by most receivers. */
  readonly repeats: number;
}

/** A transfer that is under way. */
export interface YmodemTransfer {
  /** Faults: those of the sender, and of the serial device. The port is closed when this is there. */
  readonly over: Promise<Result<YmodemReport>>;
  /** Tells the terminal to give up and ends with `ymodem-stopped`. */
  cancel(): void;
}

/**
 * Sends one file to a terminal whose monitor waits for YMODEM. What is in the file was checked before: a monitor checks
 * it again, or not at all.
 */
export function sendByYmodem(request: YmodemRequest): YmodemTransfer {
  const { port, file, timers, nowMs } = request;
  let cancel = (): void => undefined;
  const over = new Promise<Result<YmodemReport>>(resolve => {
    let startedMs = nowMs();
    let ended = false;
    const end = (result: Result<YmodemReport>): void => {
      if (ended) return;
      ended = true;
      port.close();
      resolve(result);
    };
    const sender = new YmodemSender(
      file,
      { write: bytes => port.write(bytes), timers },
      sentBytes => {
        const seconds = Math.max(0.001, (nowMs() - startedMs) / 1000);
        const bytesPerSecond = Math.round(sentBytes / seconds);
        const left = file.bytes.length - sentBytes;
        request.progress?.({
          sentBytes,
          totalBytes: file.bytes.length,
          bytesPerSecond,
          secondsLeft: Math.ceil(left / Math.max(1, bytesPerSecond)),
        });
      },
      result => {
        if (!result.ok) return end(result);
        const ms = Math.round(nowMs() - startedMs);
        const bytesPerSecond = Math.round(file.bytes.length / Math.max(0.001, ms / 1000));
        end(ok({ name: file.name, bytes: file.bytes.length, ms, bytesPerSecond, repeats: sender.repeats }));
      },
    );
    cancel = () => sender.cancel();
    let asked = false;
    port.open({
      opened: () => sender.start(),
      received: bytes => {
        // The time until somebody starts the receiver is no time of the transfer.
        if (!asked) startedMs = nowMs();
        asked = true;
        sender.received(bytes);
      },
      closed: reason => end(failed(serialFault(reason, port.path))),
    });
  });
  return { over, cancel: () => cancel() };
}

/**
 * The whole command: sends, shows a bar on a terminal and a line for each tenth elsewhere, prints the report (or one JSON
 * object), stops at Ctrl-C with CAN CAN. Answers true when the terminal took the file.
 */
export async function flashByYmodem(
  request: Omit<YmodemRequest, 'progress'>,
  console: Console,
  json: boolean,
  lang: Lang = 'en',
): Promise<boolean> {
  const view = json ? undefined : new ProgressView(console, lang);
  const transfer = sendByYmodem({ ...request, progress: progress => view?.show({ step: 'load', ...progress }) });
  const undo = console.onStop(() => transfer.cancel());
  if (!json) console.print(`waiting for the YMODEM receiver of the terminal on ${request.port.path}`);
  const result = await transfer.over;
  undo();
  view?.end();
  if (!result.ok) {
    if (json) console.print(JSON.stringify({ sent: false, fault: result.fault }));
    else console.printError(`pos8583: ${faultText(result.fault)}`);
    return false;
  }
  const { name, bytes, ms, bytesPerSecond, repeats } = result.value;
  if (json) console.print(JSON.stringify({ sent: true, ...result.value }));
  else
    console.print(
      `${name}: ${bytes} bytes in ${(ms / 1000).toFixed(1)} s (${bytesPerSecond} bytes/s), ${repeats} steps repeated; ` +
        'the terminal acknowledged the whole file',
    );
  return true;
}
