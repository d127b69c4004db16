/** Most that the payload of an image may inflate to, bytes. */
export const PROFILE_LENGTH_MAX = 4 * 1024 * 1024;

/**
 * The bytes that any compressor packed as raw DEFLATE (RFC 1951); a text says what is wrong. zlib unpacks, which refuses
 * every stream that is not right in each detail; the stream has to end with the last byte, and inflating stops at
 * {@link PROFILE_LENGTH_MAX}: two readers of one image must see one profile or none.
 */
export function unpackPayload(payload: Uint8Array): Uint8Array | string {
  // Loaded with the first image: a counter that has none starts without it.
  const { constants, inflateRawSync } = process.getBuiltinModule('node:zlib');
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
