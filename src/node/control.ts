import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { failed, fault, ok, type Fault, type Result } from '../fault.ts';
import { CONTROL_CONNECTIONS_MAX, CONTROL_LINE_MAX, CONTROL_WAIT_MS } from '../limits.ts';

/**
 * The control socket of a counter at work: a Unix domain socket beside its journal, mode 0600, so that only the same user
 * (and root) can reach it. One line of JSON comes, one line goes back, one at a time on each connection.
 */

/** Longest path of a socket that every system takes, bytes (Linux 107, others 103). */
const PATH_LENGTH_MAX = 103;
/** A connection that has begun no whole line in this time is closed, milliseconds. */
const LINE_MS = 10_000;
/** How long the one who asks waits for the answer: longer than the counter may let it wait. */
const ANSWER_MS = CONTROL_WAIT_MS + 15_000;
/** Longest answer, bytes. */
const ANSWER_LENGTH_MAX = 1024 * 1024;
const LINE_END = 0x0a;

/** Where the control socket of a journal is: beside it. */
export const controlPath = (journalPath: string): string => `${journalPath}.sock`;

/** What the counter does with a line. */
export interface ControlLine {
  readonly line: string;
  answer(line: string): void;
  isGone(): boolean;
}

export interface ControlSocket {
  /** Closes all connections and takes the socket away. */
  close(): void;
}

/**
 * Opens the control socket of the journal that this process writes. `trouble` gets a fault when there can be none (the
 * counter trades on without it): `control-path-long`, `control-path-taken` (something else lies there, or somebody listens),
 * `control-failed`. A socket that a process left behind when it was killed is replaced.
 */
export function openControl(
  journalPath: string,
  take: (line: ControlLine) => void,
  trouble: (f: Fault) => void,
): ControlSocket {
  const path = controlPath(journalPath);
  const sockets = new Set<Socket>();
  let closed = false;
  let server: Server | undefined;
  const wrong = unfit(path);
  if (wrong) {
    trouble(wrong);
    return { close: () => undefined };
  }
  const listen = (): void => {
    if (closed) return;
    server = createServer(socket => {
      if (sockets.size >= CONTROL_CONNECTIONS_MAX) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      serve(socket, take);
    });
    server.on('error', (error: NodeJS.ErrnoException) => {
      trouble(listenFault(path, error));
    });
    server.listen(path, () => {
      try {
        chmodSync(path, 0o600);
      } catch (error) {
        trouble(listenFault(path, error as NodeJS.ErrnoException));
        server?.close();
      }
    });
  };
  clearStale(path, stale => (stale ? trouble(stale) : listen()));
  return {
    close() {
      closed = true;
      for (const socket of sockets) socket.destroy();
      server?.close();
    },
  };
}

function unfit(path: string): Fault | undefined {
  const { length } = Buffer.from(path, 'utf8');
  return length > PATH_LENGTH_MAX
    ? fault(
        'E_ILLEGAL',
        'control-path-long',
        `${path} has ${length} bytes, a socket may have ${PATH_LENGTH_MAX}`,
        'Name the journal by a shorter or relative path; until then entries are made at the keypad',
      )
    : undefined;
}

/**
 * Makes the place free. The journal's lock is held, so a socket here is one that was left behind; it is asked all the same,
 * and only a socket of this very user that nobody answers at is taken away.
 */
function clearStale(path: string, done: (f: Fault | undefined) => void): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (!there) return done(undefined);
  if (!there.isSocket() || (process.getuid !== undefined && there.uid !== process.getuid()))
    return done(taken(path, 'it is no socket of this user'));
  const probe = connect(path);
  probe.on('connect', () => {
    probe.destroy();
    done(taken(path, 'another program listens there'));
  });
  probe.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return done(undefined);
    if (error.code !== 'ECONNREFUSED') return done(taken(path, error.code ?? error.message));
    try {
      unlinkSync(path);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code !== 'ENOENT') return done(taken(path, code ?? 'it cannot be removed'));
    }
    done(undefined);
  });
}

const taken = (path: string, why: string): Fault =>
  fault(
    'E_EXISTS',
    'control-path-taken',
    `${path} cannot be the control socket: ${why}`,
    'Move it away and start again; until then entries are made at the keypad',
  );

const listenFault = (path: string, error: NodeJS.ErrnoException): Fault =>
  fault(
    'E_FAILURE',
    'control-failed',
    `${path}: ${error.code ?? error.message}`,
    'Check the folder; until then entries are made at the keypad',
  );

/** One connection: lines come one after the other, and the next one only after the answer to the one before. */
function serve(socket: Socket, take: (line: ControlLine) => void): void {
  let held: Buffer = Buffer.alloc(0);
  let busy = false;
  const end = (f: Fault): void => {
    held.fill(0);
    socket.end(`${JSON.stringify({ v: 1, ok: false, fault: f })}\n`, () => socket.destroy());
  };
  socket.setTimeout(LINE_MS, () => {
    if (!busy) socket.destroy();
  });
  // A reset is a way to close.
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    if (busy) return end(unruly('bytes came while an answer was on its way'));
    const joined = Buffer.concat([held, chunk]);
    held.fill(0);
    chunk.fill(0);
    held = joined;
    const at = held.indexOf(LINE_END);
    if (at < 0 ? held.length > CONTROL_LINE_MAX : at > CONTROL_LINE_MAX)
      return end(unruly(`the line has more than ${CONTROL_LINE_MAX} bytes`));
    if (at < 0) return;
    if (at < held.length - 1) return end(unruly('more than one line came at once'));
    const line = textOf(held.subarray(0, at));
    held.fill(0);
    held = Buffer.alloc(0);
    if (line === undefined) return end(unruly('the line is no UTF-8'));
    busy = true;
    take({
      line,
      answer(text) {
        busy = false;
        if (socket.writable) socket.write(`${text}\n`);
      },
      isGone: () => socket.destroyed,
    });
  });
}

const unruly = (cause: string): Fault =>
  fault('E_ILLEGAL', 'control-line', cause, 'Send one line, then wait for its answer');

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return undefined;
  }
}

/** Is there a control socket beside this journal? */
export const hasControl = (journalPath: string): boolean => existsSync(controlPath(journalPath));

/**
 * Sends one line to the counter that has the journal open, and hands over its answer. Faults: `control-missing` (no socket,
 * or nobody behind it: nothing was sent), `control-denied`; `control-lost` and `control-slow` (it was sent, and the connection
 * ended or the time was over without an answer): nothing is known, and the same request may be sent again.
 */
export function askCounter(journalPath: string, line: string, done: (answer: Result<string>) => void): void {
  const path = controlPath(journalPath);
  const wrong = unfit(path);
  if (wrong) return done(failed(fault('E_NOEXIST', 'control-missing', wrong.cause, wrong.remedy)));
  let sent = false;
  let over = false;
  const pieces: Buffer[] = [];
  let length = 0;
  const socket = connect(path);
  const finish = (answer: Result<string>): void => {
    if (over) return;
    over = true;
    socket.destroy();
    done(answer);
  };
  const lost = (why: string, name = 'control-lost'): void =>
    finish(failed(fault('E_TIMEOUT', name, `the counter at ${path} gave no answer: ${why}`, LOST_REMEDY)));
  socket.setTimeout(ANSWER_MS, () => lost('it takes too long', 'control-slow'));
  socket.on('connect', () => {
    sent = true;
    socket.write(`${line}\n`);
  });
  socket.on('data', (chunk: Buffer) => {
    pieces.push(chunk);
    length += chunk.length;
    if (length > ANSWER_LENGTH_MAX) return lost('its answer has no end');
    if (!chunk.includes(LINE_END)) return;
    const text = textOf(Buffer.concat(pieces));
    if (text === undefined) return lost('its answer is no text');
    finish(ok(text.slice(0, text.indexOf('\n'))));
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (sent) return lost(error.code ?? error.message);
    const denied = error.code === 'EACCES' || error.code === 'EPERM';
    finish(
      failed(
        denied
          ? fault('E_ILLEGAL', 'control-denied', `${path} belongs to another user`, 'Use the account of the counter')
          : fault('E_NOEXIST', 'control-missing', `no counter answers at ${path} (${error.code ?? error.message})`, ''),
      ),
    );
  });
  socket.on('close', () => lost('it closed the connection'));
}

const LOST_REMEDY = 'Enter it again with the same --request: it is made once at most';
