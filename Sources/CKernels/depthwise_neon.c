#include "CKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

enum { block_bytes = 16, group_weights = 4 * block_bytes };

// The products need signed bytes: they are lowered by 128, and the packed sums to begin with make up for it.
static inline uint8x16_t load(const uint8_t *at) { return veorq_u8(vld1q_u8(at), vdupq_n_u8(128)); }

// Adds four taps of 16 channels to their sums: a channel's four bytes side by side, four channels to a register.
static inline void add(const uint8_t *const *taps, size_t at, const int8_t *weights, int32x4_t sums[4]) {
  uint8x16_t a = load(taps[0] + at), b = load(taps[1] + at), c = load(taps[2] + at), d = load(taps[3] + at);
  uint16x8_t ab = vreinterpretq_u16_u8(vzip1q_u8(a, b)), cd = vreinterpretq_u16_u8(vzip1q_u8(c, d));
  sums[0] = vdotq_s32(sums[0], vreinterpretq_s8_u16(vzip1q_u16(ab, cd)), vld1q_s8(weights));
  sums[1] = vdotq_s32(sums[1], vreinterpretq_s8_u16(vzip2q_u16(ab, cd)), vld1q_s8(weights + 16));
  ab = vreinterpretq_u16_u8(vzip2q_u8(a, b)), cd = vreinterpretq_u16_u8(vzip2q_u8(c, d));
  sums[2] = vdotq_s32(sums[2], vreinterpretq_s8_u16(vzip1q_u16(ab, cd)), vld1q_s8(weights + 32));
  sums[3] = vdotq_s32(sums[3], vreinterpretq_s8_u16(vzip2q_u16(ab, cd)), vld1q_s8(weights + 48));
}

// Packing saturates: what is too small or too large becomes 0 or 255.
static inline int16x4_t rounded(int32x4_t sum, const float *factors) {
  return vqmovn_s32(vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sum), vld1q_f32(factors))));
}

void ek_depthwise_neon(const uint8_t *const *taps, size_t groups, uint8_t *target, size_t count, const int8_t *weights,
                       const int32_t *bias, const float *factors, size_t blocks) {
  size_t block = 0;
  for (size_t at = 0; at < count; at += block_bytes) {
    const int32_t *first = bias + block_bytes * block;
    const float *by = factors + block_bytes * block;
    int32x4_t sums[4] = {vld1q_s32(first), vld1q_s32(first + 4), vld1q_s32(first + 8), vld1q_s32(first + 12)};
    const int8_t *of = weights + group_weights * groups * block;
    for (size_t group = 0; group < groups; group++) add(taps + 4 * group, at, of + group_weights * group, sums);
    int16x8_t low = vcombine_s16(rounded(sums[0], by), rounded(sums[1], by + 4));
    int16x8_t high = vcombine_s16(rounded(sums[2], by + 8), rounded(sums[3], by + 12));
    uint8x16_t bytes = vcombine_u8(vqmovun_s16(low), vqmovun_s16(high));
    if (count - at >= block_bytes) {
      vst1q_u8(target + at, bytes);
    } else {
      uint8_t rest[block_bytes];
      vst1q_u8(rest, bytes);
      memcpy(target + at, rest, count - at);
    }
    if (++block == blocks) block = 0;
  }
}

#pragma clang attribute pop
#endif
