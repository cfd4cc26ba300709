// The convolution that reads a picture's bytes: sums are exact, and the activation lies within its stated step.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "CKernels.h"
#include "support.h"

typedef void PictureConvolution(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride, float *target,
                                size_t plane, size_t columns, const int8_t *weights, size_t outputs, const float *scale,
                                const float *bias, int32_t function, float slope);

static const float slope = 0.1f;

static void expect(float found, float value, int32_t function) {
  if (function == 1) {
    double exact = value / (1 + exp(-(double)value));
    if (!(fabs(found - exact) <= 2e-7 * fabs(value))) fail("SiLU of %.9g is %.9g, not %.9g.", value, found, exact);
  } else {
    float exact = function == 2 && value < 0 ? value * slope : value;
    if (found != exact) fail("Function %d of %.9g is %.9g, not %.9g.", function, value, found, exact);
  }
}

static void test(PictureConvolution *kernel, int32_t instruction_set) {
  for (int round = 0; round < 200; round++) {
    size_t row_count = between(1, 24), width = between(1, 8), stride = between(1, 4), columns = between(1, 70);
    size_t outputs = between(1, 40), plane = columns + between(0, 9);
    int32_t function = (int32_t)between(0, 2);
    EKPictureForm form = ek_picture_convolution_form(instruction_set, outputs, row_count, width);

    // As many bytes as must be readable, and not one more.
    size_t length = (columns - 1) / 16 * 16 * stride + (width - 1) / 4 * 4 + 64;
    const uint8_t *rows[24];
    for (size_t row = 0; row < row_count; row++) rows[row] = random_room(length);
    int8_t *weights = random_room(outputs * row_count * width), *packed = room(form.weights);
    ek_picture_convolution_pack(form, weights, packed);
    float *scale = room(outputs * sizeof *scale), *bias = room(outputs * sizeof *bias);
    for (size_t output = 0; output < outputs; output++) {
      scale[output] = ldexpf((float)between(1, 1000), -(int)between(18, 26));
      bias[output] = (float)between(0, 100) / 20 - 2.5f;
    }

    size_t size = (outputs - 1) * plane + columns;
    float *found = room(size * sizeof *found);
    for (size_t i = 0; i < size; i++) found[i] = -1234;
    kernel(rows, row_count, form.groups, stride, found, plane, columns, packed, outputs, scale, bias, function, slope);
    for (size_t i = 0; i < size; i++) {
      size_t output = i / plane, column = i % plane;
      if (column >= columns) {
        if (found[i] != -1234) fail("Something was written behind the columns.");
        continue;
      }
      int32_t sum = 0;
      for (size_t row = 0; row < row_count; row++)
        for (size_t x = 0; x < width; x++)
          sum += rows[row][column * stride + x] * weights[(output * row_count + row) * width + x];
      expect(found[i], fmaf((float)sum, scale[output], bias[output]), function);
    }
    clear_rooms();
  }
}

#if defined(__x86_64__)
// The same numbers as planes have.
static void test_channels_last(void) {
  for (int round = 0; round < 200; round++) {
    size_t row_count = between(1, 24), width = between(1, 8), stride = between(1, 4), columns = between(1, 70);
    size_t outputs = 16 * between(1, 3);
    int32_t function = (int32_t)between(0, 2);
    EKPictureForm form = ek_picture_convolution_form(AVX512, outputs, row_count, width);
    // Planes want more bytes behind the last column.
    size_t length = (columns - 1) * stride + 4 * form.groups, more = (columns + 15) / 16 * 16 * stride + 4 * form.groups + 64;
    const uint8_t *rows[24], *longer[24];
    for (size_t row = 0; row < row_count; row++) {
      rows[row] = random_room(length);
      uint8_t *bytes = room(more);
      memset(bytes, 0, more);
      memcpy(bytes, rows[row], length);
      longer[row] = bytes;
    }
    int8_t *weights = random_room(outputs * row_count * width), *packed = room(form.weights);
    ek_picture_convolution_pack(form, weights, packed);
    float *scale = room(outputs * sizeof *scale), *bias = room(outputs * sizeof *bias);
    for (size_t output = 0; output < outputs; output++) {
      scale[output] = ldexpf((float)between(1, 1000), -(int)between(18, 26));
      bias[output] = (float)between(0, 100) / 20 - 2.5f;
    }
    float *found = room(columns * outputs * sizeof *found), *planes = room(columns * outputs * sizeof *planes);
    ek_picture_convolution_channels_last_avx512(rows, row_count, form.groups, stride, found, columns, packed, outputs, scale,
                                                bias, function, slope);
    ek_picture_convolution_avx512(longer, row_count, form.groups, stride, planes, columns, columns, packed, outputs, scale,
                                  bias, function, slope);
    for (size_t i = 0; i < columns * outputs; i++) {
      float expected = planes[i % outputs * columns + i / outputs];
      if (found[i] != expected) fail("Channels last: output %zu is %.9g, not %.9g.", i, found[i], expected);
    }
    clear_rooms();
  }
}
#endif

void test_picture_convolution(int32_t instruction_set) {
#if defined(__x86_64__)
  test(instruction_set == AVX512 ? ek_picture_convolution_avx512 : ek_picture_convolution_avx2, instruction_set);
  if (instruction_set == AVX512) test_channels_last();
#elif defined(__aarch64__)
  test(ek_picture_convolution_neon, instruction_set);
#endif
  puts("  The convolution of pictures has exact sums, and an activation within its step.");
}
