// Sends an ISO 8583:1987 request in ASCII over TCP to a small host on this machine, which answers it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Codec, type Message } from '../src/iso8583/index.ts';

const file = new URL('../firmware-profiles/base/iso8583-1987-ascii.json', import.meta.url);
// Four digits of length before each message; the dialect's own are two bytes.
const codec = Codec.of(JSON.parse(readFileSync(file, 'utf8')), { framing: { length: 'ascii' } });

/** Calls `take` for each message that comes over a connection, in whatever pieces it comes. */
function receive(socket: Socket, take: (message: Message) => void): void {
  const deframer = codec.deframer(4096);
  socket.on('data', chunk => {
    // No encoding is set, so a chunk is bytes.
    const frames = deframer.push(chunk as Buffer);
    if (!frames.ok) socket.destroy(new Error(frames.fault.cause));
    else for (const frame of frames.value) take(codec.decodeFrame(frame));
  });
}

const host = createServer(socket => {
  receive(socket, request => {
    // 30: format error. What came before the error is there, so the answer still carries it.
    const answer = request.respond([3, 4, 11, 41]);
    if (answer.ok) socket.write(codec.frame(answer.value.set(39, request.ok ? '00' : '30')));
    else socket.destroy();
  });
});
host.listen(0, '127.0.0.1');
await once(host, 'listening');

const socket = connect((host.address() as AddressInfo).port, '127.0.0.1');
const answered = new Promise<Message>(resolve => receive(socket, resolve));
const request = codec.build('0200', {
  2: '4242424242424242',
  3: '000000',
  4: 1234,
  11: 101,
  41: 'TERM0001',
  49: '840',
});
socket.write(codec.frame(request));

const answer = (await answered).orThrow();
console.log(answer.explain());
console.log(answer.get(39) === '00' && answer.number(11) === 101 ? 'approved' : 'declined');
socket.destroy();
host.close();
