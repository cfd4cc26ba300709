#include "CKernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni"))), apply_to = function)

typedef struct {
  const uint8_t *source;
  uint8_t *target;
  size_t depth, outputs;
  const int8_t *weights;
  const int32_t *bias;
  const float *factors;
} Product;

// Sixteen outputs in a register: `places` x `blocks` of them, all sums in registers. The counts are numbers in the code.
static inline __attribute__((always_inline)) void tile(const Product *p, const int places, const int blocks, size_t place,
                                                       size_t block) {
  __m512i sums[12][4];
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
    __m512i first = _mm512_loadu_si512(p->bias + 16 * (block + (size_t)b));
#pragma clang loop unroll(full)
    for (int i = 0; i < places; i++) sums[i][b] = first;
  }
  const uint8_t *from = p->source + place * p->depth;
  const int8_t *weights = p->weights + block * 16 * p->depth;
  for (size_t k = 0; k < p->depth; k += 4) {
    __m512i by[4];
#pragma clang loop unroll(full)
    for (int b = 0; b < blocks; b++) by[b] = _mm512_loadu_si512(weights + (size_t)b * 16 * p->depth + 16 * k);
#pragma clang loop unroll(full)
    for (int i = 0; i < places; i++) {
      int32_t four;
      __builtin_memcpy(&four, from + (size_t)i * p->depth + k, 4);
      __m512i bytes = _mm512_set1_epi32(four);
#pragma clang loop unroll(full)
      for (int b = 0; b < blocks; b++) sums[i][b] = _mm512_dpbusd_epi32(sums[i][b], bytes, by[b]);
    }
  }
#pragma clang loop unroll(full)
  for (int b = 0; b < blocks; b++) {
    size_t output = 16 * (block + (size_t)b);
    __m512 factors = _mm512_loadu_ps(p->factors + output), most = _mm512_set1_ps(255);
    __mmask16 mask = p->outputs - output >= 16 ? 0xffff : (__mmask16)((1u << (p->outputs - output)) - 1);
#pragma clang loop unroll(full)
    for (int i = 0; i < places; i++) {
      __m512 scaled = _mm512_min_ps(_mm512_mul_ps(_mm512_cvtepi32_ps(sums[i][b]), factors), most);
      __m512i whole = _mm512_max_epi32(_mm512_cvtps_epi32(scaled), _mm512_setzero_si512());
      _mm_mask_storeu_epi8(p->target + (place + (size_t)i) * p->outputs + output, mask, _mm512_cvtepi32_epi8(whole));
    }
  }
}

static inline __attribute__((always_inline)) void blocks_of(const Product *p, const int most, const int blocks, size_t places,
                                                            size_t block) {
  size_t place = 0;
  for (; place + (size_t)most <= places; place += (size_t)most) tile(p, most, blocks, place, block);
  for (; place + 4 <= places; place += 4) tile(p, 4, blocks, place, block);
  for (; place < places; place++) tile(p, 1, blocks, place, block);
}

void ek_pointwise_avx512(const uint8_t *source, uint8_t *target, size_t places, size_t depth, size_t outputs,
                         const int8_t *weights, const int32_t *bias, const float *factors) {
  Product product = {source, target, depth, outputs, weights, bias, factors};
  size_t blocks = (outputs + 15) / 16, block = 0;
  for (; block + 4 <= blocks; block += 4) blocks_of(&product, 6, 4, places, block);
  if (blocks - block == 3) blocks_of(&product, 8, 3, places, block);
  if (blocks - block == 2) blocks_of(&product, 12, 2, places, block);
  if (blocks - block == 1) blocks_of(&product, 12, 1, places, block);
}

#pragma clang attribute pop
#endif
