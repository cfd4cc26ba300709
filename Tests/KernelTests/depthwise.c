// Depthwise convolution of a row: equal to sums of 32 bits, bit for bit.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernels.h"
#include "support.h"

typedef void Depthwise(const uint8_t *const *taps, size_t groups, uint8_t *target, size_t count, const int8_t *weights,
                       const int32_t *bias, const float *factors, size_t blocks);

static void test(Depthwise *kernel, int32_t instruction_set) {
  for (int round = 0; round < 300; round++) {
    size_t channels = between(1, 200), count = between(1, 20 * channels), tap_count = between(1, 25);
    // Sums that are as far from zero as they can be, by bytes and weights of one size, show what overflows in between.
    bool extreme = round % 4 == 0;
    EKDepthwiseForm form = ek_depthwise_form(instruction_set, channels, tap_count);
    size_t given = form.groups * form.group, whole = (count + form.block - 1) / form.block * form.block;
    // Taps begin anywhere in a tensor; the last one reaches its end.
    size_t offsets[28], spread = between(0, 5000);
    uint8_t *bytes = random_room(spread + whole);
    if (extreme) memset(bytes, 255, spread + whole);
    const uint8_t *taps[28];
    for (size_t tap = 0; tap < given; tap++) {
      offsets[tap] = tap + 1 == given ? spread : between(0, spread);
      taps[tap] = bytes + offsets[tap];
    }

    int8_t *weights = random_room(channels * tap_count);
    int32_t *bias = room(channels * sizeof *bias);
    float *factors = room(channels * sizeof *factors);
    for (size_t c = 0; c < channels; c++) {
      int8_t *of = weights + c * tap_count;
      if (extreme) memset(of, (int)between(0, 255), tap_count);
      // What begins the sum puts most results between 0 and 255, and some of them far outside.
      bias[c] = (int32_t)between(0, 20000) - 5000;
      for (size_t tap = 0; tap < tap_count; tap++) bias[c] -= (extreme ? 255 : 130) * of[tap];
      factors[c] = ldexpf((float)between(1, 1000), -(int)between(10, 20));
    }
    int8_t *packed_weights = room(form.weights);
    int32_t *packed_bias = room(form.block * form.blocks * sizeof *packed_bias);
    float *packed_factors = room(form.block * form.blocks * sizeof *packed_factors);
    ek_depthwise_pack(form, weights, bias, factors, packed_weights, packed_bias, packed_factors);

    uint8_t *found = room(count), *expected = room(count);
    for (size_t i = 0; i < count; i++) {
      size_t c = i % channels;
      int32_t sum = bias[c];
      for (size_t tap = 0; tap < tap_count; tap++) sum += bytes[offsets[tap] + i] * weights[c * tap_count + tap];
      expected[i] = (uint8_t)nearbyintf(fmaxf(0, fminf(255, (float)sum * factors[c])));
    }
    kernel(taps, form.groups, found, count, packed_weights, packed_bias, packed_factors, form.blocks);
    expect_equal(found, expected, count, "Depthwise convolution");
    clear_rooms();
  }
}

void test_depthwise(int32_t instruction_set) {
#if defined(__x86_64__)
  test(instruction_set == AVX512 ? ek_depthwise_avx512 : ek_depthwise_avx2, instruction_set);
#elif defined(__aarch64__)
  test(ek_depthwise_neon, instruction_set);
#endif
  puts("  Depthwise convolution gives the bytes of the loop.");
}
