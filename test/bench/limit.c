// The C limit of the benchmark: the same work as the codec's, written for exactly the messages of messages.ts.
//
//   limit SLAB            checks, then obeys lines on standard input: `run OP SECONDS` -> {"op":…,"count":…,"ns":…}
//                         and `dump` -> a line for each field of each message, `message field value`, then `end KIND`
//   limit SLAB SECONDS RUNS [OP…]   checks, then prints {"op":…,"runs":[million a second, …]} for each operation
//
// Build: cc -O3 -march=native -o limit limit.c
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "limit-codec.h"
#include "limit-encode.h"
#include "limit-line.h"

#if defined(__AVX2__)
#define KIND "AVX2"
#else
#define KIND "plain C, without AVX2: a good deal slower than C can be"
#endif

enum { COUNT_MAX = 4096, CHUNK = 1460, ROOM = 4096 };
typedef struct {
  u32 frame, body, end;
} Place;

static u32 count, used;
static Place place[COUNT_MAX];
static u8 *slab;
static Input input[COUNT_MAX];
static u8 *packet[COUNT_MAX];
static u32 packet_length[COUNT_MAX];
static u8 out[ROOM] __attribute__((aligned(64)));
static Values values;
static Spans spans;
static Receiver receiver;
volatile u64 sink;

#define USE(x) __asm__ volatile("" ::"r"(x) : "memory")

static void die(const char *what, u32 message) {
  fprintf(stderr, "limit: %s (message %u)\n", what, message);
  exit(1);
}

static void load(const char *path) {
  FILE *file = fopen(path, "rb");
  u32 head[2];
  if (!file || fread(head, 4, 2, file) != 2) die("cannot read the messages", 0);
  count = head[0], used = head[1];
  if (count == 0 || count > COUNT_MAX || fread(place, sizeof(Place), count, file) != count) die("no messages", 0);
  slab = calloc(1, used + SLACK);
  if (!slab || fread(slab, 1, used, file) != used) die("the messages end early", 0);
  fclose(file);
  for (u32 i = 0; i < count; i++)
    if (place[i].frame > place[i].body || place[i].body > place[i].end || place[i].end > used) die("bad offsets", i);
}

// One pass over all messages. Each returns a number that depends on the results.
static u64 pass_copy(void) {
  for (u32 i = 0; i < count; i++) {
    memcpy(out, slab + place[i].body, place[i].end - place[i].body);
    USE(out);
  }
  return count;
}
static u64 pass_spans(void) {
  u64 sum = 0;
  for (u32 i = 0; i < count; i++) {
    sum += decode_spans(slab + place[i].body, place[i].end - place[i].body, &spans);
    USE(&spans);
  }
  return sum;
}
static u64 pass_values(void) {
  u64 sum = 0;
  for (u32 i = 0; i < count; i++) {
    sum += decode_values(slab + place[i].body, place[i].end - place[i].body, &values);
    USE(&values);
  }
  return sum;
}
static u64 pass_values_unchecked(void) {
  u64 sum = 0;
  for (u32 i = 0; i < count; i++) {
    sum += decode_values_unchecked(slab + place[i].body, place[i].end - place[i].body, &values);
    USE(&values);
  }
  return sum;
}
static u64 pass_encode(void) {
  u64 sum = 0;
  for (u32 i = 0; i < count; i++) {
    sum += encode_checked(&input[i], out, ROOM);
    USE(out);
  }
  return sum;
}
static u64 pass_encode_unchecked(void) {
  u64 sum = 0;
  for (u32 i = 0; i < count; i++) {
    sum += encode_unchecked(&input[i], out, ROOM);
    USE(out);
  }
  return sum;
}
static u64 pass_frames(void) {
  for (u32 at = 0; at < used; at += CHUNK)
    if (!receive(&receiver, slab + at, slab + (used - at < CHUNK ? used : at + CHUNK))) die("bad frame", at);
  return receiver.bodies;
}
#define ABECS_PASS(name, call)                                                    \
  static u64 name(void) {                                                         \
    u64 sum = 0;                                                                  \
    for (u32 i = 0; i < count; i++) {                                             \
      const u8 *body = slab + place[i].body;                                      \
      u32 length = place[i].end - place[i].body;                                  \
      (void)body, (void)length;                                                   \
      sum += call;                                                                \
      USE(out);                                                                   \
    }                                                                             \
    return sum;                                                                   \
  }
ABECS_PASS(pass_abecs_encode, packet_encode(body, length, out, ROOM))
ABECS_PASS(pass_abecs_decode, packet_decode(packet[i], packet_length[i], out, ROOM))
ABECS_PASS(pass_abecs_encode_sliced, packet_encode_sliced(body, length, out, ROOM))
ABECS_PASS(pass_abecs_decode_sliced, packet_decode_sliced(packet[i], packet_length[i], out, ROOM))

static const struct {
  const char *name;
  u64 (*pass)(void);
} operations[] = {
    {"copy", pass_copy},
    {"spans", pass_spans},
    {"values", pass_values},
    {"values-unchecked", pass_values_unchecked},
    {"encode", pass_encode},
    {"encode-unchecked", pass_encode_unchecked},
    {"acquirer-frame", pass_frames},
    {"abecs-encode", pass_abecs_encode},
    {"abecs-decode", pass_abecs_decode},
    {"abecs-encode-sliced", pass_abecs_encode_sliced},
    {"abecs-decode-sliced", pass_abecs_decode_sliced},
};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static void check(void) {
  for (u32 i = 0; i < count; i++) {
    const u8 *m = slab + place[i].body;
    u32 length = place[i].end - place[i].body;
    Values plain;
    memset(&values, 0, sizeof values), memset(&plain, 0, sizeof plain);
    if (!decode_values_unchecked(m, length, &plain)) die("cannot be decoded without checks", i);
    if (!decode_values(m, length, &values)) die("cannot be decoded", i);
    if (decode_spans(m, length, &spans) == BAD) die("has no spans", i);
    if (memcmp(plain.number, values.number, 32) || plain.amount != values.amount) die("differs without checks", i);
    if (memcmp(spans.offset, values.spans.offset, 34)) die("has different spans", i);
    for (u32 cut = 0; cut < length; cut++)
      if (decode_values(m, cut, &plain) || decode_spans(m, cut, &spans)) die("is accepted cut short", i);
    input_of(m, &values, &input[i]);
    if (encode_checked(&input[i], out, ROOM) != length || memcmp(out, m, length)) die("encodes to other bytes", i);
    memset(out, 0, ROOM);
    if (encode_unchecked(&input[i], out, ROOM) != length || memcmp(out, m, length)) die("encodes to other bytes", i);
    // Damage that the checks must see: a digit, a character.
    u8 copy[ROOM] = {0};
    memcpy(copy, m, length);
    copy[11 + ((values.size2 + 1) >> 1) + 5] |= 0xf0;
    if (decode_values(copy, length, &plain)) die("is accepted with a wrong digit", i);
    memcpy(copy, m, length);
    copy[values.spans.offset[values.mti == 0x0200 ? 10 : 14] + 3] = 7;
    if (decode_values(copy, length, &plain)) die("is accepted with a wrong character", i);

    packet[i] = calloc(1, 2 * length + 4 + SLACK);
    packet_length[i] = packet_encode(m, length, packet[i], 2 * length + 4);
    if (packet_encode_sliced(m, length, out, ROOM) != packet_length[i] || memcmp(out, packet[i], packet_length[i]))
      die("makes two different packets", i);
    if (packet_decode(packet[i], packet_length[i], out, ROOM) != length || memcmp(out, m, length)) die("packet is lost", i);
    memset(out, 0, ROOM);
    if (packet_decode_sliced(packet[i], packet_length[i], out, ROOM) != length || memcmp(out, m, length))
      die("packet is lost", i);
  }
  receiver.bodies = 0;
  if (pass_frames() != count) die("frames are lost", 0);
}

static void dump(void) {
  for (u32 i = 0; i < count; i++) {
    const u8 *m = slab + place[i].body;
    decode_values(m, place[i].end - place[i].body, &values);
    printf("%u 2 %.*s\n%u 4 %012llu\n", i, values.size2, values.f2, i, (unsigned long long)values.amount);
    printf("%u 3 %06u\n%u 11 %06u\n%u 53 %.16s\n", i, values.number[0], i, values.number[3], i, values.f53);
    printf("%u 60 %.*s\n", i, values.size60, values.f60);
    const u32 *n = values.number + 4;
    if (values.mti == 0x0200) {
      printf("%u 22 %03u\n%u 23 %03u\n%u 25 %02u\n%u 26 %02u\n", i, n[0], i, n[1], i, n[2], i, n[3]);
      printf("%u 35 %.*s\n", i, values.size35, values.f35);
    } else {
      printf("%u 12 %06u\n%u 13 %04u\n%u 14 %04u\n%u 15 %04u\n", i, n[0], i, n[1], i, n[2], i, n[3]);
      printf("%u 25 %02u\n%u 32 %0*llu\n", i, values.f25, i, values.size32, (unsigned long long)values.f32);
    }
    int last = values.mti == 0x0200 ? REQUEST_FIELDS : RESPONSE_FIELDS;
    printf("%u spans", i);
    for (int k = 0; k < last; k++) printf(" %u+%u", values.spans.offset[k], values.spans.length[k]);
    printf("\n");
  }
  printf("end %s\n", KIND);
}

static u64 now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// Runs one operation for a time; returns the messages done and sets the nanoseconds.
static u64 measure(u64 (*pass)(void), double seconds, u64 *ns) {
  u64 from = now(), until = from + (u64)(seconds * 1e9), done = 0, at;
  do {
    for (int k = 0; k < 16; k++) sink += pass();
    done += 16ull * count;
    at = now();
  } while (at < until);
  *ns = at - from;
  return done;
}

int main(int argc, char **argv) {
  if (argc < 2) die("give the file of messages", 0);
  make_tables(), make_encode_tables(), make_line_tables();
  load(argv[1]);
  check();
  u64 ns;
  if (argc > 3) {
    double seconds = atof(argv[2]);
    int runs = atoi(argv[3]);
    for (int k = 0; k < OPERATIONS; k++) {
      int wanted = argc == 4;
      for (int a = 4; a < argc; a++) wanted |= strcmp(argv[a], operations[k].name) == 0;
      if (!wanted) continue;
      printf("{\"op\":\"%s\",\"runs\":[", operations[k].name);
      for (int r = 0; r < runs; r++) {
        u64 done = measure(operations[k].pass, seconds, &ns);
        printf("%s%.2f", r ? "," : "", done * 1e3 / ns);
      }
      printf("]}\n"), fflush(stdout);
    }
    return 0;
  }
  char line[256], name[64];
  double seconds;
  while (fgets(line, sizeof line, stdin)) {
    if (strcmp(line, "dump\n") == 0) dump();
    else if (sscanf(line, "run %63s %lf", name, &seconds) == 2) {
      int k = 0;
      while (k < OPERATIONS && strcmp(name, operations[k].name) != 0) k++;
      if (k == OPERATIONS) die("no such operation", 0);
      u64 done = measure(operations[k].pass, seconds, &ns);
      printf("{\"op\":\"%s\",\"count\":%llu,\"ns\":%llu}\n", name, (unsigned long long)done, (unsigned long long)ns);
    }
    fflush(stdout);
  }
  return 0;
}
