#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi"))), apply_to = function)

// x / (1 + e^-x). The power as 2^n * p(f), f in [-0.5, 0.5], with the Taylor polynomial of degree six (1.2e-7 of the value at
// most); the quotient from a reciprocal of 14 bits and one step of Newton's.
static inline __m512 silu(__m512 x) {
  __m512 t = _mm512_mul_ps(_mm512_max_ps(x, _mm512_set1_ps(-87)), _mm512_set1_ps(-1.44269504f));
  __m512 n = _mm512_roundscale_ps(t, 0), f = _mm512_sub_ps(t, n);
  __m512 p = _mm512_set1_ps(1.540353e-4f);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1.3333558e-3f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(9.6181291e-3f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(5.5504109e-2f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(2.4022651e-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(6.9314718e-1f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(1));
  __m512 d = _mm512_add_ps(_mm512_set1_ps(1), _mm512_scalef_ps(p, n));
  __m512 r = _mm512_rcp14_ps(d);
  r = _mm512_mul_ps(r, _mm512_fnmadd_ps(d, r, _mm512_set1_ps(2)));
  return _mm512_mul_ps(x, r);
}

static inline __m512 activated(__m512 x, int32_t function, float slope) {
  if (function == 1) return silu(x);
  if (function == 2) return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), x, _mm512_set1_ps(slope));
  return x;
}

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

#pragma clang attribute pop
#endif
