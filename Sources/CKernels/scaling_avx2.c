#include "CKernels.h"
#include "scaling_ends.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)

// The same steps as with AVX-512, half as many bytes at a time; see there.
typedef struct {
  __m256i even, odd;
} Halves;

static inline Halves add(Halves sums, const uint8_t *bytes, __m256i weight) {
  __m256i both = _mm256_loadu_si256((const __m256i *)bytes);
  __m256i even = _mm256_slli_epi16(both, 8), odd = _mm256_and_si256(both, _mm256_set1_epi16((short)0xFF00));
  sums.even = _mm256_add_epi16(sums.even, _mm256_mulhi_epu16(even, weight));
  sums.odd = _mm256_add_epi16(sums.odd, _mm256_mulhi_epu16(odd, weight));
  return sums;
}

static inline Halves beginning(size_t count) {
  __m256i half = _mm256_set1_epi16((short)(count / 2));
  return (Halves){half, half};
}

static inline Halves finished(Halves sums) {
  __m256i zero = _mm256_setzero_si256();
  return (Halves){_mm256_avg_epu16(sums.even, zero), _mm256_avg_epu16(sums.odd, zero)};
}

static inline void store(Halves sums, int16_t *target) {
  sums = finished(sums);
  __m256i low = _mm256_unpacklo_epi16(sums.even, sums.odd), high = _mm256_unpackhi_epi16(sums.even, sums.odd);
  _mm256_storeu_si256((__m256i *)target, _mm256_permute2x128_si256(low, high, 0x20));
  _mm256_storeu_si256((__m256i *)(target + 16), _mm256_permute2x128_si256(low, high, 0x31));
}

void ek_weighted_rows_avx2(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *target, size_t width) {
  size_t x = 0;
  for (; x + 64 <= width; x += 64) {
    Halves a = beginning(count), b = a;
    for (size_t k = 0; k < count; k++) {
      __m256i weight = _mm256_set1_epi16((short)weights[k]);
      a = add(a, rows[k] + x, weight);
      b = add(b, rows[k] + x + 32, weight);
    }
    store(a, target + x);
    store(b, target + x + 32);
  }
  // The last ones of a line, some of them once more: sums do not depend on what they are written over.
  for (; x < width && width >= 32; x += 32) {
    size_t at = x + 32 <= width ? x : width - 32;
    Halves sums = beginning(count);
    for (size_t k = 0; k < count; k++) sums = add(sums, rows[k] + at, _mm256_set1_epi16((short)weights[k]));
    store(sums, target + at);
  }
  for (; x < width; x++) target[x] = weighted_byte(rows, weights, count, x);
}

void ek_weighted_paired_rows_avx2(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *first,
                                  int16_t *second, size_t width) {
  size_t x = 0;
  for (; x < width && width >= 16; x += 16) {
    size_t at = x + 16 <= width ? x : width - 16;
    Halves sums = beginning(count);
    for (size_t k = 0; k < count; k++) sums = add(sums, rows[k] + 2 * at, _mm256_set1_epi16((short)weights[k]));
    sums = finished(sums);
    _mm256_storeu_si256((__m256i *)(first + at), sums.even);
    _mm256_storeu_si256((__m256i *)(second + at), sums.odd);
  }
  for (; x < width; x++) {
    first[x] = weighted_byte(rows, weights, count, 2 * x);
    second[x] = weighted_byte(rows, weights, count, 2 * x + 1);
  }
}

static inline __m256i both(const int16_t *low, const int16_t *high) {
  return _mm256_inserti128_si256(_mm256_castsi128_si256(_mm_loadu_si128((const __m128i *)low)),
                                 _mm_loadu_si128((const __m128i *)high), 1);
}

// Products of two columns' neighbours and weights, four sums each.
static inline __m256i products(const int16_t *line, const int32_t *firsts, const int16_t *weights, size_t taps, size_t x) {
  const int16_t *a = line + firsts[x], *b = line + firsts[x + 1], *of = weights + taps * x;
  if (taps == 8) return _mm256_madd_epi16(both(a, b), _mm256_loadu_si256((const __m256i *)of));
  __m256i sum = _mm256_setzero_si256();
  for (size_t t = 0; t < taps; t += 8)
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(both(a + t, b + t), both(of + t, of + taps + t)));
  return sum;
}

static inline void sums_of(const int16_t *line, const int32_t *firsts, const int16_t *weights, size_t taps, int16_t *target,
                           size_t columns) {
  for (size_t x = 0; x < columns; x += 8) {
    __m256i a = _mm256_hadd_epi32(products(line, firsts, weights, taps, x), products(line, firsts, weights, taps, x + 2));
    __m256i b = _mm256_hadd_epi32(products(line, firsts, weights, taps, x + 4), products(line, firsts, weights, taps, x + 6));
    __m256i sums = _mm256_srai_epi32(_mm256_add_epi32(_mm256_hadd_epi32(a, b), _mm256_set1_epi32(1 << 13)), 14);
    __m128i even = _mm256_castsi256_si128(sums), odd = _mm256_extracti128_si256(sums, 1);
    _mm_storeu_si128((__m128i *)(target + x), _mm_packs_epi32(_mm_unpacklo_epi32(even, odd), _mm_unpackhi_epi32(even, odd)));
  }
}

void ek_weighted_columns_avx2(const int16_t *line, const int32_t *firsts, const int16_t *weights, size_t taps,
                              int16_t *target, size_t columns) {
  if (taps == 8)
    sums_of(line, firsts, weights, 8, target, columns);
  else
    sums_of(line, firsts, weights, taps, target, columns);
}

static inline __m256i channel(__m256i low, __m256i high, int32_t offset) {
  __m256i add = _mm256_set1_epi32(offset);
  low = _mm256_srai_epi32(_mm256_add_epi32(low, add), 20), high = _mm256_srai_epi32(_mm256_add_epi32(high, add), 20);
  return _mm256_packs_epi32(low, high);
}

static inline __m256i two(int16_t first, int16_t second) {
  return _mm256_set1_epi32((int32_t)((uint32_t)(uint16_t)first | (uint32_t)(uint16_t)second << 16));
}

static inline void store_bytes(uint8_t *target, __m256i words) {
  _mm_storeu_si128((__m128i *)target, _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}

void ek_rgb_avx2(const int16_t *luma, const int16_t *cb, const int16_t *cr, const int16_t *factors, const int32_t *offsets,
                 uint8_t *red, uint8_t *green, uint8_t *blue, size_t count) {
  __m256i of_red = two(factors[0], factors[1]), of_green = two(factors[0], factors[2]), more_green = two(0, factors[3]),
          of_blue = two(factors[0], factors[4]);
  size_t x = 0;
  for (; x + 16 <= count; x += 16) {
    __m256i y = _mm256_loadu_si256((const __m256i *)(luma + x)), u = _mm256_loadu_si256((const __m256i *)(cb + x)),
            v = _mm256_loadu_si256((const __m256i *)(cr + x));
    __m256i u_low = _mm256_unpacklo_epi16(y, u), u_high = _mm256_unpackhi_epi16(y, u);
    __m256i v_low = _mm256_unpacklo_epi16(y, v), v_high = _mm256_unpackhi_epi16(y, v);
    store_bytes(red + x, channel(_mm256_madd_epi16(v_low, of_red), _mm256_madd_epi16(v_high, of_red), offsets[0]));
    store_bytes(green + x,
                channel(_mm256_add_epi32(_mm256_madd_epi16(u_low, of_green), _mm256_madd_epi16(v_low, more_green)),
                        _mm256_add_epi32(_mm256_madd_epi16(u_high, of_green), _mm256_madd_epi16(v_high, more_green)),
                        offsets[1]));
    store_bytes(blue + x, channel(_mm256_madd_epi16(u_low, of_blue), _mm256_madd_epi16(u_high, of_blue), offsets[2]));
  }
  for (; x < count; x++) rgb_of(luma[x], cb[x], cr[x], factors, offsets, red + x, green + x, blue + x);
}

void ek_normalized_avx2(const uint8_t *bytes, float *target, size_t count, float mean, float scale) {
  __m256 less = _mm256_set1_ps(mean), times = _mm256_set1_ps(scale);
  size_t x = 0;
  for (; x + 8 <= count; x += 8) {
    __m256 value = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(bytes + x))));
    _mm256_storeu_ps(target + x, _mm256_mul_ps(_mm256_sub_ps(value, less), times));
  }
  for (; x < count; x++) target[x] = ((float)bytes[x] - mean) * scale;
}

#pragma clang attribute pop
#endif
