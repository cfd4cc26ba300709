#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "transpose_avx512.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl"))), apply_to = function)

// Whole numbers up to 255. What is no number becomes less than zero; packing bytes makes zeros of those.
static inline __m512i whole(__m512 values, float factor, float shift) {
  __m512 scaled = _mm512_add_ps(_mm512_mul_ps(values, _mm512_set1_ps(factor)), _mm512_set1_ps(shift));
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(255), scaled));
}

static inline __m512i packed(const __m512i four[4]) {
  return _mm512_packus_epi16(_mm512_packs_epi32(four[0], four[1]), _mm512_packs_epi32(four[2], four[3]));
}

// After packing and transposition register 4 q + j holds place 16 q + 4 l + j in lane l.
static inline __attribute__((always_inline)) size_t place_of(int i, int lane) {
  return (size_t)(i / 4 * 16 + lane * 4 + i % 4);
}

// 64 places of 16 channels.
static inline void block(const float *source, size_t plane, uint8_t *target, size_t step, const float *factors,
                         const float *shifts) {
  __m512i r[16];
  for (int c = 0; c < 16; c++) {
    const float *at = source + (size_t)c * plane;
    __m512i four[4];
    for (int q = 0; q < 4; q++) four[q] = whole(_mm512_loadu_ps(at + 16 * q), factors[c], shifts[c]);
    r[c] = packed(four);
  }
  transpose(r);
#pragma clang loop unroll(full)
  for (int i = 0; i < 16; i++) {
    _mm_storeu_si128((__m128i *)(target + place_of(i, 0) * step), _mm512_castsi512_si128(r[i]));
    _mm_storeu_si128((__m128i *)(target + place_of(i, 1) * step), _mm512_extracti32x4_epi32(r[i], 1));
    _mm_storeu_si128((__m128i *)(target + place_of(i, 2) * step), _mm512_extracti32x4_epi32(r[i], 2));
    _mm_storeu_si128((__m128i *)(target + place_of(i, 3) * step), _mm512_extracti32x4_epi32(r[i], 3));
  }
}

// Up to 64 places of up to 16 channels, by way of a block of bytes.
static void edge(const float *source, size_t plane, uint8_t *target, size_t step, size_t places, size_t channels,
                 const float *factors, const float *shifts) {
  __m512i r[16];
  for (size_t c = 0; c < 16; c++) {
    __m512i four[4];
    for (size_t q = 0; q < 4; q++) {
      size_t rest = c >= channels || places <= 16 * q ? 0 : places - 16 * q;
      __mmask16 mask = rest >= 16 ? 0xffff : (__mmask16)((1u << rest) - 1);
      four[q] = mask ? whole(_mm512_maskz_loadu_ps(mask, source + c * plane + 16 * q), factors[c], shifts[c])
                     : _mm512_setzero_si512();
    }
    r[c] = packed(four);
  }
  transpose(r);
  uint8_t bytes[16 * 64];
  for (int i = 0; i < 16; i++) _mm512_storeu_si512(bytes + 64 * i, r[i]);
  for (size_t place = 0; place < places; place++)
    for (size_t c = 0; c < channels; c++)
      target[place * step + c] = bytes[64 * (place / 16 * 4 + place % 4) + place % 16 / 4 * 16 + c];
}

void ek_quantize_planar_avx512(const float *source, size_t plane, uint8_t *target, size_t places, size_t channels,
                               const float *factors, const float *shifts) {
  for (size_t place = 0; place < places; place += 64) {
    size_t count = places - place < 64 ? places - place : 64;
    for (size_t c = 0; c < channels; c += 16) {
      const float *from = source + c * plane + place;
      uint8_t *to = target + place * channels + c;
      if (count == 64 && channels - c >= 16)
        block(from, plane, to, channels, factors + c, shifts + c);
      else
        edge(from, plane, to, channels, count, channels - c < 16 ? channels - c : 16, factors + c, shifts + c);
    }
  }
}

#pragma clang attribute pop
#endif
