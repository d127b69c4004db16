import { connect, createServer, type Server, type Socket } from 'node:net';
import { FrameView } from '../../src/iso8583/frame.ts';
import { MessageView } from '../../src/iso8583/message-view.ts';
import type { FieldPlan } from '../../src/iso8583/plan.ts';

/** A message that passed: its frame, and elements as text. */
export interface Passed {
  readonly bytes: Uint8Array;
  readonly fields: Readonly<Record<number, string>>;
}

/** Stands between a counter and its acquirer, passes everything on, and keeps it. */
export class Tap {
  /** Where the counter connects to. */
  readonly address: string;
  /** True: what the counter sends is kept and goes no further. */
  holds = false;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly kept: Uint8Array[] = [];
  private came = (): void => {};

  private constructor(server: Server, port: number, acquirer: string) {
    this.server = server;
    this.address = `127.0.0.1:${port}`;
    const [host, acquirerPort] = acquirer.split(':');
    server.on('connection', counter => this.join(counter, connect(Number(acquirerPort), host)));
  }

  static open(acquirer: string): Promise<Tap> {
    const server = createServer();
    return new Promise(resolve =>
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
        resolve(new Tap(server, address.port, acquirer));
      }),
    );
  }

  private join(counter: Socket, acquirer: Socket): void {
    for (const [from, to] of [
      [counter, acquirer],
      [acquirer, counter],
    ]) {
      this.sockets.add(from);
      from.on('data', (bytes: Buffer) => {
        this.kept.push(Uint8Array.from(bytes));
        if (from === acquirer || !this.holds) to.write(bytes);
        this.came();
      });
      from.on('close', () => to.destroy());
      from.on('error', () => to.destroy());
    }
  }

  /** The next piece that passes or is held. */
  next(): Promise<void> {
    return new Promise(resolve => {
      this.came = resolve;
    });
  }

  /** The messages; each came in one piece, as small ones do on one computer. */
  messages(plan: FieldPlan): Passed[] {
    const frame = new FrameView();
    const view = new MessageView(plan);
    return this.kept.map(bytes => {
      if (frame.open(plan.framing, bytes, 0, bytes.length) !== 0) throw new Error('a message came in pieces');
      view.decode(bytes, frame.bodyStart, frame.bodyEnd);
      const fields: Record<number, string> = {};
      for (let field = 2; field <= 64; field++) if (view.has(field)) fields[field] = view.text(field);
      return { bytes, fields };
    });
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
