import { constants, inflateRawSync } from 'node:zlib';
import { deflateSync } from 'fflate';

/** Most that the payload of an image may inflate to, bytes. */
export const PROFILE_LENGTH_MAX = 4 * 1024 * 1024;

/**
 * Raw DEFLATE (RFC 1951), always the same bytes for the same text: a package of a pinned version packs, because what the zlib
 * of the platform makes of a text may change with the platform.
 */
export function packPayload(text: Uint8Array): Uint8Array {
  return deflateSync(text, { level: 9 });
}

/**
 * The bytes that {@link packPayload} or any other compressor packed; a text says what is wrong. zlib unpacks, which refuses
 * every stream that is not right in each detail; the stream has to end with the last byte, and inflating stops at
 * {@link PROFILE_LENGTH_MAX}: two readers of one image must see one profile or none.
 */
export function unpackPayload(payload: Uint8Array): Uint8Array | string {
  try {
    // With `info` the answer tells how much of the input was used; the types do not know it.
    const { buffer, engine } = inflateRawSync(payload, {
      info: true,
      maxOutputLength: PROFILE_LENGTH_MAX,
      finishFlush: constants.Z_FINISH,
    }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
    return engine.bytesWritten === payload.length ? new Uint8Array(buffer) : 'goes on behind its end';
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_BUFFER_TOO_LARGE') return `inflates to more than ${PROFILE_LENGTH_MAX} bytes`;
    if (typeof code === 'string' && code.startsWith('Z_')) return 'is no whole DEFLATE stream';
    throw error;
  }
}
