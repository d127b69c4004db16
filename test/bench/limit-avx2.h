// The wide steps of the C limit with AVX2. limit-plain.h has the same functions without it.

// Greatest nibble seen, and (sign bits) a character that is not allowed.
typedef struct {
  __m128i digit;
  __m256i text;
} Check;

INLINE Check no_check(void) { return (Check){_mm_setzero_si128(), _mm256_setzero_si256()}; }
INLINE int all_right(Check bad) {
  __m128i wrong = _mm_cmpgt_epi8(bad.digit, _mm_set1_epi8(9));
  return (_mm_movemask_epi8(wrong) | _mm256_movemask_epi8(bad.text)) == 0;
}

#define LOAD16(p) _mm_loadu_si128((const __m128i *)(p))
#define LOAD32(p) _mm256_loadu_si256((const __m256i *)(p))
#define STORE16(p, x) _mm_storeu_si128((__m128i *)(p), x)
#define STORE32(p, x) _mm256_storeu_si256((__m256i *)(p), x)
#define NIBBLES _mm_set1_epi8(15)

INLINE void note(Check *bad, __m128i nibbles) { bad->digit = _mm_max_epu8(bad->digit, nibbles); }

// Up to 31 packed digits in 16 bytes -> ASCII.
INLINE void long_digits(const u8 *p, u32 digits, u8 *out, Check *bad, int check) {
  __m128i x = LOAD16(p);
  if (check) x = _mm_and_si128(x, LOAD16(nibble_mask[digits]));
  __m128i low = _mm_and_si128(x, NIBBLES), high = _mm_and_si128(_mm_srli_epi16(x, 4), NIBBLES);
  if (check) note(bad, _mm_max_epu8(low, high));
  __m128i zero = _mm_set1_epi8('0');
  STORE16(out, _mm_or_si128(_mm_unpacklo_epi8(high, low), zero));
  STORE16(out + 16, _mm_or_si128(_mm_unpackhi_epi8(high, low), zero));
}

// 16 packed digits -> ASCII.
INLINE void short_digits(const u8 *p, u8 *out, Check *bad, int check) {
  __m128i x = _mm_loadl_epi64((const __m128i *)p);
  __m128i low = _mm_and_si128(x, NIBBLES), high = _mm_and_si128(_mm_srli_epi16(x, 4), NIBBLES);
  if (check) note(bad, _mm_max_epu8(low, high));
  STORE16(out, _mm_or_si128(_mm_unpacklo_epi8(high, low), _mm_set1_epi8('0')));
}

// Up to 37 packed track nibbles -> 0-9, A-F; any nibble is allowed.
INLINE void track_digits(const u8 *p, u8 *out) {
  const __m128i hex = _mm_setr_epi8('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F');
  __m128i x = LOAD16(p), y = _mm_loadl_epi64((const __m128i *)(p + 16));
  __m128i low = _mm_shuffle_epi8(hex, _mm_and_si128(x, NIBBLES));
  __m128i high = _mm_shuffle_epi8(hex, _mm_and_si128(_mm_srli_epi16(x, 4), NIBBLES));
  STORE16(out, _mm_unpacklo_epi8(high, low));
  STORE16(out + 16, _mm_unpackhi_epi8(high, low));
  low = _mm_shuffle_epi8(hex, _mm_and_si128(y, NIBBLES));
  high = _mm_shuffle_epi8(hex, _mm_and_si128(_mm_srli_epi16(y, 4), NIBBLES));
  STORE16(out + 32, _mm_unpacklo_epi8(high, low));
}

// Eight numbers of up to eight digits at once: each gets four bytes of the register, right-aligned.
INLINE void numbers(const u8 *p, __m256i place, __m256i keep, u32 *out, Check *bad, int check) {
  __m256i x = _mm256_inserti128_si256(_mm256_castsi128_si256(LOAD16(p)), LOAD16(p + 12), 1);
  x = _mm256_and_si256(_mm256_shuffle_epi8(x, place), keep);
  const __m256i nibbles = _mm256_set1_epi8(15);
  const __m256i tens = _mm256_setr_epi8(0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 127, 127, 127, 0, 10, 20, 30,
                                        40, 50, 60, 70, 80, 90, 100, 110, 120, 127, 127, 127);
  __m256i low = _mm256_and_si256(x, nibbles), high = _mm256_and_si256(_mm256_srli_epi16(x, 4), nibbles);
  if (check) {
    __m256i most = _mm256_max_epu8(low, high);
    note(bad, _mm_max_epu8(_mm256_castsi256_si128(most), _mm256_extracti128_si256(most, 1)));
  }
  __m256i pairs = _mm256_add_epi8(low, _mm256_shuffle_epi8(tens, high));
  __m256i fours = _mm256_maddubs_epi16(pairs, _mm256_set1_epi16(100 | 1 << 8));
  STORE32(out, _mm256_madd_epi16(fours, _mm256_set1_epi32(10000 | 1 << 16)));
}

#define NONE -1
INLINE void numbers_request(const u8 *p, u32 *out, Check *bad, int check) {
  // Field 22 stands left in its two bytes: the filler is masked away and the number read is ten times too large.
  const __m256i place = _mm256_setr_epi8(NONE, 0, 1, 2, NONE, NONE, 3, 4, 5, 6, 7, 8, NONE, 9, 10, 11, /* 22 */ NONE, NONE,
                                         0, 1, NONE, NONE, 2, 3, NONE, NONE, NONE, 4, NONE, NONE, NONE, 5);
  const __m256i keep = _mm256_setr_epi32(-1, -1, -1, -1, 0xf0ffffff, 0xff0fffff, -1, -1);
  numbers(p, place, keep, out, bad, check);
  out[4] /= 10;
}
INLINE void numbers_response(const u8 *p, u32 *out, Check *bad, int check) {
  const __m256i place = _mm256_setr_epi8(NONE, 0, 1, 2, NONE, NONE, 3, 4, 5, 6, 7, 8, NONE, 9, 10, 11, /* 12 */ NONE, 0, 1,
                                         2, NONE, NONE, 3, 4, NONE, NONE, 5, 6, NONE, NONE, 7, 8);
  numbers(p, place, _mm256_set1_epi8(-1), out, bad, check);
}

// Characters: 20-7E everywhere, 80-FF too where `an` has no bits. Bytes outside of `in` are not looked at.
INLINE void characters(__m256i x, __m256i in, __m256i an, Check *bad) {
  __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(0x1f)), x);
  __m256i erase = _mm256_cmpeq_epi8(x, _mm256_set1_epi8(0x7f));
  __m256i wrong = _mm256_or_si256(_mm256_or_si256(control, erase), _mm256_and_si256(x, an));
  bad->text = _mm256_or_si256(bad->text, _mm256_and_si256(wrong, in));
}
INLINE void text(const u8 *p, u32 length, Check *bad) {
  characters(LOAD32(p), LOAD32(byte_mask[length]), _mm256_setzero_si256(), bad);
}
INLINE void text_an(const u8 *p, u32 length, Check *bad) {
  characters(LOAD32(p), LOAD32(byte_mask[length]), _mm256_set1_epi8(-1), bad);
}
// 41 and 42 (ans, 23 bytes), 49 (an, 3 bytes)
INLINE void text_request(const u8 *p, Check *bad) {
  characters(LOAD32(p), LOAD32(byte_mask[26]), _mm256_xor_si256(LOAD32(byte_mask[23]), _mm256_set1_epi8(-1)), bad);
}
// 37, 38, 39 (an, 20 bytes), 41 and 42 (ans, 23 bytes)
INLINE void text_response(const u8 *p, Check *bad) {
  characters(LOAD32(p), _mm256_set1_epi8(-1), LOAD32(byte_mask[20]), bad);
  characters(LOAD32(p + 32), LOAD32(byte_mask[11]), _mm256_setzero_si256(), bad);
}

// ---- encoding ----

// ASCII digits -> packed, up to 32; characters behind them count as 0, so the filler is 0.
INLINE void pack_long(const u8 *ascii, u32 digits, u8 *out, Check *bad, int check) {
  __m256i x = _mm256_sub_epi8(LOAD32(ascii), _mm256_set1_epi8('0'));
  x = _mm256_and_si256(x, LOAD32(digit_mask[digits]));
  if (check) note(bad, _mm_max_epu8(_mm256_castsi256_si128(x), _mm256_extracti128_si256(x, 1)));
  __m256i y = _mm256_maddubs_epi16(x, _mm256_set1_epi16(16 | 1 << 8));
  STORE16(out, _mm_packus_epi16(_mm256_castsi256_si128(y), _mm256_extracti128_si256(y, 1)));
}
INLINE void pack_short(const u8 *ascii, u8 *out, Check *bad, int check) {
  __m128i x = _mm_sub_epi8(LOAD16(ascii), _mm_set1_epi8('0'));
  if (check) note(bad, x);
  __m128i y = _mm_maddubs_epi16(x, _mm_set1_epi16(16 | 1 << 8));
  _mm_storel_epi64((__m128i *)out, _mm_packus_epi16(y, y));
}

INLINE __m256i track_nibbles(__m256i c, __m256i in, Check *bad, int check) {
  // Below 40h the low nibble is the value (0-9, = as D); A-F lie nine further.
  __m256i letter = _mm256_and_si256(_mm256_srli_epi16(c, 6), _mm256_set1_epi8(3));
  __m256i value = _mm256_add_epi8(_mm256_and_si256(c, _mm256_set1_epi8(15)), _mm256_mullo_epi16(letter, _mm256_set1_epi16(9)));
  if (check) {
    __m256i d = _mm256_sub_epi8(c, _mm256_set1_epi8('0')), l = _mm256_sub_epi8(c, _mm256_set1_epi8('A'));
    __m256i good = _mm256_or_si256(_mm256_cmpeq_epi8(_mm256_min_epu8(d, _mm256_set1_epi8(9)), d),
                                   _mm256_cmpeq_epi8(_mm256_min_epu8(l, _mm256_set1_epi8(5)), l));
    good = _mm256_or_si256(good, _mm256_cmpeq_epi8(c, _mm256_set1_epi8('=')));
    bad->text = _mm256_or_si256(bad->text, _mm256_andnot_si256(good, in));
  }
  return _mm256_and_si256(value, in);
}
INLINE void pack_track(const u8 *ascii, u32 digits, u8 *out, Check *bad, int check) {
  u32 first = digits < 32 ? digits : 32;
  __m256i x = track_nibbles(LOAD32(ascii), LOAD32(digit_mask[first]), bad, check);
  __m256i z = track_nibbles(LOAD32(ascii + 32), LOAD32(digit_mask[digits - first]), bad, check);
  __m256i weights = _mm256_set1_epi16(16 | 1 << 8);
  __m256i y = _mm256_packus_epi16(_mm256_maddubs_epi16(x, weights), _mm256_maddubs_epi16(z, weights));
  STORE32(out, _mm256_permute4x64_epi64(y, 0xd8));
}

// Eight numbers below 10^8 -> 8 packed digits each, in 4 bytes.
INLINE __m256i packed_eight(__m256i x) {
  const __m256i inverse = _mm256_set1_epi32((int)0xd1b71759); // 2^45 / 10^4
  __m256i even = _mm256_srli_epi64(_mm256_mul_epu32(x, inverse), 45);
  __m256i odd = _mm256_srli_epi64(_mm256_mul_epu32(_mm256_srli_epi64(x, 32), inverse), 45);
  __m256i fours = _mm256_or_si256(even, _mm256_slli_epi64(odd, 32));
  // low half: above 10^4; high half: below 10^4
  __m256i rest = _mm256_sub_epi32(x, _mm256_madd_epi16(fours, _mm256_set1_epi32(10000)));
  __m256i v = _mm256_or_si256(fours, _mm256_slli_epi32(rest, 16));
  __m256i hundreds = _mm256_srli_epi16(_mm256_mulhi_epu16(v, _mm256_set1_epi16(5243)), 3);
  __m256i pairs = _mm256_sub_epi16(_mm256_slli_epi16(v, 8), _mm256_mullo_epi16(hundreds, _mm256_set1_epi16(25599)));
  __m256i low = _mm256_and_si256(pairs, _mm256_set1_epi16(0xff)), high = _mm256_srli_epi16(pairs, 8);
  low = _mm256_srli_epi16(_mm256_mullo_epi16(low, _mm256_set1_epi16(205)), 11);
  high = _mm256_srli_epi16(_mm256_mullo_epi16(high, _mm256_set1_epi16(205)), 11);
  __m256i tens = _mm256_or_si256(low, _mm256_slli_epi16(high, 8));
  return _mm256_add_epi8(pairs, _mm256_mullo_epi16(tens, _mm256_set1_epi16(6)));
}
INLINE void pack_numbers(const u32 *n, __m256i most, __m256i place, u8 *out, Check *bad, int check) {
  __m256i x = LOAD32(n);
  if (check) {
    __m256i fits = _mm256_cmpeq_epi32(_mm256_max_epu32(x, most), most);
    bad->text = _mm256_or_si256(bad->text, _mm256_xor_si256(fits, _mm256_set1_epi8(-1)));
  }
  __m256i packed = _mm256_shuffle_epi8(packed_eight(x), place);
  STORE16(out, _mm256_castsi256_si128(packed));
  STORE16(out + 12, _mm256_extracti128_si256(packed, 1));
}
// 32 (`digits` of them, from the left) and 25; returns 0 when one does not fit.
INLINE int pack_25_32(u32 f25, u64 f32, u32 digits, u8 *out25, u8 *out32) {
  if (UNLIKELY(f32 > 99999999999ull || f25 > 99)) return 0;
  u32 high = f32 / 100000000;
  __m256i x = _mm256_setr_epi32(high, (u32)(f32 - high * 100000000ull), f25, 0, 0, 0, 0, 0);
  __m128i packed = _mm256_castsi256_si128(packed_eight(x));
  u64 digits64 = __builtin_bswap64(_mm_cvtsi128_si64(packed));
  *out25 = _mm_extract_epi8(packed, 11);
  u64 left = __builtin_bswap64(digits64 << 4 << (60 - 4 * digits));
  memcpy(out32, &left, 8);
  return digits64 >> (4 * digits) == 0;
}
INLINE void pack_request(const u32 *n, u8 *out, Check *bad, int check) {
  const __m256i place = _mm256_setr_epi8(1, 2, 3, 6, 7, 8, 9, 10, 11, 13, 14, 15, NONE, NONE, NONE, NONE, /* 22 */ 2, 3, 6, 7,
                                         11, 15, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
  const __m256i most = _mm256_setr_epi32(999999, 9999, 99999999, 999999, 9990, 999, 99, 99);
  u32 m[8];
  memcpy(m, n, 32);
  m[4] *= 10;
  pack_numbers(m, most, place, out, bad, check);
}
INLINE void pack_response(const u32 *n, u8 *out, Check *bad, int check) {
  const __m256i place = _mm256_setr_epi8(1, 2, 3, 6, 7, 8, 9, 10, 11, 13, 14, 15, NONE, NONE, NONE, NONE, /* 12 */ 1, 2, 3, 6,
                                         7, 10, 11, 14, 15, NONE, NONE, NONE, NONE, NONE, NONE, NONE);
  const __m256i most = _mm256_setr_epi32(999999, 9999, 99999999, 999999, 999999, 9999, 9999, 9999);
  pack_numbers(n, most, place, out, bad, check);
}
INLINE void copy_wide(u8 *out, const u8 *from, u32 length) {
  if (__builtin_expect(length <= 128, 1)) {
    STORE32(out, LOAD32(from));
    if (length > 32) {
      STORE32(out + 32, LOAD32(from + 32));
      STORE32(out + 64, LOAD32(from + 64));
      STORE32(out + 96, LOAD32(from + 96));
    }
  } else memcpy(out, from, length);
}
INLINE void copy32(u8 *out, const u8 *from) { STORE32(out, LOAD32(from)); }

// Bytes before the first 13, 16 or 17; at most 32 and at most `left`.
INLINE u32 clean_run(const u8 *p, u32 left) {
  __m256i x = LOAD32(p);
  __m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(0x13)),
                                _mm256_or_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(0x16)),
                                                _mm256_cmpeq_epi8(x, _mm256_set1_epi8(0x17))));
  u32 mask = _mm256_movemask_epi8(hit), run = mask == 0 ? 32 : __builtin_ctz(mask);
  return run < left ? run : left;
}
