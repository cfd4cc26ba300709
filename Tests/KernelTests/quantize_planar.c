// Planes of floats as channels-last bytes: equal to the loop, bit for bit.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernels.h"
#include "support.h"

#if defined(__x86_64__)
typedef void QuantizePlanar(const float *source, size_t plane, uint8_t *target, size_t places, size_t channels,
                            const float *factors, const float *shifts);

static uint8_t quantized(float value, float factor, float shift) {
  // Two steps, which a compiler could make one of.
  volatile float product = value * factor;
  float scaled = product + shift;
  return isnan(scaled) ? 0 : (uint8_t)nearbyintf(fmaxf(0, fminf(255, scaled)));
}

static void test(QuantizePlanar *kernel) {
  static const float strange[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, -0.0f, 2.5f, 3.5f};
  for (int round = 0; round < 300; round++) {
    size_t channels = between(1, 70), places = between(1, 300), plane = places + between(0, 9);
    size_t size = (channels - 1) * plane + places;
    float *source = room(size * sizeof *source);
    for (size_t i = 0; i < size; i++) {
      uint32_t number = random_number();
      source[i] = number % 8 ? (float)(number >> 8) / 0x1p16f - 100 : strange[number / 8 % 8];
    }
    float *factors = room(channels * sizeof *factors), *shifts = room(channels * sizeof *shifts);
    for (size_t c = 0; c < channels; c++) {
      // Factors of 1 leave halves, which are rounded to even.
      factors[c] = between(0, 2) ? (float)between(1, 2000) / 700 : 1;
      shifts[c] = between(0, 2) ? (float)between(0, 2000) / 17 - 30 : 0;
    }
    uint8_t *found = random_room(places * channels), *expected = room(places * channels);
    for (size_t place = 0; place < places; place++)
      for (size_t c = 0; c < channels; c++)
        expected[place * channels + c] = quantized(source[c * plane + place], factors[c], shifts[c]);
    kernel(source, plane, found, places, channels, factors, shifts);
    expect_equal(found, expected, places * channels, "Planes as bytes");
    clear_rooms();
  }
}
#endif

void test_quantize_planar(int32_t instruction_set) {
#if defined(__x86_64__)
  test(instruction_set == AVX512 ? ek_quantize_planar_avx512 : ek_quantize_planar_avx2);
  puts("  Planes of floats give the bytes of the loop.");
#else
  (void)instruction_set;
#endif
}
