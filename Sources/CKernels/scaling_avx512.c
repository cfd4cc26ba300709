#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi"))), apply_to = function)

// The bytes at even and at odd places become the upper halves of 16 bits, whose products' upper halves add up: nothing is
// widened, and the two halves meet again once a line.
typedef struct {
  __m512i even, odd;
} Halves;

static inline Halves add(Halves sums, __m512i bytes, __m512i weight) {
  __m512i even = _mm512_slli_epi16(bytes, 8), odd = _mm512_and_si512(bytes, _mm512_set1_epi16((short)0xFF00));
  sums.even = _mm512_add_epi16(sums.even, _mm512_mulhi_epu16(even, weight));
  sums.odd = _mm512_add_epi16(sums.odd, _mm512_mulhi_epu16(odd, weight));
  return sums;
}

static inline Halves beginning(size_t count) {
  __m512i half = _mm512_set1_epi16((short)(count / 2));
  return (Halves){half, half};
}

static inline Halves finished(Halves sums) {
  __m512i zero = _mm512_setzero_si512();
  return (Halves){_mm512_avg_epu16(sums.even, zero), _mm512_avg_epu16(sums.odd, zero)};
}

// 64 columns in their order.
typedef struct {
  __m512i first, second;
} Line;

static inline Line in_order(Halves sums) {
  sums = finished(sums);
  __m512i low = _mm512_unpacklo_epi16(sums.even, sums.odd), high = _mm512_unpackhi_epi16(sums.even, sums.odd);
  return (Line){_mm512_permutex2var_epi64(low, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), high),
                _mm512_permutex2var_epi64(low, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), high)};
}

static inline __mmask64 first_bytes(size_t count) { return count >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1; }
static inline __mmask32 first_words(size_t count) { return count >= 32 ? ~(__mmask32)0 : ((__mmask32)1 << count) - 1; }

void ek_weighted_rows_avx512(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *target,
                             size_t width) {
  size_t x = 0;
  for (; x + 128 <= width; x += 128) {
    Halves a = beginning(count), b = a;
    for (size_t k = 0; k < count; k++) {
      __m512i weight = _mm512_set1_epi16((short)weights[k]);
      a = add(a, _mm512_loadu_si512(rows[k] + x), weight);
      b = add(b, _mm512_loadu_si512(rows[k] + x + 64), weight);
    }
    Line line = in_order(a), next = in_order(b);
    _mm512_storeu_si512(target + x, line.first);
    _mm512_storeu_si512(target + x + 32, line.second);
    _mm512_storeu_si512(target + x + 64, next.first);
    _mm512_storeu_si512(target + x + 96, next.second);
  }
  for (; x < width; x += 64) {
    __mmask64 mask = first_bytes(width - x);
    Halves sums = beginning(count);
    for (size_t k = 0; k < count; k++)
      sums = add(sums, _mm512_maskz_loadu_epi8(mask, rows[k] + x), _mm512_set1_epi16((short)weights[k]));
    Line line = in_order(sums);
    _mm512_mask_storeu_epi16(target + x, (__mmask32)mask, line.first);
    _mm512_mask_storeu_epi16(target + x + 32, (__mmask32)(mask >> 32), line.second);
  }
}

void ek_weighted_paired_rows_avx512(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *first,
                                    int16_t *second, size_t width) {
  size_t x = 0;
  for (; x + 64 <= width; x += 64) {
    Halves a = beginning(count), b = a;
    for (size_t k = 0; k < count; k++) {
      __m512i weight = _mm512_set1_epi16((short)weights[k]);
      a = add(a, _mm512_loadu_si512(rows[k] + 2 * x), weight);
      b = add(b, _mm512_loadu_si512(rows[k] + 2 * x + 64), weight);
    }
    a = finished(a), b = finished(b);
    _mm512_storeu_si512(first + x, a.even);
    _mm512_storeu_si512(first + x + 32, b.even);
    _mm512_storeu_si512(second + x, a.odd);
    _mm512_storeu_si512(second + x + 32, b.odd);
  }
  for (; x < width; x += 32) {
    __mmask64 mask = first_bytes(2 * (width - x));
    Halves sums = beginning(count);
    for (size_t k = 0; k < count; k++)
      sums = add(sums, _mm512_maskz_loadu_epi8(mask, rows[k] + 2 * x), _mm512_set1_epi16((short)weights[k]));
    sums = finished(sums);
    _mm512_mask_storeu_epi16(first + x, first_words(width - x), sums.even);
    _mm512_mask_storeu_epi16(second + x, first_words(width - x), sums.odd);
  }
}

// Products of one block's columns and weights, neighbours already added in pairs.
static inline __m512i products(const int16_t *line, const int32_t *bases, const uint8_t *places, const int16_t *weights,
                               size_t block) {
  __m512i numbers =
      _mm512_permutexvar_epi8(_mm512_loadu_si512(places + 64 * block), _mm512_loadu_si512(line + bases[block]));
  return _mm512_madd_epi16(numbers, _mm512_loadu_si512(weights + 32 * block));
}

static inline void store(__m512i sums, __m512i order, int16_t *target) {
  sums = _mm512_srai_epi32(_mm512_add_epi32(sums, _mm512_set1_epi32(1 << 13)), 14);
  _mm256_storeu_si256((__m256i *)target, _mm512_cvtepi32_epi16(_mm512_permutexvar_epi32(order, sums)));
}

static inline __m512i pairs(__m512i a, __m512i b) {
  __m512 x = _mm512_castsi512_ps(a), y = _mm512_castsi512_ps(b);
  return _mm512_add_epi32(_mm512_castps_si512(_mm512_shuffle_ps(x, y, 0x88)),
                          _mm512_castps_si512(_mm512_shuffle_ps(x, y, 0xDD)));
}

void ek_weighted_columns_avx512(const int16_t *line, const int32_t *bases, const uint8_t *places, const int16_t *weights,
                                size_t taps, int16_t *target, size_t columns) {
  if (taps == 4) {
    // Lane l has columns 2 l and 2 l + 1 of both blocks.
    __m512i order = _mm512_setr_epi32(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
    for (size_t x = 0, block = 0; x < columns; x += 16, block += 2)
      store(pairs(products(line, bases, places, weights, block), products(line, bases, places, weights, block + 1)), order,
            target + x);
    return;
  }
  // Lane l has column l of each of four blocks.
  __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (size_t x = 0, block = 0; x < columns; x += 16, block += 4) {
    __m512i a = pairs(products(line, bases, places, weights, block), products(line, bases, places, weights, block + 1));
    __m512i b = pairs(products(line, bases, places, weights, block + 2), products(line, bases, places, weights, block + 3));
    store(pairs(a, b), order, target + x);
  }
}

static inline __m512i channel(__m512i low, __m512i high, int32_t offset) {
  __m512i add = _mm512_set1_epi32(offset);
  low = _mm512_srai_epi32(_mm512_add_epi32(low, add), 20), high = _mm512_srai_epi32(_mm512_add_epi32(high, add), 20);
  return _mm512_max_epi16(_mm512_packs_epi32(low, high), _mm512_setzero_si512());
}

static inline __m512i two(int16_t first, int16_t second) {
  return _mm512_set1_epi32((int32_t)((uint32_t)(uint16_t)first | (uint32_t)(uint16_t)second << 16));
}

void ek_rgb_avx512(const int16_t *luma, const int16_t *cb, const int16_t *cr, const int16_t *factors, const int32_t *offsets,
                   uint8_t *red, uint8_t *green, uint8_t *blue, size_t count) {
  __m512i of_red = two(factors[0], factors[1]), of_green = two(factors[0], factors[2]), more_green = two(0, factors[3]),
          of_blue = two(factors[0], factors[4]);
  for (size_t x = 0; x < count; x += 32) {
    __mmask32 mask = first_words(count - x);
    __m512i y = _mm512_maskz_loadu_epi16(mask, luma + x), u = _mm512_maskz_loadu_epi16(mask, cb + x),
            v = _mm512_maskz_loadu_epi16(mask, cr + x);
    __m512i u_low = _mm512_unpacklo_epi16(y, u), u_high = _mm512_unpackhi_epi16(y, u);
    __m512i v_low = _mm512_unpacklo_epi16(y, v), v_high = _mm512_unpackhi_epi16(y, v);
    __m512i r = channel(_mm512_madd_epi16(v_low, of_red), _mm512_madd_epi16(v_high, of_red), offsets[0]);
    __m512i g = channel(
        _mm512_add_epi32(_mm512_madd_epi16(u_low, of_green), _mm512_madd_epi16(v_low, more_green)),
        _mm512_add_epi32(_mm512_madd_epi16(u_high, of_green), _mm512_madd_epi16(v_high, more_green)), offsets[1]);
    __m512i b = channel(_mm512_madd_epi16(u_low, of_blue), _mm512_madd_epi16(u_high, of_blue), offsets[2]);
    _mm512_mask_cvtusepi16_storeu_epi8(red + x, mask, r);
    _mm512_mask_cvtusepi16_storeu_epi8(green + x, mask, g);
    _mm512_mask_cvtusepi16_storeu_epi8(blue + x, mask, b);
  }
}

void ek_normalized_avx512(const uint8_t *bytes, float *target, size_t count, float mean, float scale) {
  __m512 less = _mm512_set1_ps(mean), times = _mm512_set1_ps(scale);
  for (size_t x = 0; x < count; x += 16) {
    __mmask16 mask = (__mmask16)first_words(count - x < 16 ? count - x : 16);
    __m512 value = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(mask, bytes + x)));
    _mm512_mask_storeu_ps(target + x, mask, _mm512_mul_ps(_mm512_sub_ps(value, less), times));
  }
}

#pragma clang attribute pop
#endif
