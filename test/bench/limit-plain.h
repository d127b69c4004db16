// The same steps as limit-avx2.h, eight bytes at a time at most, for machines without AVX2.

typedef struct {
  u64 digit; // not 0: a nibble above 9
  u64 text;  // sign bits: a character that is not allowed
} Check;

INLINE Check no_check(void) { return (Check){0, 0}; }
INLINE int all_right(Check bad) { return (bad.digit | (bad.text & 0x8080808080808080ull)) == 0; }

// A nibble above 9 in any place: its bit 3 together with bit 2 or 1.
INLINE u64 nibbles_bad(u64 x) { return (x >> 3) & ((x >> 2) | (x >> 1)) & 0x1111111111111111ull; }

INLINE u8 nibble(const u8 *p, u32 i) { return i & 1 ? p[i >> 1] & 15 : p[i >> 1] >> 4; }

INLINE void long_digits(const u8 *p, u32 digits, u8 *out, Check *bad, int check) {
  if (check)
    for (u32 at = 0; at < 16; at += 8) bad->digit |= nibbles_bad(load64(p + at) & load64(nibble_mask[digits] + at));
  for (u32 i = 0; i < (digits + 1) >> 1; i++) {
    out[2 * i] = '0' | p[i] >> 4;
    out[2 * i + 1] = '0' | (p[i] & 15);
  }
}
INLINE void short_digits(const u8 *p, u8 *out, Check *bad, int check) {
  if (check) bad->digit |= nibbles_bad(load64(p));
  for (u32 i = 0; i < 8; i++) {
    out[2 * i] = '0' | p[i] >> 4;
    out[2 * i + 1] = '0' | (p[i] & 15);
  }
}
INLINE void track_digits(const u8 *p, u8 *out) {
  for (u32 i = 0; i < 38; i++) out[i] = "0123456789ABCDEF"[nibble(p, i)];
}

// `length` packed bytes as a number; `drop` filler nibbles at the end, `keep` masks fillers at the front.
INLINE u32 packed_field(const u8 *p, u32 length, u32 drop, u64 keep, Check *bad, int check) {
  u64 x = (big64(p) >> (64 - 8 * length) & keep) >> (4 * drop);
  if (check) bad->digit |= packed_bad(x);
  return packed_number(x);
}
INLINE void numbers_request(const u8 *p, u32 *out, Check *bad, int check) {
  out[0] = packed_field(p, 3, 0, ~0ull, bad, check);
  out[1] = packed_field(p + 3, 2, 0, ~0ull, bad, check);
  out[2] = packed_field(p + 5, 4, 0, ~0ull, bad, check);
  out[3] = packed_field(p + 9, 3, 0, ~0ull, bad, check);
  out[4] = packed_field(p + 12, 2, 1, ~0ull, bad, check);
  out[5] = packed_field(p + 14, 2, 0, 0x0fff, bad, check);
  out[6] = packed_field(p + 16, 1, 0, ~0ull, bad, check);
  out[7] = packed_field(p + 17, 1, 0, ~0ull, bad, check);
}
INLINE void numbers_response(const u8 *p, u32 *out, Check *bad, int check) {
  out[0] = packed_field(p, 3, 0, ~0ull, bad, check);
  out[1] = packed_field(p + 3, 2, 0, ~0ull, bad, check);
  out[2] = packed_field(p + 5, 4, 0, ~0ull, bad, check);
  out[3] = packed_field(p + 9, 3, 0, ~0ull, bad, check);
  out[4] = packed_field(p + 12, 3, 0, ~0ull, bad, check);
  out[5] = packed_field(p + 15, 2, 0, ~0ull, bad, check);
  out[6] = packed_field(p + 17, 2, 0, ~0ull, bad, check);
  out[7] = packed_field(p + 19, 2, 0, ~0ull, bad, check);
}

// Eight characters at once: sign bits where one is below 20h, is 7Fh, or (with `an`) is above.
INLINE void characters(const u8 *p, u32 length, int an, Check *bad) {
  const u64 high = 0x8080808080808080ull;
  for (u32 at = 0; at < length; at += 8) {
    u64 x = load64(p + at), low = x & ~high;
    u64 printable = low + 0x6060606060606060ull;              // sign bit: at least 20h
    u64 erase = low + 0x0101010101010101ull;                  // sign bit: 7Fh
    u64 wrong = ((~printable | erase) & ~x & high) | (an ? x & high : 0);
    bad->text |= wrong & load64(byte_mask[length - at < 8 ? length - at : 8]);
  }
}
INLINE void text(const u8 *p, u32 length, Check *bad) { characters(p, length, 0, bad); }
INLINE void text_an(const u8 *p, u32 length, Check *bad) { characters(p, length, 1, bad); }
INLINE void text_request(const u8 *p, Check *bad) {
  characters(p, 23, 0, bad);
  characters(p + 23, 3, 1, bad);
}
INLINE void text_response(const u8 *p, Check *bad) {
  characters(p, 20, 1, bad);
  characters(p + 20, 23, 0, bad);
}

// ---- encoding ----

INLINE void pack_long(const u8 *ascii, u32 digits, u8 *out, Check *bad, int check) {
  for (u32 i = 0; i < digits; i += 2) {
    u8 high = ascii[i] - '0', low = i + 1 < digits ? ascii[i + 1] - '0' : 0;
    if (check) bad->digit |= (high > 9) | (low > 9);
    out[i >> 1] = high << 4 | low;
  }
}
INLINE void pack_short(const u8 *ascii, u8 *out, Check *bad, int check) { pack_long(ascii, 16, out, bad, check); }
INLINE u8 track_nibble(u8 c, Check *bad, int check) {
  if (check) bad->digit |= !((u8)(c - '0') <= 9 || (u8)(c - 'A') <= 5 || c == '=');
  return (c & 15) + (c >> 6) * 9;
}
INLINE void pack_track(const u8 *ascii, u32 digits, u8 *out, Check *bad, int check) {
  for (u32 i = 0; i < digits; i += 2) {
    u8 low = i + 1 < digits ? track_nibble(ascii[i + 1], bad, check) : 0;
    out[i >> 1] = track_nibble(ascii[i], bad, check) << 4 | low;
  }
}

INLINE u8 packed_two(u32 n) { return n / 10 << 4 | n % 10; }
INLINE void pack_field(u32 n, u32 most, u32 length, u8 *out, Check *bad, int check) {
  if (check) bad->digit |= n > most;
  for (u8 *p = out + length; p-- > out; n /= 100) *p = packed_two(n % 100);
}
INLINE void pack_request(const u32 *n, u8 *out, Check *bad, int check) {
  pack_field(n[0], 999999, 3, out, bad, check);
  pack_field(n[1], 9999, 2, out + 3, bad, check);
  pack_field(n[2], 99999999, 4, out + 5, bad, check);
  pack_field(n[3], 999999, 3, out + 9, bad, check);
  pack_field(n[4] * 10, 9990, 2, out + 12, bad, check);
  pack_field(n[5], 999, 2, out + 14, bad, check);
  pack_field(n[6], 99, 1, out + 16, bad, check);
  pack_field(n[7], 99, 1, out + 17, bad, check);
}
INLINE void pack_response(const u32 *n, u8 *out, Check *bad, int check) {
  pack_field(n[0], 999999, 3, out, bad, check);
  pack_field(n[1], 9999, 2, out + 3, bad, check);
  pack_field(n[2], 99999999, 4, out + 5, bad, check);
  pack_field(n[3], 999999, 3, out + 9, bad, check);
  pack_field(n[4], 999999, 3, out + 12, bad, check);
  pack_field(n[5], 9999, 2, out + 15, bad, check);
  pack_field(n[6], 9999, 2, out + 17, bad, check);
  pack_field(n[7], 9999, 2, out + 19, bad, check);
}
INLINE int pack_25_32(u32 f25, u64 f32, u32 digits, u8 *out25, u8 *out32) {
  if (f25 > 99) return 0;
  *out25 = packed_two(f25);
  if (digits & 1) f32 *= 10;
  for (u8 *p = out32 + ((digits + 1) >> 1); p-- > out32; f32 /= 100) *p = packed_two(f32 % 100);
  return f32 == 0;
}
INLINE void copy_wide(u8 *out, const u8 *from, u32 length) { memcpy(out, from, length); }
INLINE void copy32(u8 *out, const u8 *from) { memcpy(out, from, 32); }

INLINE u32 clean_run(const u8 *p, u32 left) {
  u32 most = left < 32 ? left : 32, run = 0;
  while (run < most && p[run] != 0x13 && p[run] != 0x16 && p[run] != 0x17) run++;
  return run;
}
