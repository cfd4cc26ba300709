#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

// x / (1 + e^-x). The power as 2^n * p(f), f in [-0.5, 0.5], with the Taylor polynomial of degree six (1.2e-7 of the value at
// most). The limits keep 2^n a normal number, and are too far out for the value to change.
static inline __m256 silu(__m256 x) {
  __m256 within = _mm256_min_ps(_mm256_max_ps(x, _mm256_set1_ps(-87)), _mm256_set1_ps(87));
  __m256 t = _mm256_mul_ps(within, _mm256_set1_ps(-1.44269504f));
  __m256 n = _mm256_round_ps(t, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), f = _mm256_sub_ps(t, n);
  __m256 p = _mm256_set1_ps(1.540353e-4f);
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1.3333558e-3f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(9.6181291e-3f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(5.5504109e-2f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(2.4022651e-1f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(6.9314718e-1f));
  p = _mm256_fmadd_ps(p, f, _mm256_set1_ps(1));
  __m256i power = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
  return _mm256_div_ps(x, _mm256_fmadd_ps(p, _mm256_castsi256_ps(power), _mm256_set1_ps(1)));
}

static inline __m256 activated(__m256 x, int32_t function, float slope) {
  if (function == 1) return silu(x);
  if (function == 2)
    return _mm256_blendv_ps(x, _mm256_mul_ps(x, _mm256_set1_ps(slope)), _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ));
  return x;
}

void ek_picture_convolution_avx2(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride, float *target,
                                 size_t plane, size_t columns, const int8_t *weights, size_t outputs, const float *scale,
                                 const float *bias, int32_t function, float slope) {
  // Where columns 4 to 7 are read from; two bytes earlier for a stride of four, so as to end with the last that is needed.
  size_t second = stride == 4 ? 14 : 4 * stride;
  uint8_t order[32];
  for (size_t i = 0; i < 32; i++) {
    size_t byte = i / 4 * stride + i % 4 / 2;
    order[i] = i % 2 ? 0x80 : (uint8_t)(i < 16 ? byte : byte - second);
  }
  __m256i window = _mm256_loadu_si256((const __m256i *)order);
  for (size_t column = 0; column < columns; column += 8) {
    for (size_t output = 0; output < outputs; output += 8) {
      __m256i sums[8];
      for (int i = 0; i < 8; i++) sums[i] = _mm256_setzero_si256();
      const int8_t *at = weights + output * 4 * row_count * groups;
      for (size_t row = 0; row < row_count; row++) {
        const uint8_t *from = rows[row] + column * stride;
        for (size_t group = 0; group < groups; group++, at += 32, from += 2) {
          // Lane i of 32 bits: two neighbouring bytes of the row in 16 bits each, `stride` further on for each place.
          __m256i bytes = _mm256_loadu2_m128i((const __m128i *)(from + second), (const __m128i *)from);
          bytes = _mm256_shuffle_epi8(bytes, window);
          for (int i = 0; i < 8; i++) {
            int32_t two;
            memcpy(&two, at + 4 * i, 4);
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(bytes, _mm256_set1_epi32(two)));
          }
        }
      }
      // Unrolled, or the sums would have to lie in memory.
#pragma clang loop unroll(full)
      for (int i = 0; i < 8; i++) {
        if (output + (size_t)i >= outputs) break;
        __m256 value = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[i]), _mm256_set1_ps(scale[output + (size_t)i]),
                                       _mm256_set1_ps(bias[output + (size_t)i]));
        value = activated(value, function, slope);
        float *to = target + (output + (size_t)i) * plane + column;
        if (columns - column >= 8) {
          _mm256_storeu_ps(to, value);
        } else {
          float rest[8];
          _mm256_storeu_ps(rest, value);
          memcpy(to, rest, (columns - column) * sizeof(float));
        }
      }
    }
  }
}

#pragma clang attribute pop
#endif
