import type { HostLink } from '../../src/hal/hal.ts';
import { FrameView } from '../../src/iso8583/frame.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import type { FieldPlan } from '../../src/iso8583/plan.ts';
import { AcquirerSession, type FrameHandler } from '../../src/sim/acquirer/server.ts';
import type { Process, World } from './world.ts';

/** One message on the acquirer line, decoded. Test cards only, so nothing is masked. */
export interface Message {
  readonly way: 'sent' | 'received';
  readonly atMs: number;
  readonly mti: string;
  /** Data element → text; absent ones are not there. */
  readonly fields: Readonly<Record<number, string>>;
  readonly bytes: Uint8Array;
}

const NETWORK_MS = 20;

/** The network between the counter and the acquirer: it keeps order, takes 20 ms, and shows what passes. */
export class Network {
  readonly messages: Message[] = [];
  /** False: connections are refused. */
  isUp = true;
  private readonly world: World;
  private readonly plan: FieldPlan;
  private readonly handler: FrameHandler;
  private readonly log: (line: string) => void;

  constructor(world: World, plan: FieldPlan, handler: FrameHandler, log: (line: string) => void) {
    this.world = world;
    this.plan = plan;
    this.handler = handler;
    this.log = log;
  }

  /** The counter's end, for one process. */
  link(process: Process): HostLink & { drop(): void } {
    let connection: { open: boolean; session?: AcquirerSession } | undefined;
    const close = (): void => {
      const closing = connection;
      connection = undefined;
      if (!closing) return;
      closing.open = false;
      // What was written before still arrives.
      this.world.set(NETWORK_MS, () => closing.session?.closed());
    };
    return {
      routes: 1,
      routeName: () => 'acquirer.test:8583',
      connect: (_, sink) => {
        close();
        const opened: NonNullable<typeof connection> = { open: true };
        connection = opened;
        const reaches = (): boolean => opened.open && !process.dead;
        this.world.set(NETWORK_MS, () => {
          if (!reaches()) return;
          if (!this.isUp) {
            opened.open = false;
            return sink.closed({ kind: 'refused', detail: 'connection refused' });
          }
          const peer = {
            name: 'counter.test',
            write: (bytes: Uint8Array): void => {
              const copy = bytes.slice();
              this.world.set(NETWORK_MS, () => {
                if (!reaches()) return;
                this.note('received', copy);
                sink.received(copy);
              });
            },
            end: (): void => {
              this.world.set(NETWORK_MS, () => {
                if (!reaches()) return;
                opened.open = false;
                sink.closed({ kind: 'ended', detail: 'the acquirer closed' });
              });
            },
          };
          opened.session = new AcquirerSession(this.handler, peer, {
            nowMs: () => this.world.nowMs(),
            timers: this.world,
            log: this.log,
          });
          sink.connected();
        });
      },
      write: bytes => {
        if (process.dead || !connection) return;
        const copy = bytes.slice();
        const { session } = connection;
        this.note('sent', copy);
        this.world.set(NETWORK_MS, () => session?.received(copy));
      },
      close,
      drop: close,
    };
  }

  private note(way: Message['way'], bytes: Uint8Array): void {
    const frame = new FrameView();
    const view = new MessageView(this.plan);
    const fields: Record<number, string> = {};
    // Half a frame is no message; the log of the acquirer tells of it.
    if (frame.open(this.plan.framing, bytes, 0, bytes.length) !== 0) return;
    view.decode(bytes, frame.bodyStart, frame.bodyEnd);
    for (let field = 2; field <= 64; field++) if (view.has(field)) fields[field] = view.text(field);
    this.messages.push({ way, atMs: this.world.nowMs(), mti: view.mti.toString(16).padStart(4, '0'), fields, bytes });
  }
}
