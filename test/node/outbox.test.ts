import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Outbox } from '../../src/hal/hal.ts';
import { openOutbox } from '../../src/node/outbox.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'outbox-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const given = (outbox: Outbox, adapter: 'file' | 'webhook', text: string): Promise<string | undefined> =>
  new Promise(resolve => outbox.deliver(adapter, text, resolve));

function opened(options: Parameters<typeof openOutbox>[0]): Outbox {
  const result = openOutbox(options);
  if (!result.ok) throw new Error(result.fault.cause);
  return result.value;
}

describe('the outbox', () => {
  test('appends JSON lines to a file', async () => {
    const file = join(folder, 'refunds.jsonl');
    const outbox = opened({ file });
    expect(outbox.adapters).toEqual(['file']);
    expect(await given(outbox, 'file', '{"notice":1}')).toBeUndefined();
    expect(await given(outbox, 'file', '{"notice":2}')).toBeUndefined();
    expect(readFileSync(file, 'utf8')).toBe('{"notice":1}\n{"notice":2}\n');
  });

  test('posts to a webhook, with the number that tells a second copy; anything but 2xx was not taken', async () => {
    const seen: { headers: IncomingHttpHeaders; body: string }[] = [];
    let status = 204;
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (part: string) => (body += part));
      request.on('end', () => {
        seen.push({ headers: request.headers, body });
        response.writeHead(status, status === 302 ? { location: 'http://127.0.0.1:1/' } : {}).end();
      });
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const outbox = opened({ webhook: `http://127.0.0.1:${port}/refunds` });
    const text = '{"notice":41,"lines":["退款已受理"]}';
    expect(await given(outbox, 'webhook', text)).toBeUndefined();
    expect(seen).toMatchObject([{ body: text, headers: { 'idempotency-key': '41' } }]);
    status = 500;
    expect(await given(outbox, 'webhook', text)).toBe('the webhook answered 500');
    status = 302;
    expect(await given(outbox, 'webhook', text)).toBeDefined();
    await new Promise(resolve => server.close(resolve));
    expect(await given(outbox, 'webhook', text)).toBeDefined();
  });

  test.each(['ftp://127.0.0.1/', 'shop', 'file:///etc/passwd', ''])('%j is no webhook', webhook => {
    const result = openOutbox({ webhook });
    expect(result.ok ? '' : result.fault.name).toBe('webhook-address');
  });

  test('a file that cannot be written is told at the start', () => {
    expect(openOutbox({ file: join(folder, 'none', 'x') }).ok).toBe(false);
  });
});
