// Convolutions in floats, channels last: the sums within their rounding, and bytes within a level.
#include <math.h>
#include <stdio.h>

#include "CKernels.h"
#include "support.h"

#if defined(__x86_64__)
static float *numbers(size_t count, float reach) {
  float *values = room(count * sizeof *values);
  for (size_t i = 0; i < count; i++) values[i] = ((float)(random_number() >> 8) / 0x1p23f - 1) * reach;
  return values;
}

// What is computed for one output, and the terms that its rounding depends on.
typedef struct {
  double sum, terms;
} Sum;

static Sum added(Sum sum, double term) { return (Sum){sum.sum + term, sum.terms + fabs(term)}; }

static EKFloatOutput output_of(size_t count, size_t outputs) {
  EKFloatOutput output = {.bias = numbers(outputs, 2), .function = (int32_t)between(0, 2), .slope = 0.1f};
  if (between(0, 1)) {
    output.floats = numbers(count, 1);
  } else {
    output.bytes = random_room(count);
    output.factors = numbers(outputs, 60);
    output.shifts = numbers(outputs, 100);
  }
  return output;
}

static void expect(EKFloatOutput output, size_t at, size_t channel, Sum sum) {
  double x = sum.sum, step = sum.terms * 1e-6;
  double exact = output.function == 1 ? x / (1 + exp(-x)) : output.function == 2 && x < 0 ? x * 0.1 : x;
  if (output.floats) {
    if (!(fabs(output.floats[at] - exact) <= step)) fail("Output %zu is %.9g, not %.9g.", at, output.floats[at], exact);
    return;
  }
  double scaled = fmax(0, fmin(255, exact * output.factors[channel] + output.shifts[channel]));
  double reach = 0.5 + fabs(output.factors[channel]) * step + 1e-4;
  if (!(fabs(output.bytes[at] - scaled) <= reach)) fail("Output %zu is %d, not %.4f.", at, output.bytes[at], scaled);
}

static void test_pointwise_floats(void) {
  for (int round = 0; round < 200; round++) {
    size_t places = between(1, 60), depth = between(1, 70), outputs = 16 * between(1, 6);
    float *source = numbers(places * depth, 3), *packed = numbers(depth * outputs, 0.5f);
    EKFloatOutput output = output_of(places * outputs, outputs);
    ek_float_pointwise_avx512(source, places, depth, outputs, packed, &output);
    for (size_t i = 0; i < places * outputs; i++) {
      size_t place = i / outputs, channel = i % outputs;
      Sum sum = added((Sum){0, 0}, output.bias[channel]);
      for (size_t k = 0; k < depth; k++)
        sum = added(sum, (double)source[place * depth + k] * packed[(channel / 16 * depth + k) * 16 + channel % 16]);
      expect(output, i, channel, sum);
    }
    clear_rooms();
  }
}

static void test_depthwise_floats(void) {
  for (int round = 0; round < 300; round++) {
    EKFloatWindow window = {.channels = 16 * between(1, 4), .height = between(1, 5), .width = between(1, 5),
                            .stride = between(1, 3), .left = between(0, 7)};
    size_t length = between(1, 70), right = between(0, 7);
    if (length + window.left + right < window.width) continue;
    size_t columns = (length + window.left + right - window.width) / window.stride + 1;
    const float *rows[5];
    for (size_t row = 0; row < window.height; row++)
      rows[row] = between(0, 3) ? numbers(length * window.channels, 3) : NULL;
    float *weights = numbers(window.height * window.width * window.channels, 1);
    EKFloatOutput output = output_of(columns * window.channels, window.channels);
    ek_float_depthwise_avx512(rows, &window, length, columns, weights, &output);
    for (size_t i = 0; i < columns * window.channels; i++) {
      size_t channel = i % window.channels, start = i / window.channels * window.stride;
      Sum sum = added((Sum){0, 0}, output.bias[channel]);
      for (size_t tap = 0; tap < window.height * window.width; tap++) {
        const float *row = rows[tap / window.width];
        size_t place = start + tap % window.width;
        if (!row || place < window.left || place >= window.left + length) continue;
        sum = added(sum, (double)row[(place - window.left) * window.channels + channel] * weights[tap * window.channels + channel]);
      }
      expect(output, i, channel, sum);
    }
    clear_rooms();
  }
}
#endif

void test_float_convolution(int32_t instruction_set) {
#if defined(__x86_64__)
  // There is no kernel for AVX2.
  if (instruction_set != AVX512) return;
  test_pointwise_floats();
  test_depthwise_floats();
  puts("  Convolutions in floats have sums within their rounding.");
#else
  (void)instruction_set;
#endif
}
