// Inner loops with intrinsics: one file for each kernel and instruction set. Swift chooses between them (`InstructionSet`),
// keeps a plain reference of each, and tests compare the two. A function may only be called where the processor has the
// instruction set of its name.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// The best that this processor has: 0 nothing that kernels are made for, 1 AVX2, 2 AVX-512 with BW, VL, VNNI and VBMI,
/// 3 NEON with dot products.
int32_t ek_instruction_set(void);

/// Looks bytes up, channels last: byte c of each of `places` places, `source_step` bytes apart, goes through the c-th of
/// `channels` tables of 256 bytes, and to the target, whose places lie `target_step` bytes apart. Source and target may be the
/// same memory, and overlap in no other way.
void ek_channel_tables_avx512(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                              size_t channels, const uint8_t *tables);
void ek_channel_tables_neon(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                            size_t channels, const uint8_t *tables);
/// The same with one table for all: `count` bytes side by side.
void ek_one_table_avx512(const uint8_t *source, uint8_t *target, size_t count, const uint8_t *table);
/// The same for `width` bytes at each of `places` places, since the table has to be prepared. AVX2 is faster than a loop from
/// 128 bytes at a place on, or where the places lie side by side.
void ek_one_table_avx2(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                       size_t width, const uint8_t *table);
void ek_one_table_neon(const uint8_t *source, size_t source_step, uint8_t *target, size_t target_step, size_t places,
                       size_t width, const uint8_t *table);

/// How a depthwise convolution's weights are packed for the kernel of an instruction set.
typedef struct {
  int32_t instruction_set;
  size_t channels, taps;
  /// Bytes that are computed together, and how many such blocks there are until channels come again.
  size_t block, blocks;
  /// Taps that are added together, and how many such groups the taps fill, the last one with taps without weights.
  size_t group, groups;
  /// Bytes of the packed weights. There are `block` x `blocks` packed sums and factors.
  size_t weights;
} EKDepthwiseForm;

/// - Parameter instruction_set: as `ek_instruction_set()` gives it, not 0.
EKDepthwiseForm ek_depthwise_form(int32_t instruction_set, size_t channels, size_t taps);

/// Packs `taps` weights of each channel, channel after channel, and of each channel what its sum begins with and its factor.
void ek_depthwise_pack(EKDepthwiseForm form, const int8_t *weights, const int32_t *bias, const float *factors,
                       int8_t *packed_weights, int32_t *packed_bias, float *packed_factors);

/// Depthwise convolution of a row: `count` bytes that lie side by side, channel after channel, place after place.
///
/// Tap t of an output byte is the byte at the same distance from `taps[t]`; there are as many as the form's groups hold, those
/// without weights included, and of each the last block must be readable as a whole: 63 bytes behind the last one at most.
/// Weights, sums to begin with and factors are packed in the form of the kernel's instruction set, whose `groups` and
/// `blocks` these are. Out comes the sum times its factor, rounded to the nearest even byte.
void ek_depthwise_avx512(const uint8_t *const *taps, size_t groups, uint8_t *target, size_t count, const int8_t *weights,
                         const int32_t *bias, const float *factors, size_t blocks);
void ek_depthwise_avx2(const uint8_t *const *taps, size_t groups, uint8_t *target, size_t count, const int8_t *weights,
                       const int32_t *bias, const float *factors, size_t blocks);
void ek_depthwise_neon(const uint8_t *const *taps, size_t groups, uint8_t *target, size_t count, const int8_t *weights,
                       const int32_t *bias, const float *factors, size_t blocks);

/// How the weights of a convolution that reads a picture's bytes are packed for the kernel of an instruction set.
typedef struct {
  int32_t instruction_set;
  size_t outputs, row_count, width;
  /// Neighbouring bytes that are added together, and how many such groups the width fills.
  size_t group, groups;
  /// Bytes of the packed weights.
  size_t weights;
} EKPictureForm;

/// - Parameter instruction_set: as `ek_instruction_set()` gives it, not 0.
EKPictureForm ek_picture_convolution_form(int32_t instruction_set, size_t outputs, size_t row_count, size_t width);

/// Packs `width` weights of each row of each output, output after output.
void ek_picture_convolution_pack(EKPictureForm form, const int8_t *weights, int8_t *packed_weights);

/// A row of a convolution that reads a picture's bytes and gives floats, planar: the activation of sum x scale + bias.
///
/// Output column x reads the bytes of the form's `groups` of each of the `row_count` rows, from x * `stride` on (a stride of
/// 1 to 4). Of the first column of each block of 16, the last block included, 64 bytes must be readable from its first byte
/// on, and from each fourth one of the width. Output o of column x goes to target[o * plane + x]. Functions: 0 none, 1 SiLU,
/// which errs by 2e-7 of its argument at most, 2 `slope` below zero.
void ek_picture_convolution_avx512(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride, float *target,
                                   size_t plane, size_t columns, const int8_t *weights, size_t outputs, const float *scale,
                                   const float *bias, int32_t function, float slope);
void ek_picture_convolution_avx2(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride, float *target,
                                 size_t plane, size_t columns, const int8_t *weights, size_t outputs, const float *scale,
                                 const float *bias, int32_t function, float slope);
void ek_picture_convolution_neon(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride, float *target,
                                 size_t plane, size_t columns, const int8_t *weights, size_t outputs, const float *scale,
                                 const float *bias, int32_t function, float slope);

/// The same, channels last: output o of column x goes to target[x * outputs + o]. Outputs are a multiple of 16. From each
/// column's first byte on as many are read as the groups hold.
void ek_picture_convolution_channels_last_avx512(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride,
                                                 float *target, size_t columns, const int8_t *weights, size_t outputs,
                                                 const float *scale, const float *bias, int32_t function, float slope);

/// Convolution of 1 x 1, channels last: for each of `places` places the `outputs` sums of products of its `depth` bytes, a
/// multiple of four, times their factors, rounded to the nearest even byte.
///
/// Weights: for each 16 outputs, the last ones filled up with zeros, for each four bytes, 16 x 4. `bias` and `factors` are
/// filled up in the same way; the sums begin with the bias.
void ek_pointwise_avx512(const uint8_t *source, uint8_t *target, size_t places, size_t depth, size_t outputs,
                         const int8_t *weights, const int32_t *bias, const float *factors);

/// One line out of `count` rows of a plane of bytes, at most 255 of them: the sum of (byte x weight) / 256, each rounded down,
/// and of count / 2, halved and rounded up. Weights that add up to 65536 give 7 bits behind the point; a sole one is 65535.
void ek_weighted_rows_avx512(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *target,
                             size_t width);
void ek_weighted_rows_avx2(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *target, size_t width);
void ek_weighted_rows_neon(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *target, size_t width);
/// The same for rows whose bytes belong to two planes in turn: `width` pairs.
void ek_weighted_paired_rows_avx512(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *first,
                                    int16_t *second, size_t width);
void ek_weighted_paired_rows_avx2(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *first,
                                  int16_t *second, size_t width);
void ek_weighted_paired_rows_neon(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *first,
                                  int16_t *second, size_t width);

/// Sums of `taps` neighbours (4 or 8) of a line, times weights that add up to 16384, divided by 16384 and rounded, for a
/// multiple of 16 columns. The neighbours of 32 / `taps` columns, which are one block, lie within the 32 numbers from
/// `bases[block]` on, all of which must be readable; `places` has the two bytes of each of them in turn.
void ek_weighted_columns_avx512(const int16_t *line, const int32_t *bases, const uint8_t *places, const int16_t *weights,
                                size_t taps, int16_t *target, size_t columns);
/// The same for a multiple of 8 `taps`, which begin at the column's number in `firsts`, and a multiple of 8 columns.
void ek_weighted_columns_avx2(const int16_t *line, const int32_t *firsts, const int16_t *weights, size_t taps,
                              int16_t *target, size_t columns);
void ek_weighted_columns_neon(const int16_t *line, const int32_t *firsts, const int16_t *weights, size_t taps,
                              int16_t *target, size_t columns);

/// Red, green and blue of `count` pixels: sums of luma and chroma, 7 bits behind the point, times their `factors` (of luma; of
/// Cr for red; of Cb and Cr for green; of Cb for blue; 13 bits behind the point) and of the three `offsets`, rounded down and
/// clamped.
void ek_rgb_avx512(const int16_t *luma, const int16_t *cb, const int16_t *cr, const int16_t *factors, const int32_t *offsets,
                   uint8_t *red, uint8_t *green, uint8_t *blue, size_t count);
void ek_rgb_avx2(const int16_t *luma, const int16_t *cb, const int16_t *cr, const int16_t *factors, const int32_t *offsets,
                 uint8_t *red, uint8_t *green, uint8_t *blue, size_t count);
void ek_rgb_neon(const int16_t *luma, const int16_t *cb, const int16_t *cr, const int16_t *factors, const int32_t *offsets,
                 uint8_t *red, uint8_t *green, uint8_t *blue, size_t count);

/// (byte - `mean`) x `scale` of each byte.
void ek_normalized_avx512(const uint8_t *bytes, float *target, size_t count, float mean, float scale);
void ek_normalized_avx2(const uint8_t *bytes, float *target, size_t count, float mean, float scale);

/// Floats of planes become bytes, channels last: `value` x factor + shift of its channel, which is rounded twice, then to the
/// nearest even byte; what is no number becomes 0. Channels lie `plane` floats apart.
void ek_quantize_planar_avx512(const float *source, size_t plane, uint8_t *target, size_t places, size_t channels,
                               const float *factors, const float *shifts);
void ek_quantize_planar_avx2(const float *source, size_t plane, uint8_t *target, size_t places, size_t channels,
                             const float *factors, const float *shifts);

/// What float convolutions do with their sums, which begin with the bias: the function, as in picture convolutions; then
/// they are stored as they are in `floats`, or, where that is null, in `bytes` as `ek_quantize_planar_avx512` has them.
typedef struct {
  float *floats;
  uint8_t *bytes;
  const float *bias;
  int32_t function;
  float slope;
  const float *factors, *shifts;
} EKFloatOutput;

/// Convolution of 1 x 1 in floats, channels last. Outputs are a multiple of 16; weights: for each 16 outputs, for each of
/// `depth` inputs, 16.
void ek_float_pointwise_avx512(const float *source, size_t places, size_t depth, size_t outputs, const float *weights,
                               const EKFloatOutput *target);

/// How the window of a depthwise convolution in floats moves along a row. Channels are a multiple of 16.
typedef struct {
  size_t channels, height, width, stride, left;
} EKFloatWindow;

/// Depthwise convolution of a row in floats, channels last. `rows` are the window's, null where they lie outside of the
/// picture, each `length` places long; places beside them count as zero. Weights: for each tap one of each channel.
void ek_float_depthwise_avx512(const float *const *rows, const EKFloatWindow *window, size_t length, size_t columns,
                               const float *weights, const EKFloatOutput *target);
