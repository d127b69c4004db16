import { assert } from '../assert.ts';
import { ownedCopy } from '../card/owned.ts';
import type { Hal, HostLink, HostSink, Outbox, SerialPort, SerialSink, Timers } from '../hal/hal.ts';
import { INBOX_MAX } from '../limits.ts';

const FULL = `the inbox holds ${INBOX_MAX} events`;

/**
 * The one queue of the runtime: every crossing of the rim becomes an event here and is handled to its end before the
 * next one, so that no event ever sees another one half done. Reaching its bound is a bug of the rim, not of the world.
 */
export class Inbox {
  private readonly events: (() => void)[] = [];
  private draining = false;

  /** An event is being handled: what is posted now has to wait. */
  get busy(): boolean {
    return this.draining;
  }

  /** Adds an event and, unless one is being handled already, drains the inbox. */
  post(event: () => void): void {
    if (!this.draining && this.events.length === 0) return this.drain(event);
    assert(this.events.length < INBOX_MAX, FULL);
    this.events.push(event);
    if (!this.draining) this.drain(this.events.shift()!);
  }

  /** Handles `first` and all that waits behind it. */
  private drain(first: () => void): void {
    this.draining = true;
    try {
      first();
      while (this.events.length > 0) this.events.shift()!();
    } finally {
      this.draining = false;
    }
  }
}

/**
 * The same rim, with every callback going through `inbox`. Received bytes are valid only during the call of the rim, so when
 * they have to wait they do so as a copy, which is zeroed when it was handled.
 */
export function throughInbox(hal: Hal, inbox: Inbox): Hal {
  return {
    ...hal,
    timers: timersOf(hal.timers, inbox),
    serial: serialOf(hal.serial, inbox),
    host: hostThroughInbox(hal.host, inbox),
    ...(hal.outbox ? { outbox: outboxOf(hal.outbox, inbox) } : {}),
  };
}

function timersOf(timers: Timers, inbox: Inbox): Timers {
  /** Timers that have fired and whose event waits: one that is handled before may still clear them. */
  const waiting = new Set<number>();
  return {
    set(delayMs, fire) {
      const handle: number = timers.set(delayMs, () => {
        if (!inbox.busy) return inbox.post(fire);
        waiting.add(handle);
        inbox.post(() => {
          if (waiting.delete(handle)) fire();
        });
      });
      return handle;
    },
    clear(handle) {
      if (waiting.size > 0) waiting.delete(handle);
      timers.clear(handle);
    },
  };
}

function receive(inbox: Inbox, sink: { received(bytes: Uint8Array): void }, bytes: Uint8Array): void {
  if (!inbox.busy) return inbox.post(() => sink.received(bytes));
  const copy = ownedCopy(bytes);
  inbox.post(() => {
    sink.received(copy);
    copy.fill(0);
  });
}

function serialOf(port: SerialPort, inbox: Inbox): SerialPort {
  return {
    path: port.path,
    open(sink: SerialSink) {
      port.open({
        opened: () => inbox.post(() => sink.opened()),
        received: bytes => receive(inbox, sink, bytes),
        closed: reason => inbox.post(() => sink.closed(reason)),
      });
    },
    write: bytes => port.write(bytes),
    close: () => port.close(),
  };
}

/** An acquirer link whose news go through `inbox`. */
export function hostThroughInbox(link: HostLink, inbox: Inbox): HostLink {
  return {
    routes: link.routes,
    routeName: route => link.routeName(route),
    connect(route, sink: HostSink) {
      link.connect(route, {
        connected: () => inbox.post(() => sink.connected()),
        received: bytes => receive(inbox, sink, bytes),
        closed: reason => inbox.post(() => sink.closed(reason)),
      });
    },
    write: bytes => link.write(bytes),
    close: () => link.close(),
  };
}

function outboxOf(outbox: Outbox, inbox: Inbox): Outbox {
  return {
    adapters: outbox.adapters,
    deliver: (adapter, text, done) => outbox.deliver(adapter, text, why => inbox.post(() => done(why))),
  };
}
