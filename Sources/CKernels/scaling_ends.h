// Ends of rows that no register fills, for scaling on all instruction sets; ek_weighted_rows_* and ek_rgb_* in CKernels.h
// say what comes out.
#pragma once
#include <stddef.h>
#include <stdint.h>

static inline int16_t weighted_byte(const uint8_t *const *rows, const uint16_t *weights, size_t count, size_t at) {
  uint32_t sum = (uint32_t)(count / 2);
  for (size_t k = 0; k < count; k++) sum += (uint32_t)rows[k][at] * weights[k] >> 8;
  return (int16_t)((sum + 1) >> 1);
}

static inline uint8_t clamped(int32_t sum) {
  sum >>= 20;
  return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static inline void rgb_of(int16_t luma, int16_t cb, int16_t cr, const int16_t *factors, const int32_t *offsets, uint8_t *red,
                          uint8_t *green, uint8_t *blue) {
  int32_t y = luma * factors[0];
  *red = clamped(y + cr * factors[1] + offsets[0]);
  *green = clamped(y + cb * factors[2] + cr * factors[3] + offsets[1]);
  *blue = clamped(y + cb * factors[4] + offsets[2]);
}
