/* Feeds the meter recorded datagrams with bytes gone wrong, each in memory of exactly its size, so that the
 * sanitizers see every read beyond. Arguments: how many, then the files. */
#include "meter.c" /* first: it says what the headers are to offer */

#include <stdio.h>

static u64 state = 88172645463325252ull;

static u64 drawn(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static void spoil(u8 *b, u32 n) {
  for (u32 times = drawn() % 6; times && n; times--) {
    u32 at = drawn() % n;
    switch (drawn() % 4) {
      case 0: b[at] = (u8)drawn(); break;
      case 1: b[at] = 0xff; break;
      case 2: b[at] = 0; break;
      default:
        for (u32 from = drawn() % n, k = drawn() % 16; k && at + k < n && from + k < n; k--) b[at + k] = b[from + k];
    }
  }
}

int main(int count, char **word) {
  enum { FILES = 256, ROOM = 100 };
  static u8 *seed[FILES];
  static u32 size[FILES];
  static Record tapped[ROOM];
  static Tally hosts[ROOM], groups[17];
  u32 told, active, files = (u32)count - 2;
  static const u8 any6[16], doc6[16] = {0x20, 0x01, 0x0d, 0xb8};
  for (u32 i = 0; i < files && i < FILES; i++) {
    FILE *file = fopen(word[i + 2], "rb");
    seed[i] = malloc(65536);
    size[i] = (u32)fread(seed[i], 1, 65535, file);
    fclose(file);
  }
  Meter *m = meter_new(128, 256, 16, 64, 2000, 1 << 18, 64, 1);
  if (meter_protect6(m, any6, 0, 4) || meter_protect4(m, 0x0a000000, 18, 1) || meter_protect4(m, 0xc0a80000, 25, 3) ||
      meter_protect6(m, doc6, 32, 2))
    return 1;
  for (u64 k = 0, most = strtoull(word[1], 0, 10); k < most; k++) {
    u32 i = drawn() % files, n = drawn() % 8 ? size[i] : drawn() % (size[i] + 1);
    u8 *b = malloc(n ? n : 1), from[16] = {[10] = 0xff, [11] = 0xff, [15] = (u8)(drawn() % 200)};
    memcpy(b, seed[i], n);
    spoil(b, n);
    if (drawn() % 50 == 0) {
      meter_tap(m, tapped, drawn() % 2 ? ROOM : 0);
      for (u32 names = drawn() % 40; names; names--) meter_tap_for(m, (u8[16]){[15] = (u8)drawn()}, drawn() % 140);
    }
    if (drawn() % 50 == 0) meter_early(m, drawn() % 9 ? drawn() % 5000 : UINT64_MAX, drawn() % 9 ? drawn() % 100000 : UINT64_MAX);
    if (drawn() % 200 == 0) meter_peek(m, hosts, drawn() % ROOM);
    if (drawn() % 20000 == 0) meter_unlist(m);
    if (drawn() % 9000 == 0) meter_list(m, from, drawn() % 3, drawn() % 2);
    meter_feed(m, b, n, from, drawn() % 3, 1 + k * 1000000);
    if (drawn() % 20 == 0) meter_packet(m, b, n, (u32[]){1, 11, 12, 13}[drawn() % 4], n, 1000, 1 + k * 1000000);
    if (drawn() % 1000 == 0) meter_roll(m, drawn() % 2, hosts, ROOM, groups, &told, &active);
    free(b);
  }
  printf("%llu datagrams, %llu records, %llu sessions\n", (unsigned long long)m->datagrams,
         (unsigned long long)m->records, (unsigned long long)m->sessions_used);
  if (m->template_bytes > m->template_bytes_max || m->templates > m->templates_max) return 2;
  meter_free(m);
  for (u32 i = 0; i < files && i < FILES; i++) free(seed[i]);
  return 0;
}
