#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>

#include "activation_avx512.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl"))), apply_to = function)

// Sixteen outputs from `at` on.
static inline __attribute__((always_inline)) void put(const EKFloatOutput *to, size_t at, size_t channel, __m512 sum) {
  __m512 value = activated(sum, to->function, to->slope);
  if (to->floats) {
    _mm512_storeu_ps(to->floats + at, value);
    return;
  }
  __m512 scaled = _mm512_add_ps(_mm512_mul_ps(value, _mm512_loadu_ps(to->factors + channel)),
                                _mm512_loadu_ps(to->shifts + channel));
  __m512i whole = _mm512_cvtps_epi32(_mm512_min_ps(_mm512_set1_ps(255), scaled));
  _mm_storeu_si128((__m128i *)(to->bytes + at), _mm512_cvtepi32_epi8(_mm512_max_epi32(whole, _mm512_setzero_si512())));
}

// `places` x `blocks` of sixteen outputs, all sums in registers. The counts are numbers in the code.
static inline __attribute__((always_inline)) void tile(const float *source, const int places, const int blocks, size_t depth,
                                                       size_t place, size_t block, size_t outputs, const float *weights,
                                                       const EKFloatOutput *to) {
  __m512 sums[12][4];
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
    __m512 first = _mm512_loadu_ps(to->bias + 16 * (block + (size_t)b));
#pragma clang loop unroll(full)
    for (int i = 0; i < places; i++) sums[i][b] = first;
  }
  const float *from = source + place * depth, *of = weights + block * 16 * depth;
  for (size_t k = 0; k < depth; k++) {
    __m512 by[4];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) by[b] = _mm512_loadu_ps(of + (size_t)b * 16 * depth + 16 * k);
#pragma clang loop unroll(full)
    for (int i = 0; i < places; i++) {
      __m512 value = _mm512_set1_ps(from[(size_t)i * depth + k]);
#pragma clang loop unroll(full)
      for (int b = 0; b < blocks; b++) sums[i][b] = _mm512_fmadd_ps(value, by[b], sums[i][b]);
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < places; i++) {
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) {
      size_t channel = 16 * (block + (size_t)b);
      put(to, (place + (size_t)i) * outputs + channel, channel, sums[i][b]);
    }
  }
}

void ek_float_pointwise_avx512(const float *source, size_t places, size_t depth, size_t outputs, const float *weights,
                               const EKFloatOutput *target) {
  size_t blocks = outputs / 16, block = 0;
  for (; block + 2 <= blocks; block += 2) {
    size_t place = 0;
    for (; place + 12 <= places; place += 12) tile(source, 12, 2, depth, place, block, outputs, weights, target);
    for (; place < places; place++) tile(source, 1, 2, depth, place, block, outputs, weights, target);
  }
  if (block == blocks) return;
  size_t place = 0;
  for (; place + 12 <= places; place += 12) tile(source, 12, 1, depth, place, block, outputs, weights, target);
  for (; place < places; place++) tile(source, 1, 1, depth, place, block, outputs, weights, target);
}

// Sixteen channels of `places` neighbouring columns, whose taps from `first` to `last` lie within the row.
static inline __attribute__((always_inline)) void columns_of(const int places, const float *const *rows, const EKFloatWindow *w,
                                                             size_t column, size_t block, size_t first, size_t last,
                                                             const float *weights, const EKFloatOutput *to) {
  __m512 sums[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < places; i++) sums[i] = _mm512_loadu_ps(to->bias + block);
  size_t step = w->stride * w->channels;
  for (size_t row = 0; row < w->height && first < last; row++) {
    if (!rows[row]) continue;
    const float *of = weights + row * w->width * w->channels + block;
    const float *from = rows[row] + (column * w->stride + first - w->left) * w->channels + block;
    for (size_t tap = first; tap < last; tap++, from += w->channels) {
      __m512 by = _mm512_loadu_ps(of + tap * w->channels);
#pragma clang loop unroll(full)
      for (int i = 0; i < places; i++) sums[i] = _mm512_fmadd_ps(_mm512_loadu_ps(from + (size_t)i * step), by, sums[i]);
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < places; i++) put(to, (column + (size_t)i) * w->channels + block, block, sums[i]);
}

void ek_float_depthwise_avx512(const float *const *rows, const EKFloatWindow *window, size_t length, size_t columns,
                               const float *weights, const EKFloatOutput *target) {
  for (size_t column = 0; column < columns;) {
    size_t start = column * window->stride;
    // Eight columns at once where all their taps lie within the row.
    bool whole = start >= window->left && columns - column >= 8 &&
                 start + 7 * window->stride - window->left + window->width <= length;
    if (whole) {
      for (size_t c = 0; c < window->channels; c += 16)
        columns_of(8, rows, window, column, c, 0, window->width, weights, target);
      column += 8;
      continue;
    }
    size_t first = start < window->left ? window->left - start : 0;
    size_t room = length + window->left > start ? length + window->left - start : 0;
    size_t last = room < window->width ? room : window->width;
    for (size_t c = 0; c < window->channels; c += 16) columns_of(1, rows, window, column, c, first, last, weights, target);
    column++;
  }
}

#pragma clang attribute pop
#endif
