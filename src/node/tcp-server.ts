import { createServer, type Socket } from 'node:net';
import { fault, type Fault } from '../fault.ts';
import type { TcpEvents, TcpListener, TcpPeer, TcpRim } from '../sim/acquirer/server.ts';

/** The operating system's TCP server. */
export const tcpServer: TcpRim = {
  listen(host: string, port: number, events: TcpEvents): TcpListener {
    const sockets = new Set<Socket>();
    const server = createServer(socket => {
      sockets.add(socket);
      socket.setNoDelay(true);
      const sink = events.connected(peerOf(socket));
      socket.on('data', (bytes: Buffer) => sink.received(bytes));
      // A reset is a way to close: 'close' always follows.
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        sink.closed();
      });
    });
    server.on('error', (error: NodeJS.ErrnoException) => events.failed(listenFault(host, port, error)));
    server.listen(port, host, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') events.listening(address.address, address.port);
    });
    return {
      close(): void {
        server.close();
        for (const socket of sockets) socket.destroy();
      },
    };
  },
};

function peerOf(socket: Socket): TcpPeer {
  return {
    name: `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`,
    write(bytes: Uint8Array): void {
      if (socket.writable) socket.write(Uint8Array.from(bytes));
    },
    end(): void {
      // Half an answer must be followed by a close that the other end sees, whatever it still sends.
      socket.end(() => socket.destroy());
    },
  };
}

function listenFault(host: string, port: number, error: NodeJS.ErrnoException): Fault {
  const where = `${host}:${port}`;
  switch (error.code) {
    case 'EADDRINUSE':
      return fault(
        'E_BUSY',
        'address-in-use',
        `another program listens on ${where}`,
        'Choose another port with --listen, or 0 for any free one',
      );
    case 'EACCES':
      return fault(
        'E_ILLEGAL',
        'address-denied',
        `the system does not permit listening on ${where}`,
        'Choose a port above 1023',
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return fault(
        'E_NOEXIST',
        'address-unknown',
        `${where} is no address of this computer`,
        'Use 127.0.0.1 or 0.0.0.0',
      );
    default:
      return fault(
        'E_FAILURE',
        'listen-failed',
        `cannot listen on ${where}: ${error.message}`,
        'Choose another address with --listen',
      );
  }
}
