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
/// The same with one table for all: `count` bytes side by side.
void ek_one_table_avx512(const uint8_t *source, uint8_t *target, size_t count, const uint8_t *table);

/// Depthwise convolution of a row: `count` bytes that lie side by side, channel after channel, place after place.
///
/// Tap t of an output byte is the byte at the same distance from `taps[t]`; there are 4 x `groups` of them, those without
/// weights included, and 63 bytes behind the last one of each must be readable. Channels come again after `blocks` blocks of
/// 64 bytes. Each block has `groups` x 4 x 64 weights, 64 sums to begin with and 64 factors, in the order of the four
/// registers (see depthwise_avx512.c). Out comes the sum times its factor, rounded to the nearest even byte.
void ek_depthwise_avx512(const uint8_t *const *taps, size_t groups, uint8_t *target, size_t count, const int8_t *weights,
                         const int32_t *bias, const float *factors, size_t blocks);

/// A row of a convolution that reads a picture's bytes and gives floats, planar: the activation of sum x scale + bias.
///
/// Output column x reads 4 x `groups` bytes of each of the `row_count` rows, from x * `stride` on (a stride of 1 to 4); 64
/// bytes must be readable from there on for each block of 16 columns, the last one whole. Weights: for each 16 outputs, for
/// each row and group, 16 x 4. Output o of column x goes to target[o * plane + x]. Functions: 0 none, 1 SiLU within 4e-7 of
/// the value, 2 `slope` below zero.
void ek_picture_convolution_avx512(const uint8_t *const *rows, size_t row_count, size_t groups, size_t stride, float *target,
                                   size_t plane, size_t columns, const int8_t *weights, size_t outputs, const float *scale,
                                   const float *bias, int32_t function, float slope);

/// Convolution of 1 x 1, channels last: for each of `places` places the `outputs` sums of products of its `depth` bytes, a
/// multiple of four, times their factors, rounded to the nearest even byte.
///
/// Weights: for each 16 outputs, the last ones filled up with zeros, for each four bytes, 16 x 4. `bias` and `factors` are
/// filled up in the same way; the sums begin with the bias.
void ek_pointwise_avx512(const uint8_t *source, uint8_t *target, size_t places, size_t depth, size_t outputs,
                         const int8_t *weights, const int32_t *bias, const float *factors);
