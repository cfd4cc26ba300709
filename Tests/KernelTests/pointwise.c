// Convolution of 1 x 1: equal to sums of 32 bits, bit for bit.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernels.h"
#include "support.h"

#if defined(__x86_64__)
static void test(void) {
  for (int round = 0; round < 300; round++) {
    size_t places = between(1, 90), depth = 4 * between(1, 40), outputs = between(1, 150);
    size_t whole = (outputs + 15) / 16 * 16;
    uint8_t *source = random_room(places * depth);
    int8_t *weights = random_room(outputs * depth), *packed = room(whole * depth);
    // Sums that are as far from zero as they can be.
    if (round % 4 == 0) {
      memset(source, 255, places * depth);
      for (size_t output = 0; output < outputs; output++)
        memset(weights + output * depth, output % 2 ? 127 : -128, depth);
    }
    memset(packed, 0, whole * depth);
    for (size_t output = 0; output < outputs; output++)
      for (size_t k = 0; k < depth; k++)
        packed[((output / 16 * (depth / 4) + k / 4) * 16 + output % 16) * 4 + k % 4] = weights[output * depth + k];
    int32_t *bias = room(whole * sizeof *bias);
    float *factors = room(whole * sizeof *factors);
    for (size_t output = 0; output < whole; output++) {
      // What begins the sum puts most results between 0 and 255, and some of them far outside.
      int64_t middle = 0;
      for (size_t k = 0; k < depth && output < outputs; k++) middle += 130 * weights[output * depth + k];
      bias[output] = output < outputs ? (int32_t)(between(0, 60000) - middle - 10000) : 0;
      factors[output] = output < outputs ? ldexpf((float)between(1, 1000), -(int)between(12, 20)) : 0;
    }

    uint8_t *found = random_room(places * outputs), *expected = room(places * outputs);
    for (size_t place = 0; place < places; place++) {
      for (size_t output = 0; output < outputs; output++) {
        int32_t sum = bias[output];
        for (size_t k = 0; k < depth; k++) sum += source[place * depth + k] * weights[output * depth + k];
        float scaled = fmaxf(0, fminf(255, (float)sum * factors[output]));
        expected[place * outputs + output] = (uint8_t)nearbyintf(scaled);
      }
    }
    ek_pointwise_avx512(source, found, places, depth, outputs, packed, bias, factors);
    expect_equal(found, expected, places * outputs, "Convolution of 1 x 1");
    clear_rooms();
  }
}
#endif

void test_pointwise(int32_t instruction_set) {
#if defined(__x86_64__)
  // There is no kernel for AVX2.
  if (instruction_set != AVX512) return;
  test();
  puts("  Convolution of 1 x 1 gives the bytes of the loop.");
#else
  (void)instruction_set;
#endif
}
