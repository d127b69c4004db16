/** Every bound of the runtime in one place. Reaching one is a fault with a name. */

/** Longest ISO 8583 frame on the acquirer line, bytes after the 2-byte length (TPDU + header + body). */
export const FRAME_LENGTH_MAX = 4096;
/** Longest unstuffed ABECS packet, bytes (ABECS 2.20: 2049 in a secure session, 2044 clear). */
export const PACKET_LENGTH_MAX = 2049;
/** Longest ABECS block, bytes. */
export const BLOCK_LENGTH_MAX = 999;
/** Bytes of one PRINT part (XPR). */
export const PRINT_PART_MAX = 980;
/** Events waiting in the runtime's inbox. */
export const INBOX_MAX = 4096;
/** Longest EBX input, bytes. */
export const ENCRYPT_LENGTH_MAX = 256;
/** Longest line on the control socket, bytes; connections at a time; lines that wait for the end of a job. */
export const CONTROL_LINE_MAX = 8192;
export const CONTROL_CONNECTIONS_MAX = 8;
export const CONTROL_WAITING_MAX = 8;
/** How long such a line waits before it is refused, milliseconds. */
export const CONTROL_WAIT_MS = 60_000;
/** Cards of held refunds that stay in memory; those of more holds are asked for again. */
export const HELD_CARDS_MAX = 32;
/** How long such a card outlives the end of its waiting time, milliseconds. */
export const HELD_CARD_MS = 3_600_000;
/** Records of a journal that a trace can begin with; one that begins with more cannot be run again. */
export const TRACE_STATE_RECORDS_MAX = 10_000;
