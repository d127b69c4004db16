import { failed, fault, ok, type Result } from '../fault.ts';
import type { Outbox } from '../hal/hal.ts';
import { openLines } from './files.ts';

/** A webhook that says nothing for so long has not taken the notice. */
const WEBHOOK_TIMEOUT_MS = 10_000;

/** Where notices go. */
export interface OutboxOptions {
  /** JSON lines are appended. */
  readonly file?: string;
  /** `http:` or `https:`; each notice is one POST with its number as `Idempotency-Key`. */
  readonly webhook?: string;
}

/** Opens the shop's ways to tell. Faults: `notice-file`s as {@link openLines}, `webhook-address`. */
export function openOutbox({ file, webhook }: OutboxOptions): Result<Outbox> {
  const lines = file === undefined ? undefined : openLines(file);
  if (lines && !lines.ok) return lines;
  const url = webhook === undefined ? undefined : URL.parse(webhook);
  if (webhook !== undefined && (!url || !/^https?:$/.test(url.protocol)))
    return failed(
      fault(
        'E_ILLEGAL',
        'webhook-address',
        `${webhook.slice(0, 80)} is no web address`,
        'Give for example http://127.0.0.1:8080/refunds',
      ),
    );
  return ok({
    adapters: [...(lines ? (['file'] as const) : []), ...(url ? (['webhook'] as const) : [])],
    deliver(adapter, text, done) {
      if (adapter === 'file' && lines?.ok) {
        const written = lines.value.write(text);
        return done(written.ok ? undefined : written.fault.cause);
      }
      if (adapter === 'webhook' && url) post(url, text).then(done, (error: Error) => done(error.message.slice(0, 150)));
    },
  });
}

async function post(url: URL, text: string): Promise<string | undefined> {
  const { notice } = JSON.parse(text) as { notice: number };
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', 'idempotency-key': String(notice) },
    body: text,
    redirect: 'error',
    signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
  });
  await answer.body?.cancel();
  return answer.ok ? undefined : `the webhook answered ${answer.status}`;
}
