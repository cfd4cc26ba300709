#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

// Products of bytes are added in pairs, and sums of 16 bits hold so few of them that they would have to be widened each time.
// So a weight is 16 x high + low, with a low part of -8 to 7 and a high one of -8 to 8: a pair adds at most 2 x 8 x 255 to
// either sum, and eight pairs fit.
enum { block_bytes = 32, group_weights = 4 * block_bytes, most_groups = 8 };

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

static inline __m256i load(const void *at) { return _mm256_loadu_si256((const __m256i *)at); }

// Adds two taps of 32 channels: channels 0...7 and 16...23, then 8...15 and 24...31.
static inline void add(const uint8_t *a, const uint8_t *b, const int8_t *weights, __m256i low[2], __m256i high[2]) {
  __m256i first = load(a), second = load(b);
  __m256i pairs = _mm256_unpacklo_epi8(first, second);
  low[0] = _mm256_add_epi16(low[0], _mm256_maddubs_epi16(pairs, load(weights)));
  high[0] = _mm256_add_epi16(high[0], _mm256_maddubs_epi16(pairs, load(weights + 32)));
  pairs = _mm256_unpackhi_epi8(first, second);
  low[1] = _mm256_add_epi16(low[1], _mm256_maddubs_epi16(pairs, load(weights + 64)));
  high[1] = _mm256_add_epi16(high[1], _mm256_maddubs_epi16(pairs, load(weights + 96)));
}

static inline __m256i rounded(__m256i sum, const float *factors) {
  __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), _mm256_loadu_ps(factors));
  return _mm256_cvtps_epi32(_mm256_min_ps(scaled, _mm256_set1_ps(255)));
}

void ek_depthwise_avx2(const uint8_t *const *taps, size_t groups, uint8_t *target, size_t count, const int8_t *weights,
                       const int32_t *bias, const float *factors, size_t blocks) {
  __m256i parts = _mm256_set1_epi32(16 << 16 | 1);
  size_t block = 0;
  for (size_t at = 0; at < count; at += block_bytes) {
    const int32_t *first = bias + block_bytes * block;
    const float *by = factors + block_bytes * block;
    const int8_t *of = weights + group_weights * groups * block;
    __m256i sums[4] = {load(first), load(first + 8), load(first + 16), load(first + 24)};
    for (size_t group = 0; group < groups;) {
      size_t end = groups - group < most_groups ? groups : group + most_groups;
      __m256i low[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()}, high[2] = {low[0], low[0]};
      for (; group < end; group++, of += group_weights) add(taps[2 * group] + at, taps[2 * group + 1] + at, of, low, high);
      for (int i = 0; i < 2; i++) {
        __m256i lower = _mm256_unpacklo_epi16(low[i], high[i]), upper = _mm256_unpackhi_epi16(low[i], high[i]);
        sums[2 * i] = _mm256_add_epi32(sums[2 * i], _mm256_madd_epi16(lower, parts));
        sums[2 * i + 1] = _mm256_add_epi32(sums[2 * i + 1], _mm256_madd_epi16(upper, parts));
      }
    }
    __m256i lower = _mm256_packs_epi32(rounded(sums[0], by), rounded(sums[1], by + 8));
    __m256i upper = _mm256_packs_epi32(rounded(sums[2], by + 16), rounded(sums[3], by + 24));
    __m256i bytes = _mm256_packus_epi16(lower, upper);
    if (count - at >= block_bytes) {
      _mm256_storeu_si256((__m256i *)(target + at), bytes);
    } else {
      uint8_t rest[block_bytes];
      _mm256_storeu_si256((__m256i *)rest, bytes);
      memcpy(target + at, rest, count - at);
    }
    if (++block == blocks) block = 0;
  }
}

#pragma clang attribute pop
#endif
