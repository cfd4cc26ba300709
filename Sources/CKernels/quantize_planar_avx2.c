#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

// 32 places of a channel as bytes: byte 4 q + j of lane l is place 8 q + 4 l + j. What is no number becomes less than zero;
// packing makes zeros of those.
static inline __m256i bytes(const float *source, float factor, float shift) {
  __m256i four[4];
  for (int q = 0; q < 4; q++) {
    __m256 product = _mm256_mul_ps(_mm256_loadu_ps(source + 8 * q), _mm256_set1_ps(factor));
    four[q] = _mm256_cvtps_epi32(_mm256_min_ps(_mm256_set1_ps(255), _mm256_add_ps(product, _mm256_set1_ps(shift))));
  }
  return _mm256_packus_epi16(_mm256_packs_epi32(four[0], four[1]), _mm256_packs_epi32(four[2], four[3]));
}

// 32 places of 8 channels.
static inline void block(const float *source, size_t plane, uint8_t *target, size_t step, const float *factors,
                         const float *shifts) {
  __m256i r[8], t[8];
  for (int c = 0; c < 8; c++) r[c] = bytes(source + (size_t)c * plane, factors[c], shifts[c]);
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_epi8(r[i], r[i + 4]);
    t[2 * i + 1] = _mm256_unpackhi_epi8(r[i], r[i + 4]);
  }
  for (int i = 0; i < 4; i++) {
    r[2 * i] = _mm256_unpacklo_epi8(t[i], t[i + 4]);
    r[2 * i + 1] = _mm256_unpackhi_epi8(t[i], t[i + 4]);
  }
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_epi8(r[i], r[i + 4]);
    t[2 * i + 1] = _mm256_unpackhi_epi8(r[i], r[i + 4]);
  }
  // Half h of lane l of register i is byte 2 i + h of the lane, of all channels.
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) {
    uint8_t *at = target + (size_t)(i / 2 * 8 + i % 2 * 2) * step;
    __m128i low = _mm256_castsi256_si128(t[i]), high = _mm256_extracti128_si256(t[i], 1);
    _mm_storel_epi64((__m128i *)at, low);
    _mm_storel_epi64((__m128i *)(at + step), _mm_unpackhi_epi64(low, low));
    _mm_storel_epi64((__m128i *)(at + 4 * step), high);
    _mm_storel_epi64((__m128i *)(at + 5 * step), _mm_unpackhi_epi64(high, high));
  }
}

static inline uint8_t byte(float value, float factor, float shift) {
  __m128 scaled = _mm_add_ss(_mm_mul_ss(_mm_set_ss(value), _mm_set_ss(factor)), _mm_set_ss(shift));
  int whole = _mm_cvtss_si32(_mm_min_ss(_mm_set_ss(255), scaled));
  return whole < 0 ? 0 : (uint8_t)whole;
}

void ek_quantize_planar_avx2(const float *source, size_t plane, uint8_t *target, size_t places, size_t channels,
                             const float *factors, const float *shifts) {
  size_t whole_places = places / 32 * 32, whole_channels = channels / 8 * 8;
  for (size_t place = 0; place < whole_places; place += 32)
    for (size_t c = 0; c < whole_channels; c += 8)
      block(source + c * plane + place, plane, target + place * channels + c, channels, factors + c, shifts + c);
  for (size_t c = 0; c < channels; c++)
    for (size_t place = c < whole_channels ? whole_places : 0; place < places; place++)
      target[place * channels + c] = byte(source[c * plane + place], factors[c], shifts[c]);
}

#pragma clang attribute pop
#endif
