#include "CKernels.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("dotprod"))), apply_to = function)

// x / (1 + e^-x). The power as 2^n * p(f), f in [-0.5, 0.5], with the Taylor polynomial of degree six (1.2e-7 of the value at
// most). The limits keep 2^n a normal number, and are too far out for the value to change.
static inline float32x4_t silu(float32x4_t x) {
  float32x4_t within = vminq_f32(vmaxq_f32(x, vdupq_n_f32(-87)), vdupq_n_f32(87));
  float32x4_t t = vmulq_f32(within, vdupq_n_f32(-1.44269504f));
  float32x4_t n = vrndnq_f32(t), f = vsubq_f32(t, n);
  float32x4_t p = vdupq_n_f32(1.540353e-4f);
  p = vfmaq_f32(vdupq_n_f32(1.3333558e-3f), p, f);
  p = vfmaq_f32(vdupq_n_f32(9.6181291e-3f), p, f);
  p = vfmaq_f32(vdupq_n_f32(5.5504109e-2f), p, f);
  p = vfmaq_f32(vdupq_n_f32(2.4022651e-1f), p, f);
  p = vfmaq_f32(vdupq_n_f32(6.9314718e-1f), p, f);
  p = vfmaq_f32(vdupq_n_f32(1), p, f);
  int32x4_t power = vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127)), 23);
  return vdivq_f32(x, vfmaq_f32(vdupq_n_f32(1), p, vreinterpretq_f32_s32(power)));
}

static inline float32x4_t activated(float32x4_t x, int32_t function, float slope) {
  if (function == 1) return silu(x);
  if (function == 2) return vbslq_f32(vcltzq_f32(x), vmulq_n_f32(x, slope), x);
  return x;
}

// The products need signed bytes: the picture's are lowered by 128, and sums begin with what that takes away.
static inline void begin(const int8_t *weights, size_t groups, int32x4_t sums[4]) {
  int8x16_t least = vdupq_n_s8(-128);
  for (int i = 0; i < 4; i++) sums[i] = vdupq_n_s32(0);
  for (size_t group = 0; group < groups; group++)
    for (int i = 0; i < 4; i++) sums[i] = vdotq_s32(sums[i], vld1q_s8(weights + 64 * group + 16 * i), least);
  for (int i = 0; i < 4; i++) sums[i] = vnegq_s32(sums[i]);
}

void ek_picture_convolution_neon(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride, float *target,
                                 size_t plane, size_t columns, const int8_t *weights, size_t outputs, const float *scale,
                                 const float *bias, int32_t function, float slope) {
  uint8_t order[16];
  for (size_t i = 0; i < 16; i++) order[i] = (uint8_t)(i / 4 * stride + i % 4);
  uint8x16_t window = vld1q_u8(order);
  for (size_t output = 0; output < outputs; output += 16) {
    const int8_t *first = weights + output * 4 * row_count * groups;
    int32x4_t start[4];
    begin(first, row_count * groups, start);
    for (size_t column = 0; column < columns; column += 4) {
      int32x4_t sums[16];
      for (int i = 0; i < 4; i++) {
        sums[4 * i] = vdupq_laneq_s32(start[i], 0);
        sums[4 * i + 1] = vdupq_laneq_s32(start[i], 1);
        sums[4 * i + 2] = vdupq_laneq_s32(start[i], 2);
        sums[4 * i + 3] = vdupq_laneq_s32(start[i], 3);
      }
      const int8_t *at = first;
      for (size_t row = 0; row < row_count; row++) {
        const uint8_t *from = rows[row] + column * stride;
        for (size_t group = 0; group < groups; group++, at += 64, from += 4) {
          // Lane i: four neighbouring bytes of the row, `stride` further on for each place.
          uint8x16_t lowered = veorq_u8(vqtbl1q_u8(vld1q_u8(from), window), vdupq_n_u8(128));
          int8x16_t bytes = vreinterpretq_s8_u8(lowered);
          for (int i = 0; i < 4; i++) {
            int8x16_t four = vld1q_s8(at + 16 * i);
            sums[4 * i] = vdotq_laneq_s32(sums[4 * i], bytes, four, 0);
            sums[4 * i + 1] = vdotq_laneq_s32(sums[4 * i + 1], bytes, four, 1);
            sums[4 * i + 2] = vdotq_laneq_s32(sums[4 * i + 2], bytes, four, 2);
            sums[4 * i + 3] = vdotq_laneq_s32(sums[4 * i + 3], bytes, four, 3);
          }
        }
      }
      // Unrolled, or the sums would have to lie in memory.
#pragma clang loop unroll(full)
      for (int i = 0; i < 16; i++) {
        if (output + (size_t)i >= outputs) break;
        float32x4_t value = vfmaq_n_f32(vdupq_n_f32(bias[output + (size_t)i]), vcvtq_f32_s32(sums[i]), scale[output + (size_t)i]);
        value = activated(value, function, slope);
        float *to = target + (output + (size_t)i) * plane + column;
        if (columns - column >= 4) {
          vst1q_f32(to, value);
        } else {
          float rest[4];
          vst1q_f32(rest, value);
          memcpy(to, rest, (columns - column) * sizeof(float));
        }
      }
    }
  }
}

#pragma clang attribute pop
#endif
