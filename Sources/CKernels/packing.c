#include "CKernels.h"
#include <string.h>

// As ek_instruction_set() counts.
enum { AVX2 = 1, AVX512 = 2, NEON = 3 };

static size_t common_divisor(size_t a, size_t b) { return b ? common_divisor(b, a % b) : a; }

EKDepthwiseForm ek_depthwise_form(int32_t instruction_set, size_t channels, size_t taps) {
  EKDepthwiseForm form = {.instruction_set = instruction_set, .channels = channels, .taps = taps};
  form.block = instruction_set == AVX512 ? 64 : instruction_set == AVX2 ? 32 : 16;
  form.blocks = channels / common_divisor(channels, form.block);
  form.group = instruction_set == AVX2 ? 2 : 4;
  form.groups = (taps + form.group - 1) / form.group;
  // AVX2: two bytes for each weight.
  form.weights = form.blocks * form.block * form.groups * 4;
  return form;
}

void ek_depthwise_pack(EKDepthwiseForm form, const int8_t *weights, const int32_t *bias, const float *factors,
                       int8_t *packed_weights, int32_t *packed_bias, float *packed_factors) {
  memset(packed_weights, 0, form.weights);
  for (size_t byte = 0; byte < form.blocks * form.block; byte++) {
    size_t channel = byte % form.channels, block = byte / form.block;
    size_t lane = byte % form.block / 16, in_lane = byte % 16;
    // Where unpacking leaves the byte: within each lane of 16 bytes, four to a register as sums of 32 bits.
    size_t place = in_lane / 4 * (form.block / 4) + lane * 4 + in_lane % 4;
    const int8_t *from = weights + channel * form.taps;
    uint32_t sum = (uint32_t)bias[channel];
    for (size_t tap = 0; tap < form.taps; tap++) {
      int8_t *group = packed_weights + (block * form.groups + tap / form.group) * form.block * 4;
      if (form.instruction_set == AVX2) {
        // 16 x high + low. Eight to a register as pairs of bytes, 32 low parts before 32 high ones.
        int low = ((from[tap] + 8) & 15) - 8;
        int8_t *pair = group + in_lane / 8 * 64 + lane * 16 + in_lane % 8 * 2 + tap % 2;
        pair[0] = (int8_t)low;
        pair[32] = (int8_t)((from[tap] - low) / 16);
      } else {
        group[place * 4 + tap % 4] = from[tap];
      }
      // NEON: bytes are multiplied with their sign, lowered by 128.
      if (form.instruction_set == NEON) sum += (uint32_t)(128 * from[tap]);
    }
    packed_bias[block * form.block + place] = (int32_t)sum;
    packed_factors[block * form.block + place] = factors[channel];
  }
}

EKPictureForm ek_picture_convolution_form(int32_t instruction_set, size_t outputs, size_t row_count, size_t width) {
  EKPictureForm form = {.instruction_set = instruction_set, .outputs = outputs, .row_count = row_count, .width = width};
  form.group = instruction_set == AVX2 ? 2 : 4;
  form.groups = (width + form.group - 1) / form.group;
  // AVX2: 16 bits for each weight.
  form.weights = (outputs + 15) / 16 * 16 * row_count * form.groups * 4;
  return form;
}

void ek_picture_convolution_pack(EKPictureForm form, const int8_t *weights, int8_t *packed_weights) {
  memset(packed_weights, 0, form.weights);
  // Outputs that are computed together.
  size_t together = form.instruction_set == AVX2 ? 8 : 16;
  for (size_t output = 0; output < form.outputs; output++) {
    for (size_t row = 0; row < form.row_count; row++) {
      for (size_t x = 0; x < form.width; x++) {
        int8_t weight = weights[(output * form.row_count + row) * form.width + x];
        size_t group = (output / together * form.row_count + row) * form.groups + x / form.group;
        int8_t *four = packed_weights + (group * together + output % together) * 4;
        if (form.instruction_set == AVX2) {
          four[x % 2 * 2] = weight;
          four[x % 2 * 2 + 1] = weight < 0 ? -1 : 0;
        } else {
          four[x % 4] = weight;
        }
      }
    }
  }
}
