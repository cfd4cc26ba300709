#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#include "transpose_avx512.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))), apply_to = function)

// A table of 256 bytes in four registers: two look-ups by the lower seven bits, and a choice by the eighth.
typedef struct {
  __m512i part[4];
} Table;

static inline Table table_at(const uint8_t *bytes) {
  Table table;
  for (int i = 0; i < 4; i++) table.part[i] = _mm512_loadu_si512(bytes + 64 * i);
  return table;
}

static inline __m512i look_up(Table table, __m512i bytes) {
  __m512i low = _mm512_permutex2var_epi8(table.part[0], bytes, table.part[1]);
  __m512i high = _mm512_permutex2var_epi8(table.part[2], bytes, table.part[3]);
  return _mm512_mask_blend_epi8(_mm512_movepi8_mask(bytes), low, high);
}

// 64 places of 16 channels: lane l of register i holds place 16 l + i, so that after the transposition register c holds
// channel c of all of them.
static inline void block(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step,
                         const uint8_t *tables) {
  __m512i r[16];
  for (int i = 0; i < 16; i++) {
    const uint8_t *at = source + (size_t)i * source_step;
    __m512i value = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)at));
    value = _mm512_inserti32x4(value, _mm_loadu_si128((const __m128i *)(at + 16 * source_step)), 1);
    value = _mm512_inserti32x4(value, _mm_loadu_si128((const __m128i *)(at + 32 * source_step)), 2);
    r[i] = _mm512_inserti32x4(value, _mm_loadu_si128((const __m128i *)(at + 48 * source_step)), 3);
  }
  transpose(r);
  for (int c = 0; c < 16; c++) r[c] = look_up(table_at(tables + 256 * c), r[c]);
  transpose(r);
  for (int i = 0; i < 16; i++) {
    uint8_t *at = target + (size_t)i * target_step;
    _mm_storeu_si128((__m128i *)at, _mm512_castsi512_si128(r[i]));
    _mm_storeu_si128((__m128i *)(at + 16 * target_step), _mm512_extracti32x4_epi32(r[i], 1));
    _mm_storeu_si128((__m128i *)(at + 32 * target_step), _mm512_extracti32x4_epi32(r[i], 2));
    _mm_storeu_si128((__m128i *)(at + 48 * target_step), _mm512_extracti32x4_epi32(r[i], 3));
  }
}

static inline void singly(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                          size_t channels, const uint8_t *tables) {
  for (size_t place = 0; place < places; place++)
    for (size_t c = 0; c < channels; c++)
      target[place * target_step + c] = tables[256 * c + source[place * source_step + c]];
}

void ek_channel_tables_avx512(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
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
  for (; c + 16 <= channels && rest >= 8; c += 16) {
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

void ek_one_table_avx512(const uint8_t *source, uint8_t *target, size_t count, const uint8_t *table) {
  Table parts = table_at(table);
  size_t i = 0;
  for (; i + 64 <= count; i += 64)
    _mm512_storeu_si512(target + i, look_up(parts, _mm512_loadu_si512(source + i)));
  if (i == count) return;
  __mmask64 rest = ((__mmask64)1 << (count - i)) - 1;
  _mm512_mask_storeu_epi8(target + i, rest, look_up(parts, _mm512_maskz_loadu_epi8(rest, source + i)));
}

#pragma clang attribute pop
#endif
