import { failed, fault, ok, type Result } from '../../fault.ts';
import { headsOf, lengthAt, lengthBytesOf } from '../../trace/dialect/head.ts';
import { HexText, parseHex } from '../../trace/text.ts';

/** Most messages that are looked at, and bytes of one. */
const MESSAGES_MAX = 200;
const MESSAGE_MAX = 65_540;
/** Shortest thing that may be a message, bytes: message type, bitmap, a field. */
const MESSAGE_LEAST = 14;

/**
 * The messages in what a person has of an unknown acquirer: hex dumps in a text of any kind, one message a line or one over
 * several lines, frames one behind the other, or the bytes themselves. Where a text can be cut in several ways, the one counts
 * in which more looks like messages. Fault `no-message`.
 */
export function messagesIn(bytes: Uint8Array): Result<readonly Uint8Array[]> {
  const cuts = isText(bytes) ? cutsOf(new TextDecoder('latin1').decode(bytes)) : [[bytes]];
  let best: readonly Uint8Array[] = [];
  let most = Number.NEGATIVE_INFINITY;
  for (const cut of [...cuts, ...cuts.flatMap(frames)]) {
    const messages = cut
      .filter(({ length }) => length >= MESSAGE_LEAST && length <= MESSAGE_MAX)
      .slice(0, MESSAGES_MAX);
    if (messages.length === 0) continue;
    const bits = headsOf(messages).at(0)?.bits ?? 0;
    if (bits <= most) continue;
    best = messages;
    most = bits;
  }
  if (best.length > 0) return ok(best);
  const cause = `no hex of at least ${MESSAGE_LEAST} bytes was found`;
  return failed(
    fault('E_ILLEGAL', 'no-message', cause, 'Give one or more messages as hex, a hex dump, or a binary file'),
  );
}

function isText(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 0x0a || byte === 0x0d || byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));
}

/** Ways to cut a text into messages. */
function cutsOf(text: string): readonly (readonly Uint8Array[])[] {
  const lines = text.split(/\r?\n/);
  const dumps: Uint8Array[] = [];
  const reader = new HexText(() => {});
  for (const line of [...lines.map(line => reader.push(line)), reader.end()])
    if (line !== undefined) dumps.push(line.bytes);
  const single: Uint8Array[] = [];
  for (const line of lines) {
    const parsed = parseHex(line.replace(/^[^0-9A-Fa-f]*/, ''));
    if (line.trim() !== '' && parsed.ok) single.push(parsed.value);
  }
  if (dumps.length > 0 || single.length > 0) return [dumps, single].filter(cut => cut.length > 0);
  // No hex at all: the characters may be the message.
  return [[Uint8Array.from(text.replace(/[\r\n]+$/, ''), character => character.charCodeAt(0))]];
}

/** Stretches that are frames one behind the other, cut by their lengths. */
function frames(cut: readonly Uint8Array[]): readonly (readonly Uint8Array[])[] {
  const found: Uint8Array[][] = [];
  for (const length of ['binary', 'little', 'bcd', 'ascii'] as const) {
    const all: Uint8Array[] = [];
    const whole = cut.every(bytes => {
      for (let at = 0; at < bytes.length;) {
        const told = lengthAt(length, bytes, at);
        const end = at + lengthBytesOf(length) + told;
        if (told < MESSAGE_LEAST || end > bytes.length) return false;
        all.push(bytes.subarray(at, end));
        at = end;
      }
      return true;
    });
    if (whole && all.length > cut.length) found.push(all);
  }
  return found;
}
