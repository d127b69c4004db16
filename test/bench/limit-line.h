// The acquirer line's frames and the ABECS packet, in C.

// ---- frames: 2 bytes length, TPDU 5, header 6, body; chunks of any size, as a socket gives them ----

enum { FRAME_MAX = 4096, BODY_AT = 11 };
typedef struct {
  u8 frame[FRAME_MAX + SLACK];
  u32 have, need, length_bytes;
  u64 bodies;
  u32 body_bytes;
} Receiver;

INLINE void copy_frame(u8 *to, const u8 *from, u32 length) {
  if (__builtin_expect(length <= 256, 1)) {
    for (u32 at = 0; at < length; at += 32) copy32(to + at, from + at);
  } else memcpy(to, from, length);
}

// Takes a whole chunk; counts the bodies. Returns 0 when a length is impossible. 32 readable bytes lie behind the chunk.
static int receive(Receiver *r, const u8 *p, const u8 *end) {
  while (p < end) {
    if (r->length_bytes < 2) {
      if (__builtin_expect(r->length_bytes == 0 && end - p >= 2, 1)) {
        r->need = p[0] << 8 | p[1];
        r->length_bytes = 2;
        p += 2;
      } else {
        r->need = r->need << 8 | *p++;
        if (++r->length_bytes < 2) continue;
      }
      if (UNLIKELY(r->need < BODY_AT + 10 || r->need > FRAME_MAX)) return BAD;
    }
    u32 left = end - p, take = r->need - r->have;
    if (take > left) take = left;
    copy_frame(r->frame + r->have, p, take);
    r->have += take;
    p += take;
    if (r->have == r->need) {
      r->bodies++;
      r->body_bytes = r->need - BODY_AT;
      __asm__ volatile("" ::"r"(r->frame) : "memory"); // the body is looked at here
      r->have = r->need = r->length_bytes = 0;
    }
  }
  return 1;
}

// ---- ABECS: 16 | data, with 13 16 17 stuffed | 17 | CRC-16/XMODEM over the data and the 17 ----

enum { SYN = 0x16, ETB = 0x17, DC3 = 0x13 };
static u16 crc_table[8][256];
static u8 special[256];

static void make_line_tables(void) {
  for (int b = 0; b < 256; b++) {
    u16 crc = b << 8;
    for (int i = 0; i < 8; i++) crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    crc_table[0][b] = crc;
  }
  for (int k = 1; k < 8; k++)
    for (int b = 0; b < 256; b++) crc_table[k][b] = (u16)(crc_table[k - 1][b] << 8) ^ crc_table[0][crc_table[k - 1][b] >> 8];
  special[SYN] = special[ETB] = special[DC3] = 1;
}

INLINE u16 crc_step(u16 crc, u8 byte) { return (u16)(crc << 8) ^ crc_table[0][(crc >> 8) ^ byte]; }
INLINE u16 crc_bytes(u16 crc, const u8 *p, u32 length) {
  for (; length >= 8; p += 8, length -= 8)
    crc = crc_table[7][p[0] ^ crc >> 8] ^ crc_table[6][p[1] ^ (crc & 255)] ^ crc_table[5][p[2]] ^ crc_table[4][p[3]] ^
          crc_table[3][p[4]] ^ crc_table[2][p[5]] ^ crc_table[1][p[6]] ^ crc_table[0][p[7]];
  while (length--) crc = crc_step(crc, *p++);
  return crc;
}

// Byte by byte; returns the length of the packet, BAD when it does not fit.
static u32 packet_encode(const u8 *data, u32 length, u8 *out, u32 room) {
  u8 *p = out, *end = out + room - 3;
  u16 crc = 0;
  if (room < 4) return BAD;
  *p++ = SYN;
  for (u32 i = 0; i < length; i++) {
    u8 byte = data[i];
    crc = crc_step(crc, byte);
    if (UNLIKELY(special[byte])) {
      if (p + 1 >= end) return BAD;
      *p++ = DC3;
      *p++ = byte + 0x20;
    } else {
      if (UNLIKELY(p >= end)) return BAD;
      *p++ = byte;
    }
  }
  crc = crc_step(crc, ETB);
  p[0] = ETB;
  p[1] = crc >> 8;
  p[2] = crc;
  return p + 3 - out;
}

// A packet that begins at `in`; returns the length of the data, BAD when stuffing, CRC or length is wrong.
static u32 packet_decode(const u8 *in, u32 length, u8 *out, u32 room) {
  const u8 *p = in, *end = in + length;
  u8 *to = out, *stop = out + room;
  u16 crc = 0;
  if (p == end || *p++ != SYN) return BAD;
  for (;;) {
    if (UNLIKELY(p == end)) return BAD;
    u8 byte = *p++;
    if (UNLIKELY(special[byte])) {
      if (byte == ETB) break;
      if (byte == SYN || p == end) return BAD;
      byte = *p++ - 0x20;
      if (!special[byte]) return BAD;
    }
    if (UNLIKELY(to == stop)) return BAD;
    *to++ = byte;
    crc = crc_step(crc, byte);
  }
  crc = crc_step(crc, ETB);
  if (end - p < 2 || (p[0] << 8 | p[1]) != crc) return BAD;
  return to - out;
}

// The same with clean runs copied at once and the CRC eight bytes a step.
static u32 packet_encode_sliced(const u8 *data, u32 length, u8 *out, u32 room) {
  u8 *p = out;
  if (room < 2 * length + 4 + SLACK) return BAD;
  u16 crc = crc_step(crc_bytes(0, data, length), ETB);
  *p++ = SYN;
  for (u32 i = 0; i < length;) {
    u32 run = clean_run(data + i, length - i);
    copy32(p, data + i);
    p += run;
    i += run;
    if (run < 32 && i < length) {
      *p++ = DC3;
      *p++ = data[i++] + 0x20;
    }
  }
  p[0] = ETB;
  p[1] = crc >> 8;
  p[2] = crc;
  return p + 3 - out;
}

static u32 packet_decode_sliced(const u8 *in, u32 length, u8 *out, u32 room) {
  const u8 *p = in, *end = in + length;
  u8 *to = out;
  if (p == end || *p++ != SYN || room < length + SLACK) return BAD;
  for (;;) {
    u32 run = clean_run(p, end - p);
    copy32(to, p);
    to += run;
    p += run;
    if (UNLIKELY(p == end)) return BAD;
    if (run == 32) continue;
    if (*p == ETB) break;
    if (*p == SYN || p + 1 == end || !special[(u8)(p[1] - 0x20)]) return BAD;
    *to++ = p[1] - 0x20;
    p += 2;
  }
  u16 crc = crc_step(crc_bytes(0, out, to - out), ETB);
  if (end - p < 3 || (p[1] << 8 | p[2]) != crc) return BAD;
  return to - out;
}
