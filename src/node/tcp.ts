import { X509Certificate } from 'node:crypto';
import { isIP, connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { assert } from '../assert.ts';
import { ownedCopy } from '../card/owned.ts';
import { failed, fault, faultText, ok, type Result } from '../fault.ts';
import type { HostClose, HostLink, HostSink } from '../hal/hal.ts';
import { readText } from './files.ts';

/** One address of the acquirer. */
export interface HostRoute {
  /** Name or IP address. */
  readonly host: string;
  readonly port: number;
}

/** TLS towards the acquirer; version 1.2 or later. */
export interface HostTls {
  /** File with the certificates to trust (PEM) instead of the built-in list. It is read at each connection. */
  readonly caFile?: string;
  /** Name in the host's certificate when it differs from the route's host. */
  readonly serverName?: string;
  /** Accepts any certificate. For test hosts only. */
  readonly insecure?: boolean;
}

export interface HostLinkOptions {
  readonly tls?: HostTls;
}

/** Reads the certificates that {@link HostTls.caFile} names. Faults: `tls-ca`, and those of {@link readText}. */
export function checkCertificates(caFile: string): Result<void> {
  const text = readText(caFile);
  if (!text.ok) return text;
  try {
    new X509Certificate(text.value);
    return ok(undefined);
  } catch (error) {
    return failed(
      fault(
        'E_ILLEGAL',
        'tls-ca',
        `${caFile} holds no certificate: ${(error as Error).message}`,
        'Name a PEM file with the certificate of the acquirer or of who signed it',
      ),
    );
  }
}

/** Bytes read at once. */
const READ_LENGTH = 16_384;

/** First probe of an idle connection; notices a dead line that sends nothing. */
const KEEP_ALIVE_MS = 15_000;

/**
 * The acquirer connection over TCP or TLS. One connection at a time. `closed` comes once per `connect`, never inside
 * `connect`, `write` or `close`, and nothing comes after it; a connection that a newer `connect` replaces says nothing
 * more. When the host ends its side the connection is over (`ended`): no answer can come any more. Bytes written while
 * there is no connection are dropped. Copies of what was sent and received are overwritten after use.
 */
export function openHostLink(routes: readonly HostRoute[], options: HostLinkOptions = {}): HostLink {
  assert(routes.length > 0, 'a host link needs at least one route');
  let current: Connection | undefined;
  return {
    routes: routes.length,
    routeName: route => `${routes[route].host}:${routes[route].port}`,
    connect(route, sink) {
      current?.silence();
      current = new Connection(routes[route], options.tls, sink);
    },
    write(bytes) {
      current?.write(bytes);
    },
    close() {
      current?.close();
    },
  };
}

class Connection {
  private readonly socket: Socket | undefined;
  private sink: HostSink | undefined;
  private up = false;
  /** Received bytes come into this one buffer: the usual chunks would leave copies behind in memory that was freed. */
  private readonly incoming = Buffer.alloc(READ_LENGTH);
  /** Why it ended, from the first event that told. */
  private reason: HostClose | undefined;

  constructor(route: HostRoute, tls: HostTls | undefined, sink: HostSink) {
    this.sink = sink;
    const ca = tls?.caFile === undefined ? undefined : readText(tls.caFile);
    if (ca !== undefined && !ca.ok) {
      this.reason = { kind: 'tls', detail: faultText(ca.fault) };
      setImmediate(() => this.over());
      return;
    }
    const base = {
      host: route.host,
      port: route.port,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    };
    this.socket =
      tls === undefined
        ? connectTcp({
            ...base,
            onread: { buffer: this.incoming, callback: (length, bytes) => this.take(bytes, length) },
          })
        : // Loaded by the first connection that wants it: most counters have a line of their own.
          process.getBuiltinModule('node:tls').connect({
            ...base,
            servername: tls.serverName ?? (isIP(route.host) === 0 ? route.host : ''),
            rejectUnauthorized: tls.insecure !== true,
            minVersion: 'TLSv1.2',
            ca: ca?.value,
          });
    this.listen(this.socket, tls !== undefined);
  }

  write(bytes: Uint8Array): void {
    if (!this.up || this.socket === undefined) return;
    const copy = ownedCopy(bytes);
    this.socket.write(copy, () => copy.fill(0));
  }

  close(): void {
    this.reason ??= { kind: 'closed', detail: 'closed by this program' };
    this.up = false;
    this.socket?.destroy();
  }

  /** Closes without a word. */
  silence(): void {
    this.sink = undefined;
    this.close();
  }

  private listen(socket: Socket, secure: boolean): void {
    socket.on(secure ? 'secureConnect' : 'connect', () => {
      if (this.reason !== undefined) return;
      this.up = true;
      this.sink?.connected();
    });
    // TLS decrypts into chunks of its own; plain TCP reads into `incoming` and never says 'data'.
    if (secure) socket.on('data', (bytes: Buffer) => this.take(bytes, bytes.length));
    else socket.resume();
    socket.on('end', () => {
      this.reason ??= { kind: 'ended', detail: 'the host ended the connection' };
      this.up = false;
      socket.destroy();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.reason ??= { kind: closeKind(error.code, secure && !this.up), detail: closeDetail(error) };
      this.up = false;
    });
    socket.on('close', () => this.over());
  }

  private take(bytes: Uint8Array, length: number): boolean {
    if (this.up) this.sink?.received(bytes.subarray(0, length));
    bytes.fill(0, 0, length);
    return true;
  }

  private over(): void {
    const sink = this.sink;
    this.sink = undefined;
    this.up = false;
    sink?.closed(this.reason ?? { kind: 'error', detail: 'the connection ended without a reason' });
  }
}

/** Operating system's error code → kind. While TLS shakes hands, what is no network error is a TLS one. */
function closeKind(code: string | undefined, handshake: boolean): HostClose['kind'] {
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused';
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'ENETDOWN':
    case 'EHOSTDOWN':
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_FAIL':
      return 'unreachable';
    case 'ETIMEDOUT':
      return 'timeout';
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return handshake ? 'tls' : 'reset';
    default:
      return handshake || code?.startsWith('ERR_SSL') === true || code?.startsWith('ERR_TLS') === true
        ? 'tls'
        : 'error';
  }
}

/** Code and text of an error; a name with several addresses fails with one error for each. */
function closeDetail(error: NodeJS.ErrnoException): string {
  const text =
    error instanceof AggregateError ? error.errors.map((e: unknown) => (e as Error).message).join(', ') : error.message;
  return error.code === undefined || text.includes(error.code) ? text : `${error.code}: ${text}`;
}
