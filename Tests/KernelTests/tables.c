// Look-ups of bytes: equal to the loop, in other memory and in place.
#include <stdio.h>
#include <string.h>

#include "CKernels.h"
#include "support.h"

typedef void ChannelTables(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                           size_t channels, const uint8_t *tables);
typedef void OneTable(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                      size_t width, const uint8_t *table);

static void test_channel_tables(ChannelTables *kernel) {
  for (int round = 0; round < 300; round++) {
    size_t channels = between(1, 150), places = between(1, 400);
    size_t source_step = channels + between(0, 30), target_step = channels + between(0, 30);
    // Nothing may be touched behind the last place's channels.
    size_t source_size = (places - 1) * source_step + channels, target_size = (places - 1) * target_step + channels;
    uint8_t *source = random_room(source_size), *tables = random_room(256 * channels);
    uint8_t *found = random_room(target_size), *expected = room(target_size);
    memcpy(expected, found, target_size);
    for (size_t place = 0; place < places; place++)
      for (size_t c = 0; c < channels; c++)
        expected[place * target_step + c] = tables[256 * c + source[place * source_step + c]];
    kernel(source, source_step, found, target_step, places, channels, tables);
    expect_equal(found, expected, target_size, "Tables of channels");

    uint8_t *in_place = room(source_size);
    memcpy(in_place, source, source_size);
    kernel(in_place, source_step, in_place, source_step, places, channels, tables);
    for (size_t place = 0; place < places; place++)
      memcpy(source + place * source_step, expected + place * target_step, channels);
    expect_equal(in_place, source, source_size, "Tables of channels in place");
    clear_rooms();
  }
}

static void test_one_table(OneTable *kernel) {
  for (size_t round = 0; round < 600; round++) {
    // Each length on its own, then places that lie apart.
    size_t places = round < 300 ? 1 : between(1, 40), width = round < 300 ? round : between(1, 300);
    size_t source_step = width + between(0, 1) * between(0, 30), target_step = width + between(0, 1) * between(0, 30);
    size_t source_size = (places - 1) * source_step + width, target_size = (places - 1) * target_step + width;
    uint8_t *source = random_room(source_size), *table = random_room(256);
    uint8_t *found = random_room(target_size), *expected = room(target_size);
    memcpy(expected, found, target_size);
    for (size_t place = 0; place < places; place++)
      for (size_t i = 0; i < width; i++) expected[place * target_step + i] = table[source[place * source_step + i]];
    kernel(source, source_step, found, target_step, places, width, table);
    expect_equal(found, expected, target_size, "One table");

    uint8_t *in_place = room(source_size);
    memcpy(in_place, source, source_size);
    kernel(in_place, source_step, in_place, source_step, places, width, table);
    for (size_t place = 0; place < places; place++)
      memcpy(source + place * source_step, expected + place * target_step, width);
    expect_equal(in_place, source, source_size, "One table in place");
    clear_rooms();
  }
}

#if defined(__x86_64__)
static void one_table_avx512(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                             size_t width, const uint8_t *table) {
  for (size_t place = 0; place < places; place++)
    ek_one_table_avx512(source + place * source_step, target + place * target_step, width, table);
}
#endif

void test_tables(int32_t instruction_set) {
#if defined(__x86_64__)
  // Tables of channels have no kernel for AVX2.
  if (instruction_set == AVX512) test_channel_tables(ek_channel_tables_avx512);
  test_one_table(instruction_set == AVX512 ? one_table_avx512 : ek_one_table_avx2);
#elif defined(__aarch64__)
  (void)instruction_set;
  test_channel_tables(ek_channel_tables_neon);
  test_one_table(ek_one_table_neon);
#endif
  puts("  Tables give the bytes of the loop.");
}
