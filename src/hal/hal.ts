/**
 * The rim of the runtime: everything that the pure rooms may not touch themselves. `src/node` implements it with the
 * operating system, `src/replay` with a capture, a simulation with virtual time. No promises: answers come back
 * through sinks and callbacks, which the runtime turns into events of its one inbox.
 */

export interface Clock {
  /** Wall clock, milliseconds since 1970-01-01 UTC. May jump. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Local calendar time of a wall-clock value, as the shop reads it. */
  local(ms: number): LocalTime;
}

export interface LocalTime {
  readonly year: number;
  /** 1–12 */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

export interface Timers {
  /** Calls `fire` once after `delayMs`; returns a handle (never 0). */
  set(delayMs: number, fire: () => void): number;
  /** Clears a handle; unknown handles and 0 are ignored. */
  clear(handle: number): void;
}

export interface Entropy {
  fill(bytes: Uint8Array): void;
}

/** Receives what a serial line says. `received` bytes are valid only during the call. */
export interface SerialSink {
  opened(): void;
  received(bytes: Uint8Array): void;
  /** The line is gone (hang-up, error, or open failed). Comes once per open. */
  closed(reason: SerialClose): void;
}

export interface SerialClose {
  /** `missing`: no such device; `busy`: locked by another process; `hangup`: unplugged; `denied`; `error`. */
  readonly kind: 'missing' | 'busy' | 'denied' | 'hangup' | 'error' | 'closed';
  readonly detail: string;
}

export interface SerialPort {
  /** Device path as the person gave it. */
  readonly path: string;
  /** Opens (again). One line is open at a time; every open is answered by `opened` or `closed`. */
  open(sink: SerialSink): void;
  /** Queues bytes; the caller's buffer may be reused after the call. Bytes written while closed are dropped. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** Receives what an acquirer connection says. `received` bytes are valid only during the call. */
export interface HostSink {
  connected(): void;
  received(bytes: Uint8Array): void;
  /** Connection over or never made. Comes once per connect. `refused` and `unreachable` mean that nothing was sent. */
  closed(reason: HostClose): void;
}

export interface HostClose {
  readonly kind: 'refused' | 'unreachable' | 'timeout' | 'reset' | 'ended' | 'tls' | 'closed' | 'error';
  readonly detail: string;
}

export interface HostLink {
  /** Number of configured addresses (first = main, then failover). */
  readonly routes: number;
  /** Name of a route for logs and screens, `host:port`. */
  routeName(route: number): string;
  /** Starts a connection to `route`; an older one is closed silently first. */
  connect(route: number, sink: HostSink): void;
  /** Hands bytes to the connection; the caller's buffer may be reused after the call. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** One record a line; implementations write JSON lines with allow-listed fields only. */
export interface Log {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Ways to tell somebody outside of the shop what became of a refund. */
export interface Outbox {
  readonly adapters: readonly ('file' | 'webhook')[];
  /** Hands over one notice, a JSON text with its number as `notice`. `done` comes once; without `why` it was taken. */
  deliver(adapter: 'file' | 'webhook', text: string, done: (why?: string) => void): void;
}

/** Everything the runtime needs from outside. */
export interface Hal {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly entropy: Entropy;
  readonly serial: SerialPort;
  readonly host: HostLink;
  readonly log: Log;
  /** Absent: nobody outside is told. */
  readonly outbox?: Outbox;
}
