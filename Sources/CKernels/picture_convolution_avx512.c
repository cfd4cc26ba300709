#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include "activation_avx512.h"

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi"))), apply_to = function)

void ek_picture_convolution_avx512(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride, float *target,
                                   size_t plane, size_t columns, const int8_t *weights, size_t outputs, const float *scale,
                                   const float *bias, int32_t function, float slope) {
  uint8_t order[64];
  for (int i = 0; i < 64; i++) order[i] = (uint8_t)((size_t)(i / 4) * stride + (size_t)(i % 4));
  __m512i window = _mm512_loadu_si512(order);
  for (size_t column = 0; column < columns; column += 16) {
    __mmask16 mask = columns - column >= 16 ? 0xffff : (__mmask16)((1u << (columns - column)) - 1);
    for (size_t output = 0; output < outputs; output += 16) {
      __m512i sums[16];
      for (int i = 0; i < 16; i++) sums[i] = _mm512_setzero_si512();
      const int8_t *at = weights + output * 4 * row_count * groups;
      for (size_t row = 0; row < row_count; row++) {
        for (size_t group = 0; group < groups; group++, at += 64) {
          // Lane i: four neighbouring bytes of the row, `stride` further on for each place.
          __m512i bytes = _mm512_permutexvar_epi8(window, _mm512_loadu_si512(rows[row] + column * stride + 4 * group));
          for (int i = 0; i < 16; i++) {
            int32_t four;
            __builtin_memcpy(&four, at + 4 * i, 4);
            sums[i] = _mm512_dpbusd_epi32(sums[i], bytes, _mm512_set1_epi32(four));
          }
        }
      }
      // Unrolled, or the sums would have to lie in memory.
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++) {
        if (output + (size_t)i >= outputs) break;
        __m512 value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[i]), _mm512_set1_ps(scale[output + (size_t)i]),
                                       _mm512_set1_ps(bias[output + (size_t)i]));
        _mm512_mask_storeu_ps(target + (output + (size_t)i) * plane + column, mask, activated(value, function, slope));
      }
    }
  }
}

// `count` columns of sixteen outputs, which lie side by side in a register as their weights do.
static inline __attribute__((always_inline)) void last(const int count, const uint8_t *const *rows, size_t row_count,
                                                       size_t groups, size_t stride, size_t column, size_t outputs,
                                                       const int8_t *at, float *target, __m512 scale, __m512 bias,
                                                       int32_t function, float slope) {
  __m512i sums[16];
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) sums[i] = _mm512_setzero_si512();
  for (size_t row = 0; row < row_count; row++) {
    const uint8_t *from = rows[row] + column * stride;
    for (size_t group = 0; group < groups; group++, at += 64, from += 4) {
      __m512i by = _mm512_loadu_si512(at);
#pragma clang loop unroll(full)
      for (int i = 0; i < count; i++) {
        int32_t four;
        __builtin_memcpy(&four, from + (size_t)i * stride, 4);
        sums[i] = _mm512_dpbusd_epi32(sums[i], _mm512_set1_epi32(four), by);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) {
    __m512 value = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sums[i]), scale, bias);
    _mm512_storeu_ps(target + (column + (size_t)i) * outputs, activated(value, function, slope));
  }
}

void ek_picture_convolution_channels_last_avx512(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride,
                                                 float *target, size_t columns, const int8_t *weights, size_t outputs,
                                                 const float *scale, const float *bias, int32_t function, float slope) {
  for (size_t output = 0; output < outputs; output += 16) {
    const int8_t *at = weights + output * 4 * row_count * groups;
    __m512 by = _mm512_loadu_ps(scale + output), more = _mm512_loadu_ps(bias + output);
    float *to = target + output;
    size_t column = 0;
    for (; column + 16 <= columns; column += 16)
      last(16, rows, row_count, groups, stride, column, outputs, at, to, by, more, function, slope);
    for (; column + 4 <= columns; column += 4)
      last(4, rows, row_count, groups, stride, column, outputs, at, to, by, more, function, slope);
    for (; column < columns; column++)
      last(1, rows, row_count, groups, stride, column, outputs, at, to, by, more, function, slope);
  }
}

#pragma clang attribute pop
#endif
