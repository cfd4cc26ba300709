#include "CKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

// A table of 256 bytes in sixteen registers: four look-ups by six bits each.
typedef struct {
  uint8x16x4_t part[4];
} Table;

static inline Table table_at(const uint8_t *bytes) {
  Table table;
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 4; k++) table.part[i].val[k] = vld1q_u8(bytes + 64 * i + 16 * k);
  return table;
}

static inline uint8x16_t look_up(Table table, uint8x16_t bytes) {
  uint8x16_t sixty_four = vdupq_n_u8(64), found = vqtbl4q_u8(table.part[0], bytes);
  // What lies outside of a part keeps what it has.
  for (int i = 1; i < 4; i++) {
    bytes = vsubq_u8(bytes, sixty_four);
    found = vqtbx4q_u8(found, table.part[i], bytes);
  }
  return found;
}

// 16 x 16 bytes, turned over. Twice is nothing.
static inline void transpose(uint8x16_t r[16]) {
  uint8x16_t t[16];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 8; i++) {
      t[2 * i] = vzip1q_u8(r[i], r[i + 8]);
      t[2 * i + 1] = vzip2q_u8(r[i], r[i + 8]);
    }
    for (int i = 0; i < 8; i++) {
      r[2 * i] = vzip1q_u8(t[i], t[i + 8]);
      r[2 * i + 1] = vzip2q_u8(t[i], t[i + 8]);
    }
  }
}

// 64 places of 16 channels. In between they lie channel after channel, so that a table is loaded once for all places.
static inline void block(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step,
                         const uint8_t *tables) {
  uint8x16_t r[16], channels[16][4];
  for (size_t n = 0; n < 4; n++) {
    for (size_t i = 0; i < 16; i++) r[i] = vld1q_u8(source + (16 * n + i) * source_step);
    transpose(r);
    for (size_t c = 0; c < 16; c++) channels[c][n] = r[c];
  }
  for (size_t c = 0; c < 16; c++) {
    Table table = table_at(tables + 256 * c);
    for (size_t n = 0; n < 4; n++) channels[c][n] = look_up(table, channels[c][n]);
  }
  for (size_t n = 0; n < 4; n++) {
    for (size_t c = 0; c < 16; c++) r[c] = channels[c][n];
    transpose(r);
    for (size_t i = 0; i < 16; i++) vst1q_u8(target + (16 * n + i) * target_step, r[i]);
  }
}

static inline void singly(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                          size_t channels, const uint8_t *tables) {
  for (size_t place = 0; place < places; place++)
    for (size_t c = 0; c < channels; c++)
      target[place * target_step + c] = tables[256 * c + source[place * source_step + c]];
}

void ek_channel_tables_neon(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                            size_t channels, const uint8_t *tables) {
  // The tables of 16 channels are 4 KB: so many places at a time that all of them stay in the nearest cache.
  size_t whole = places / 64 * 64, most = channels < 128 ? 256 : 64;
  for (size_t first = 0; first < whole; first += most) {
    size_t end = whole - first < most ? whole : first + most;
    size_t c = 0;
    for (; c + 16 <= channels; c += 16)
      for (size_t place = first; place < end; place += 64)
        block(source + place * source_step + c, source_step, target + place * target_step + c, target_step, tables + 256 * c);
    if (c < channels)
      singly(source + first * source_step + c, source_step, target + first * target_step + c, target_step, end - first,
             channels - c, tables + 256 * c);
  }
  if (whole == places) return;
  size_t rest = places - whole, c = 0;
  // What is left over is a block of its own in other memory: fewer than 64 places occur once a tensor.
  for (; c + 16 <= channels && rest >= 16; c += 16) {
    uint8_t bytes[64 * 16];
    for (size_t place = 0; place < rest; place++)
      memcpy(bytes + 16 * place, source + (whole + place) * source_step + c, 16);
    memset(bytes + 16 * rest, 0, sizeof bytes - 16 * rest);
    block(bytes, 16, bytes, 16, tables + 256 * c);
    for (size_t place = 0; place < rest; place++)
      memcpy(target + (whole + place) * target_step + c, bytes + 16 * place, 16);
  }
  singly(source + whole * source_step + c, source_step, target + whole * target_step + c, target_step, rest, channels - c,
         tables + 256 * c);
}

void ek_one_table_neon(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                       size_t width, const uint8_t *table) {
  if (width == source_step && width == target_step) {
    width *= places;
    places = 1;
  }
  Table parts = table_at(table);
  for (size_t place = 0; place < places; place++, source += source_step, target += target_step) {
    size_t i = 0;
    for (; i + 16 <= width; i += 16) vst1q_u8(target + i, look_up(parts, vld1q_u8(source + i)));
    for (; i < width; i++) target[i] = table[source[i]];
  }
}
#endif
