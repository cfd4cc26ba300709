// What the tests of the kernels share.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// As ek_instruction_set() counts.
enum { NONE, AVX2, AVX512, NEON };

/// Whether this processor runs the kernels of an instruction set.
bool has(int32_t instruction_set);

/// `size` bytes, right behind which any access ends the program: by the sanitizer, or by a page that cannot be read.
void *room(size_t size);
/// Gives all rooms back.
void clear_rooms(void);

/// Always the same numbers, from one run to the next.
uint32_t random_number(void);
/// A number from `first` to `last`.
size_t between(size_t first, size_t last);
void randomize(void *bytes, size_t size);
/// A room with random bytes.
void *random_room(size_t size);

/// Ends the program with a sentence. `format` as in printf.
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/// Fails unless the bytes are equal.
void expect_equal(const uint8_t *found, const uint8_t *expected, size_t size, const char *what);

void test_tables(int32_t instruction_set);
void test_depthwise(int32_t instruction_set);
void test_picture_convolution(int32_t instruction_set);
void test_scaling(int32_t instruction_set);
void test_pointwise(int32_t instruction_set);
void test_quantize_planar(int32_t instruction_set);
void test_float_convolution(int32_t instruction_set);
