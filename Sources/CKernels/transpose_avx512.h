// For files of the instruction set only.
#pragma once
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw"))), apply_to = function)

// Sixteen registers whose lanes are 16 x 16 bytes each, turned over within each lane. Twice is nothing.
static inline void transpose(__m512i r[16]) {
  __m512i t[16];
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_epi8(r[i], r[i + 8]);
    t[2 * i + 1] = _mm512_unpackhi_epi8(r[i], r[i + 8]);
  }
  for (int i = 0; i < 8; i++) {
    r[2 * i] = _mm512_unpacklo_epi8(t[i], t[i + 8]);
    r[2 * i + 1] = _mm512_unpackhi_epi8(t[i], t[i + 8]);
  }
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_epi8(r[i], r[i + 8]);
    t[2 * i + 1] = _mm512_unpackhi_epi8(r[i], r[i + 8]);
  }
  for (int i = 0; i < 8; i++) {
    r[2 * i] = _mm512_unpacklo_epi8(t[i], t[i + 8]);
    r[2 * i + 1] = _mm512_unpackhi_epi8(t[i], t[i + 8]);
  }
}

#pragma clang attribute pop
