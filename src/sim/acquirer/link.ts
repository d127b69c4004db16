import type { HostLink, HostSink } from '../../hal/hal.ts';
import type { CipherRequest } from '../../security/cipher.ts';
import { KeyRing } from '../keys.ts';
import { AcquirerSession, type FrameHandler, type SessionRim } from './server.ts';

/** One connection: the acquirer's session on one side, the sink of the runtime on the other. */
interface Connection {
  readonly session: AcquirerSession;
  /** Undefined when the connection is over: nothing is told any more. */
  sink: HostSink | undefined;
}

/**
 * A line to an acquirer in this process: what is written goes to `handler` and nowhere else. News come in their own turn,
 * never inside of the call that caused them, as on a real line.
 */
export function acquirerLink(handler: FrameHandler, rim: SessionRim, name: string): HostLink {
  let now: Connection | undefined;

  function connect(sink: HostSink): Connection {
    const tell = (news: (sink: HostSink) => void): void => {
      rim.timers.set(0, () => {
        if (connection.sink) news(connection.sink);
      });
    };
    const session = new AcquirerSession(
      handler,
      {
        name,
        write(bytes) {
          const copy = bytes.slice();
          tell(to => to.received(copy));
        },
        end: () =>
          tell(to => {
            connection.sink = undefined;
            to.closed({ kind: 'ended', detail: 'closed by the acquirer' });
          }),
      },
      rim,
    );
    const connection: Connection = { session, sink };
    tell(to => to.connected());
    return connection;
  }

  function drop(): void {
    if (!now) return;
    now.sink = undefined;
    now.session.closed();
    now = undefined;
  }

  return {
    routes: 1,
    routeName: () => name,
    connect(_route, sink) {
      drop();
      now = connect(sink);
    },
    write(bytes) {
      if (now?.sink) now.session.received(bytes);
    },
    close: drop,
  };
}

/**
 * A cipher step with a working key as that acquirer sent it, under its master key (16 bytes). In place of the secure
 * hardware of a terminal, where no real key is in the play.
 */
export function cipherUnder(masterKey: Uint8Array): (request: CipherRequest, wrappedKey: Uint8Array) => Uint8Array {
  const keys = new KeyRing(masterKey);
  return (request, wrappedKey) => keys.unwrap(wrappedKey).step(request);
}
