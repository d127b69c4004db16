// Encoding of the two layouts, from a struct of values to the bytes of a message with bitmap and lengths.

typedef struct {
  u32 number[8]; // as in Values, 4 apart
  u64 amount, f32;
  u16 mti, size55, size63;
  u8 f25, size2, size32, size35, size44, size60;
  u8 f2[32], f35[64], f53[16], f60[32]; // ASCII digits
  u8 f37[12], f38[6], f39[2];
  u8 f41[8], f42[15], f49[3], f52[8], room[16];
  u8 f64[8], f44[32], f63[256], f55[1024];
} Input;

static u8 packed_byte[100];
static void make_encode_tables(void) {
  for (int n = 0; n < 100; n++) packed_byte[n] = n / 10 << 4 | n % 10;
}

static const u8 request_map[8] = {(u8)(REQUEST_MAP >> 56), (u8)(REQUEST_MAP >> 48), (u8)(REQUEST_MAP >> 40),
                                  (u8)(REQUEST_MAP >> 32), (u8)(REQUEST_MAP >> 24), (u8)(REQUEST_MAP >> 16),
                                  (u8)(REQUEST_MAP >> 8), (u8)REQUEST_MAP};
static const u8 response_map[8] = {(u8)(RESPONSE_MAP >> 56), (u8)(RESPONSE_MAP >> 48), (u8)(RESPONSE_MAP >> 40),
                                   (u8)(RESPONSE_MAP >> 32), (u8)(RESPONSE_MAP >> 24), (u8)(RESPONSE_MAP >> 16),
                                   (u8)(RESPONSE_MAP >> 8), (u8)RESPONSE_MAP};

INLINE u8 *put_ll(u8 *p, u32 n) {
  *p = packed_byte[n];
  return p + 1;
}
INLINE u8 *put_lll(u8 *p, u32 n) {
  p[0] = n / 100;
  p[1] = packed_byte[n % 100];
  return p + 2;
}

// Returns the length of the message, BAD when a value does not fit or `room` is too small.
INLINE u32 encode(const Input *in, u8 *out, u32 room, int check) {
  Check bad = no_check();
  NEED(in->size2 <= 19 && in->size60 <= 21 && in->size55 <= 999);
  NEED(room >= 320u + in->size55 + SLACK);
  u32 number[8];
  memcpy(number, in->number, 32);
  number[1] = in->amount / 100000000;
  number[2] = in->amount - number[1] * 100000000ull;
  out[0] = in->mti >> 8;
  out[1] = in->mti;
  u8 *p = put_ll(out + 10, in->size2);
  pack_long(in->f2, in->size2, p, &bad, check);
  p += (in->size2 + 1) >> 1;
  if (in->mti == 0x0200) {
    NEED(in->size35 <= 37);
    memcpy(out + 2, request_map, 8);
    pack_request(number, p, &bad, check);
    p = put_ll(p + 18, in->size35);
    pack_track(in->f35, in->size35, p, &bad, check);
    p += (in->size35 + 1) >> 1;
    copy32(p, in->f41); // 41, 42, 49 and the first bytes of 52
    if (check) text_request(in->f41, &bad);
    memcpy(p + 26, in->f52, 8);
    pack_short(in->f53, p + 34, &bad, check);
    p = put_lll(p + 42, in->size55);
    copy_wide(p, in->f55, in->size55);
    p = put_lll(p + in->size55, in->size60);
    pack_long(in->f60, in->size60, p, &bad, check);
    p += (in->size60 + 1) >> 1;
  } else {
    NEED(in->size32 <= 11 && in->size44 <= 25 && in->size63 <= 163);
    memcpy(out + 2, response_map, 8);
    pack_response(number, p, &bad, check);
    NEED(pack_25_32(in->f25, in->f32, in->size32, p + 21, p + 23));
    p[22] = packed_byte[in->size32];
    p += 23 + ((in->size32 + 1) >> 1);
    copy32(p, in->f37); // 37, 38, 39 and the first 12 bytes of 41 and 42
    memcpy(p + 20, in->f41, 23);
    p = put_ll(p + 43, in->size44);
    copy32(p, in->f44);
    p += in->size44;
    memcpy(p, in->f49, 3);
    pack_short(in->f53, p + 3, &bad, check);
    p = put_lll(p + 11, in->size55);
    copy_wide(p, in->f55, in->size55);
    p = put_lll(p + in->size55, in->size60);
    pack_long(in->f60, in->size60, p, &bad, check);
    p += (in->size60 + 1) >> 1;
    p = put_lll(p, in->size63);
    copy_wide(p, in->f63, in->size63);
    p += in->size63;
    if (check) {
      text_response(in->f37, &bad);
      text(in->f44, in->size44, &bad);
      text_an(in->f49, 3, &bad);
      for (u32 at = 0; at < in->size63; at += 32) text(in->f63 + at, in->size63 - at < 32 ? in->size63 - at : 32, &bad);
    }
  }
  memcpy(p, in->f64, 8);
  if (check) NEED(all_right(bad));
  return p + 8 - out;
}

static u32 encode_checked(const Input *in, u8 *out, u32 room) { return encode(in, out, room, 1); }
static u32 encode_unchecked(const Input *in, u8 *out, u32 room) { return encode(in, out, room, 0); }

// What the encoder needs, taken from a decoded message. Not measured.
static void input_of(const u8 *m, const Values *v, Input *in) {
  static const u8 request_fields[] = {2, 3, 4, 11, 22, 23, 25, 26, 35, 41, 42, 49, 52, 53, 55, 60, 64};
  static const u8 response_fields[] = {2, 3, 4, 11, 12, 13, 14, 15, 25, 32, 37, 38, 39, 41, 42, 44, 49, 53, 55, 60, 63, 64};
  int is_request = v->mti == 0x0200, count = is_request ? REQUEST_FIELDS : RESPONSE_FIELDS;
  memset(in, 0, sizeof *in);
  memcpy(in->number, v->number, 32);
  in->amount = v->amount, in->f32 = v->f32, in->mti = v->mti, in->f25 = v->f25;
  in->size2 = v->size2, in->size32 = v->size32, in->size35 = v->size35, in->size60 = v->size60;
  memcpy(in->f2, v->f2, 32), memcpy(in->f35, v->f35, 64), memcpy(in->f53, v->f53, 16), memcpy(in->f60, v->f60, 32);
  for (int i = 0; i < count; i++) {
    const u8 *p = m + v->spans.offset[i];
    u32 length = v->spans.length[i];
    switch (is_request ? request_fields[i] : response_fields[i]) {
      case 37: memcpy(in->f37, p, length); break;
      case 38: memcpy(in->f38, p, length); break;
      case 39: memcpy(in->f39, p, length); break;
      case 41: memcpy(in->f41, p, length); break;
      case 42: memcpy(in->f42, p, length); break;
      case 44: memcpy(in->f44, p, in->size44 = length); break;
      case 49: memcpy(in->f49, p, length); break;
      case 52: memcpy(in->f52, p, length); break;
      case 55: memcpy(in->f55, p, in->size55 = length); break;
      case 63: memcpy(in->f63, p, in->size63 = length); break;
      case 64: memcpy(in->f64, p, length); break;
    }
  }
}
