#include "CKernels.h"
#include "scaling_ends.h"

#if defined(__aarch64__)
#include <arm_neon.h>

// Bytes in the upper halves of 16 bits, times a weight: the upper halves of the products.
static inline uint16x8_t add(uint16x8_t sums, uint16x8_t bytes, uint16_t weight) {
  uint32x4_t low = vmull_n_u16(vget_low_u16(bytes), weight), high = vmull_high_n_u16(bytes, weight);
  return vaddq_u16(sums, vuzp2q_u16(vreinterpretq_u16_u32(low), vreinterpretq_u16_u32(high)));
}

static inline int16x8_t finished(uint16x8_t sums) { return vreinterpretq_s16_u16(vrshrq_n_u16(sums, 1)); }

void ek_weighted_rows_neon(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *target, size_t width) {
  size_t x = 0;
  // The last ones of a row, some of them once more: sums do not depend on what they are written over.
  for (; x < width && width >= 16; x += 16) {
    size_t at = x + 16 <= width ? x : width - 16;
    uint16x8_t low = vdupq_n_u16((uint16_t)(count / 2)), high = low;
    for (size_t k = 0; k < count; k++) {
      uint8x16_t bytes = vld1q_u8(rows[k] + at);
      low = add(low, vshll_n_u8(vget_low_u8(bytes), 8), weights[k]);
      high = add(high, vshll_high_n_u8(bytes, 8), weights[k]);
    }
    vst1q_s16(target + at, finished(low));
    vst1q_s16(target + at + 8, finished(high));
  }
  for (; x < width; x++) target[x] = weighted_byte(rows, weights, count, x);
}

void ek_weighted_paired_rows_neon(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *first,
                                  int16_t *second, size_t width) {
  size_t x = 0;
  for (; x < width && width >= 8; x += 8) {
    size_t at = x + 8 <= width ? x : width - 8;
    uint16x8_t even = vdupq_n_u16((uint16_t)(count / 2)), odd = even;
    for (size_t k = 0; k < count; k++) {
      uint16x8_t both = vreinterpretq_u16_u8(vld1q_u8(rows[k] + 2 * at));
      even = add(even, vshlq_n_u16(both, 8), weights[k]);
      odd = add(odd, vandq_u16(both, vdupq_n_u16(0xFF00)), weights[k]);
    }
    vst1q_s16(first + at, finished(even));
    vst1q_s16(second + at, finished(odd));
  }
  for (; x < width; x++) {
    first[x] = weighted_byte(rows, weights, count, 2 * x);
    second[x] = weighted_byte(rows, weights, count, 2 * x + 1);
  }
}

// Four sums, which together are one column.
static inline int32x4_t products(const int16_t *line, const int16_t *weights, size_t taps) {
  int32x4_t sum = vdupq_n_s32(0);
  for (size_t t = 0; t < taps; t += 8) {
    int16x8_t numbers = vld1q_s16(line + t), weight = vld1q_s16(weights + t);
    sum = vmlal_s16(sum, vget_low_s16(numbers), vget_low_s16(weight));
    sum = vmlal_high_s16(sum, numbers, weight);
  }
  return sum;
}

void ek_weighted_columns_neon(const int16_t *line, const int32_t *firsts, const int16_t *weights, size_t taps,
                              int16_t *target, size_t columns) {
  for (size_t x = 0; x < columns; x += 4) {
    int32x4_t sums[4];
    for (size_t i = 0; i < 4; i++) sums[i] = products(line + firsts[x + i], weights + taps * (x + i), taps);
    int32x4_t sum = vpaddq_s32(vpaddq_s32(sums[0], sums[1]), vpaddq_s32(sums[2], sums[3]));
    vst1_s16(target + x, vrshrn_n_s32(sum, 14));
  }
}

static inline uint8x8_t channel(int32x4_t low, int32x4_t high) {
  int16x4_t a = vqmovn_s32(vshrq_n_s32(low, 20)), b = vqmovn_s32(vshrq_n_s32(high, 20));
  return vqmovun_s16(vcombine_s16(a, b));
}

void ek_rgb_neon(const int16_t *luma, const int16_t *cb, const int16_t *cr, const int16_t *factors, const int32_t *offsets,
                 uint8_t *red, uint8_t *green, uint8_t *blue, size_t count) {
  size_t x = 0;
  for (; x + 8 <= count; x += 8) {
    int16x8_t y = vld1q_s16(luma + x), u = vld1q_s16(cb + x), v = vld1q_s16(cr + x);
    int32x4_t low = vmull_n_s16(vget_low_s16(y), factors[0]), high = vmull_high_n_s16(y, factors[0]);
    int32x4_t r = vaddq_s32(low, vdupq_n_s32(offsets[0])), more_r = vaddq_s32(high, vdupq_n_s32(offsets[0]));
    r = vmlal_n_s16(r, vget_low_s16(v), factors[1]), more_r = vmlal_high_n_s16(more_r, v, factors[1]);
    int32x4_t g = vaddq_s32(low, vdupq_n_s32(offsets[1])), more_g = vaddq_s32(high, vdupq_n_s32(offsets[1]));
    g = vmlal_n_s16(g, vget_low_s16(u), factors[2]), more_g = vmlal_high_n_s16(more_g, u, factors[2]);
    g = vmlal_n_s16(g, vget_low_s16(v), factors[3]), more_g = vmlal_high_n_s16(more_g, v, factors[3]);
    int32x4_t b = vaddq_s32(low, vdupq_n_s32(offsets[2])), more_b = vaddq_s32(high, vdupq_n_s32(offsets[2]));
    b = vmlal_n_s16(b, vget_low_s16(u), factors[4]), more_b = vmlal_high_n_s16(more_b, u, factors[4]);
    vst1_u8(red + x, channel(r, more_r));
    vst1_u8(green + x, channel(g, more_g));
    vst1_u8(blue + x, channel(b, more_b));
  }
  for (; x < count; x++) rgb_of(luma[x], cb[x], cr[x], factors, offsets, red + x, green + x, blue + x);
}
#endif
