// The codec of the C limit: decoding and encoding of exactly the two layouts that messages.ts makes (a sale request and its
// response), with every offset that can be known written down. Reads up to SLACK bytes behind a message, acts on none of them.
#include <stdint.h>
#include <string.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

enum { SLACK = 64, BAD = 0, INVALID = 0xff };
#define INLINE static inline __attribute__((always_inline))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

// Bitmaps as a big-endian 64-bit number.
#define BIT(f) (1ull << (64 - (f)))
#define REQUEST_MAP                                                                                                    \
  (BIT(2) | BIT(3) | BIT(4) | BIT(11) | BIT(22) | BIT(23) | BIT(25) | BIT(26) | BIT(35) | BIT(41) | BIT(42) | BIT(49) | \
   BIT(52) | BIT(53) | BIT(55) | BIT(60) | BIT(64))
#define RESPONSE_MAP                                                                                                   \
  (BIT(2) | BIT(3) | BIT(4) | BIT(11) | BIT(12) | BIT(13) | BIT(14) | BIT(15) | BIT(25) | BIT(32) | BIT(37) | BIT(38) | \
   BIT(39) | BIT(41) | BIT(42) | BIT(44) | BIT(49) | BIT(53) | BIT(55) | BIT(60) | BIT(63) | BIT(64))
enum { REQUEST_FIELDS = 17, RESPONSE_FIELDS = 22 };

// Offset (from the message's start) and length in bytes of each present field, in ascending order of the fields.
typedef struct {
  u16 offset[32];
  u16 length[32];
} Spans;

// number[]: 3, 4 above 10^8, 4 below 10^8, 11, then 22 23 25 26 in a request, 12 13 14 15 in a response (25 is apart).
typedef struct {
  u32 number[8];
  u64 amount, f32;
  u16 mti;
  u8 f25, size2, size32, size35, size60;
  u8 f2[32], f35[64], f53[16], f60[32];
  Spans spans;
} Values;

static u8 bcd_value[256];      // 0-99, INVALID when a nibble is above 9
static u8 digit_mask[40][32];  // n times 0xff, then 0: for ASCII digits
static u8 nibble_mask[40][16]; // n times 0xf, then 0: for packed digits
static u8 byte_mask[34][32];   // n times 0xff, then 0

static void make_tables(void) {
  for (int b = 0; b < 256; b++) bcd_value[b] = (b >> 4) > 9 || (b & 15) > 9 ? INVALID : (b >> 4) * 10 + (b & 15);
  for (int n = 0; n < 40; n++) {
    for (int i = 0; i < 32; i++) digit_mask[n][i] = i < n ? 0xff : 0;
    for (int i = 0; i < 16; i++) nibble_mask[n][i] = (2 * i < n ? 0xf0 : 0) | (2 * i + 1 < n ? 0x0f : 0);
  }
  for (int n = 0; n < 34; n++)
    for (int i = 0; i < 32; i++) byte_mask[n][i] = i < n ? 0xff : 0;
}

INLINE u64 load64(const u8 *p) {
  u64 x;
  memcpy(&x, p, 8);
  return x;
}
INLINE u64 big64(const u8 *p) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return __builtin_bswap64(load64(p));
#else
  return load64(p);
#endif
}

// 16 packed digits, most significant first, as a number; the top nibble is 0.
INLINE u64 packed_number(u64 x) {
  u64 v = x - 6 * ((x >> 4) & 0x0f0f0f0f0f0f0f0full);
  v = (v & 0x00ff00ff00ff00ffull) + 100 * ((v >> 8) & 0x00ff00ff00ff00ffull);
  v = (v & 0x0000ffff0000ffffull) + 10000 * ((v >> 16) & 0x0000ffff0000ffffull);
  return (v & 0xffffffffull) + 100000000 * (v >> 32);
}
// Not 0 when one of the nibbles is above 9; the top nibble is 0.
INLINE u64 packed_bad(u64 x) { return ((x + 0x0666666666666666ull) ^ x ^ 0x0666666666666666ull) & 0x1111111111111110ull; }

#if defined(__AVX2__)
#include "limit-avx2.h"
#else
#include "limit-plain.h"
#endif

// Writes spans for `count` fields from `slot` on: anchor + given distances.
#define SPANS(out, slot, anchor, ...)                                              \
  do {                                                                             \
    static const u16 distance[8] = {__VA_ARGS__};                                  \
    u16 *to = (out)->offset + (slot), base = (u16)(anchor);                        \
    for (int i = 0; i < 8; i++) to[i] = base + distance[i];                        \
  } while (0)

static const u16 request_length[32] = {0, 3, 6, 3, 2, 2, 1, 1, 0, 8, 15, 3, 8, 8, 0, 0, 8};
static const u16 response_length[32] = {0, 3, 6, 3, 3, 2, 2, 2, 1, 0, 12, 6, 2, 8, 15, 0, 3, 8, 0, 0, 0, 8};

// Where the parts of a message begin, as found by the walk over its variable fields.
typedef struct {
  u32 q, r, s, t, u, v;                           // offsets behind the 1st, 2nd … variable field
  u32 pan, track, n32, n44, n55, n60, n63, chip;  // sizes in digits or bytes
} Walk;

#define NEED(condition) if (UNLIKELY(!(condition))) return BAD

INLINE int walk_request(const u8 *m, u32 length, Walk *w) {
  NEED(length >= 10 + 1 + 8 + 9 + 1);
  NEED((w->pan = bcd_value[m[10]]) <= 19);
  w->q = 11 + ((w->pan + 1) >> 1);
  NEED(w->q + 19 <= length);
  NEED((w->track = bcd_value[m[w->q + 18]]) <= 37);
  w->r = w->q + 19 + ((w->track + 1) >> 1);
  NEED(w->r + 44 <= length);
  u32 low = bcd_value[m[w->r + 43]], high = m[w->r + 42];
  NEED(low <= 99 && high <= 9);
  w->n55 = high * 100 + low;
  w->s = w->r + 44 + w->n55;
  NEED(w->s + 2 <= length);
  NEED(m[w->s] == 0 && (w->n60 = bcd_value[m[w->s + 1]]) <= 21);
  w->t = w->s + 2 + ((w->n60 + 1) >> 1);
  return w->t + 8 == length;
}

INLINE int walk_response(const u8 *m, u32 length, Walk *w) {
  NEED(length >= 11);
  NEED((w->pan = bcd_value[m[10]]) <= 19);
  w->q = 11 + ((w->pan + 1) >> 1);
  NEED(w->q + 23 <= length);
  NEED((w->n32 = bcd_value[m[w->q + 22]]) <= 11);
  w->r = w->q + 23 + ((w->n32 + 1) >> 1);
  NEED(w->r + 44 <= length);
  NEED((w->n44 = bcd_value[m[w->r + 43]]) <= 25);
  w->s = w->r + 44 + w->n44;
  NEED(w->s + 13 <= length);
  u32 low = bcd_value[m[w->s + 12]], high = m[w->s + 11];
  NEED(low <= 99 && high <= 9);
  w->n55 = high * 100 + low;
  w->t = w->s + 13 + w->n55;
  NEED(w->t + 2 <= length);
  NEED(m[w->t] == 0 && (w->n60 = bcd_value[m[w->t + 1]]) <= 21);
  w->u = w->t + 2 + ((w->n60 + 1) >> 1);
  NEED(w->u + 2 <= length);
  low = bcd_value[m[w->u + 1]], high = m[w->u];
  NEED(low <= 99 && high <= 1);
  NEED((w->n63 = high * 100 + low) <= 163);
  w->v = w->u + 2 + w->n63;
  return w->v + 8 == length;
}

INLINE void spans_request(const Walk *w, Spans *out) {
  memcpy(out->length, request_length, 36);
  out->offset[0] = 11;
  SPANS(out, 1, w->q, 0, 3, 9, 12, 14, 16, 17, 19);
  SPANS(out, 9, w->r, 0, 8, 23, 26, 34, 44);
  out->offset[15] = w->s + 2;
  out->offset[16] = w->t;
  out->length[0] = (w->pan + 1) >> 1;
  out->length[8] = (w->track + 1) >> 1;
  out->length[14] = w->n55;
  out->length[15] = (w->n60 + 1) >> 1;
}

INLINE void spans_response(const Walk *w, Spans *out) {
  memcpy(out->length, response_length, 44);
  out->offset[0] = 11;
  SPANS(out, 1, w->q, 0, 3, 9, 12, 15, 17, 19, 21);
  out->offset[9] = w->q + 23;
  SPANS(out, 10, w->r, 0, 12, 18, 20, 28, 44);
  SPANS(out, 16, w->s, 0, 3, 13);
  out->offset[19] = w->t + 2;
  out->offset[20] = w->u + 2;
  out->offset[21] = w->v;
  out->length[0] = (w->pan + 1) >> 1;
  out->length[9] = (w->n32 + 1) >> 1;
  out->length[15] = w->n44;
  out->length[18] = w->n55;
  out->length[19] = (w->n60 + 1) >> 1;
  out->length[20] = w->n63;
}

// Each decoder returns the number of fields, BAD (0) when something is wrong.
static int decode_spans(const u8 *m, u32 length, Spans *out) {
  Walk w;
  NEED(length >= 10);
  NEED(bcd_value[m[0]] != INVALID && bcd_value[m[1]] != INVALID);
  u64 map = big64(m + 2);
  if (map == REQUEST_MAP) {
    NEED(walk_request(m, length, &w));
    spans_request(&w, out);
    return REQUEST_FIELDS;
  }
  NEED(map == RESPONSE_MAP && walk_response(m, length, &w));
  spans_response(&w, out);
  return RESPONSE_FIELDS;
}

INLINE int decode(const u8 *m, u32 length, Values *out, int check) {
  Walk w;
  Check bad = no_check();
  NEED(length >= 10);
  NEED(bcd_value[m[0]] != INVALID && bcd_value[m[1]] != INVALID);
  out->mti = m[0] << 8 | m[1];
  u64 map = big64(m + 2);
  if (map == REQUEST_MAP) {
    NEED(walk_request(m, length, &w));
    spans_request(&w, &out->spans);
    numbers_request(m + w.q, out->number, &bad, check);
    track_digits(m + w.q + 19, out->f35);
    out->size35 = w.track;
    short_digits(m + w.r + 34, out->f53, &bad, check);
    long_digits(m + w.s + 2, w.n60, out->f60, &bad, check);
    if (check) text_request(m + w.r, &bad);
  } else {
    NEED(map == RESPONSE_MAP && walk_response(m, length, &w));
    spans_response(&w, &out->spans);
    numbers_response(m + w.q, out->number, &bad, check);
    // 25 (two digits) rides above 32 (up to 11) through the same arithmetic.
    u64 n32 = (big64(m + w.q + 23) >> (60 - 4 * w.n32)) >> 4;
    u64 n25 = (u64)m[w.q + 21] << 48;
    if (check) NEED(packed_bad(n32 | n25) == 0);
    out->f25 = bcd_value[m[w.q + 21]];
    out->f32 = packed_number(n32);
    out->size32 = w.n32;
    short_digits(m + w.s + 3, out->f53, &bad, check);
    long_digits(m + w.t + 2, w.n60, out->f60, &bad, check);
    if (check) {
      text_response(m + w.r, &bad);
      text(m + w.r + 44, w.n44, &bad);
      text_an(m + w.s, 3, &bad);
      for (u32 at = 0; at < w.n63; at += 32) text(m + w.u + 2 + at, w.n63 - at < 32 ? w.n63 - at : 32, &bad);
    }
  }
  out->size60 = w.n60;
  out->size2 = w.pan;
  long_digits(m + 11, w.pan, out->f2, &bad, check);
  out->amount = (u64)out->number[1] * 100000000 + out->number[2];
  if (check) NEED(all_right(bad));
  return map == REQUEST_MAP ? REQUEST_FIELDS : RESPONSE_FIELDS;
}

static int decode_values(const u8 *m, u32 length, Values *out) { return decode(m, length, out, 1); }
static int decode_values_unchecked(const u8 *m, u32 length, Values *out) { return decode(m, length, out, 0); }
