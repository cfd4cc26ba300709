#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni"))), apply_to = function)

// Adds four taps of 64 channels to their sums. Unpacking puts a channel's four bytes side by side and leaves the channels of
// each lane in the order 0...3, 4...7, 8...11, 12...15 over the four registers: weights, bias and factors lie in that order,
// and packing the sums restores the first one.
static inline void add(const uint8_t *const *taps, size_t at, const int8_t *weights, __m512i sums[4]) {
  __m512i a = _mm512_loadu_si512(taps[0] + at), b = _mm512_loadu_si512(taps[1] + at);
  __m512i c = _mm512_loadu_si512(taps[2] + at), d = _mm512_loadu_si512(taps[3] + at);
  __m512i ab = _mm512_unpacklo_epi8(a, b), cd = _mm512_unpacklo_epi8(c, d);
  sums[0] = _mm512_dpbusd_epi32(sums[0], _mm512_unpacklo_epi16(ab, cd), _mm512_loadu_si512(weights));
  sums[1] = _mm512_dpbusd_epi32(sums[1], _mm512_unpackhi_epi16(ab, cd), _mm512_loadu_si512(weights + 64));
  ab = _mm512_unpackhi_epi8(a, b), cd = _mm512_unpackhi_epi8(c, d);
  sums[2] = _mm512_dpbusd_epi32(sums[2], _mm512_unpacklo_epi16(ab, cd), _mm512_loadu_si512(weights + 128));
  sums[3] = _mm512_dpbusd_epi32(sums[3], _mm512_unpackhi_epi16(ab, cd), _mm512_loadu_si512(weights + 192));
}

static inline __m512i rounded(__m512i sum, const float *factors) {
  __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_loadu_ps(factors));
  return _mm512_cvtps_epi32(_mm512_min_ps(scaled, _mm512_set1_ps(255)));
}

void ek_depthwise_avx512(const uint8_t *const *taps, size_t groups, uint8_t *target, size_t count, const int8_t *weights,
                         const int32_t *bias, const float *factors, size_t blocks) {
  size_t block = 0;
  for (size_t at = 0; at < count; at += 64) {
    const int32_t *first = bias + 64 * block;
    const float *by = factors + 64 * block;
    __m512i sums[4] = {_mm512_loadu_si512(first), _mm512_loadu_si512(first + 16), _mm512_loadu_si512(first + 32),
                       _mm512_loadu_si512(first + 48)};
    const int8_t *of = weights + 256 * groups * block;
    for (size_t group = 0; group < groups; group++) add(taps + 4 * group, at, of + 256 * group, sums);
    __m512i low = _mm512_packs_epi32(rounded(sums[0], by), rounded(sums[1], by + 16));
    __m512i high = _mm512_packs_epi32(rounded(sums[2], by + 32), rounded(sums[3], by + 48));
    __m512i bytes = _mm512_packus_epi16(low, high);
    if (count - at >= 64)
      _mm512_storeu_si512(target + at, bytes);
    else
      _mm512_mask_storeu_epi8(target + at, ((__mmask64)1 << (count - at)) - 1, bytes);
    if (++block == blocks) block = 0;
  }
}

#pragma clang attribute pop
#endif
