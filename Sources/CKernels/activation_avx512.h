// For files of the instruction set only.
#pragma once
#include <immintrin.h>
#include <stdint.h>

#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)

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

// 0 nothing, 1 SiLU, 2 `slope` below zero.
static inline __m512 activated(__m512 x, int32_t function, float slope) {
  if (function == 1) return silu(x);
  if (function == 2) return _mm512_mask_mul_ps(x, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), x, _mm512_set1_ps(slope));
  return x;
}

#pragma clang attribute pop
