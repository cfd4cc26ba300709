// Scaling: rows, columns and colours equal to the loops, and nothing is read but what they are made of.
#include <stdio.h>
#include <string.h>

#include "CKernels.h"
#include "support.h"

typedef void Rows(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *target, size_t width);
typedef void PairedRows(const uint8_t *const *rows, const uint16_t *weights, size_t count, int16_t *first, int16_t *second,
                        size_t width);
typedef void Columns(const int16_t *line, const int32_t *firsts, const int16_t *weights, size_t taps, int16_t *target,
                     size_t columns);
typedef void Colors(const int16_t *luma, const int16_t *cb, const int16_t *cr, const int16_t *factors,
                    const int32_t *offsets, uint8_t *red, uint8_t *green, uint8_t *blue, size_t count);
typedef void Normalized(const uint8_t *bytes, float *target, size_t count, float mean, float scale);

enum { MOST_ROWS = 20 };

static void expect_same(const void *found, const void *expected, size_t size, const char *what) {
  expect_equal(found, expected, size, what);
}

/// Random bytes, some of them the outermost ones.
static uint8_t *random_row(size_t size) {
  uint8_t *row = random_room(size);
  for (size_t i = 0; i < size; i++)
    if (between(0, 4) == 0) row[i] = between(0, 1) ? 255 : 0;
  return row;
}

/// Weights that add up to `one`, or to one less where there is only one that would not fit.
static void divide(uint32_t one, size_t count, uint16_t *weights) {
  for (size_t k = 0; k + 1 < count; k++) {
    weights[k] = (uint16_t)between(0, one / (count - 1) - 1);
    one -= weights[k];
  }
  weights[count - 1] = (uint16_t)(one > 65535 ? 65535 : one);
}

static int16_t weighted(uint8_t *const *rows, const uint16_t *weights, size_t count, size_t at) {
  uint32_t sum = (uint32_t)(count / 2);
  for (size_t k = 0; k < count; k++) sum += ((uint32_t)rows[k][at] * weights[k]) >> 8;
  return (int16_t)((sum + 1) / 2);
}

static void test_rows(Rows *kernel, PairedRows *paired) {
  for (size_t round = 0; round < 600; round++) {
    size_t width = round < 300 ? round + 1 : between(1, 700), count = between(1, MOST_ROWS);
    uint8_t *rows[MOST_ROWS];
    uint16_t weights[MOST_ROWS];
    divide(65536, count, weights);
    for (size_t k = 0; k < count; k++) rows[k] = random_row(2 * width);
    size_t size = width * sizeof(int16_t);
    int16_t *found = room(size), *second = room(size), *expected = room(size), *expected_second = room(size);

    for (size_t x = 0; x < width; x++) {
      expected[x] = weighted(rows, weights, count, 2 * x);
      expected_second[x] = weighted(rows, weights, count, 2 * x + 1);
    }
    paired((const uint8_t *const *)rows, weights, count, found, second, width);
    expect_same(found, expected, size, "The first of paired rows");
    expect_same(second, expected_second, size, "The second of paired rows");

    // The same bytes, whose ends are the rows' ends.
    const uint8_t *ends[MOST_ROWS];
    for (size_t k = 0; k < count; k++) ends[k] = rows[k] + width;
    for (size_t x = 0; x < width; x++) expected[x] = weighted(rows, weights, count, width + x);
    kernel(ends, weights, count, found, width);
    expect_same(found, expected, size, "Rows");
    clear_rooms();
  }
}

/// Columns with as many taps as `taps` says, the first of which lie up to `step` apart.
typedef struct {
  size_t columns, taps, numbers;
  int16_t *line, *weights, *found, *expected;
  int32_t *firsts;
} Case;

static Case random_case(size_t columns, size_t taps, size_t step, size_t readable) {
  Case made = {.columns = columns, .taps = taps};
  made.firsts = room(columns * sizeof(int32_t));
  made.weights = room(columns * taps * sizeof(int16_t));
  made.found = room(columns * sizeof(int16_t));
  made.expected = room(columns * sizeof(int16_t));
  for (size_t x = 0; x < columns; x++) {
    made.firsts[x] = x ? made.firsts[x - 1] + (int32_t)between(0, step) : 0;
    divide(16384, taps, (uint16_t *)made.weights + x * taps);
  }
  made.numbers = (size_t)made.firsts[columns - 1] + readable;
  made.line = room(made.numbers * sizeof(int16_t));
  for (size_t i = 0; i < made.numbers; i++) made.line[i] = (int16_t)(between(0, 4) ? between(0, 32640) : 32640);
  for (size_t x = 0; x < columns; x++) {
    int32_t sum = 1 << 13;
    for (size_t k = 0; k < taps; k++) sum += made.line[(size_t)made.firsts[x] + k] * made.weights[x * taps + k];
    made.expected[x] = (int16_t)(sum >> 14);
  }
  return made;
}

static void test_columns(Columns *kernel) {
  for (int round = 0; round < 300; round++) {
    size_t taps = 8 * between(1, 4);
    Case made = random_case(8 * between(1, 40), taps, taps, taps);
    kernel(made.line, made.firsts, made.weights, taps, made.found, made.columns);
    expect_same(made.found, made.expected, made.columns * sizeof(int16_t), "Columns");
    clear_rooms();
  }
}

static void test_colors(Colors *kernel) {
  // Factors of BT.709 in limited range, and offsets that lead beyond both ends.
  const int16_t factors[] = {9539, 14686, -1747, -4366, 17305};
  const int32_t offsets[] = {-260000000, 80000000, -300000000};
  for (size_t round = 0; round < 300; round++) {
    size_t count = round + 1, size = count * sizeof(int16_t);
    int16_t *planes[3];
    for (int i = 0; i < 3; i++) {
      planes[i] = room(size);
      for (size_t x = 0; x < count; x++) planes[i][x] = (int16_t)between(0, 32640);
    }
    uint8_t *found[3], *expected[3];
    for (int i = 0; i < 3; i++) found[i] = room(count), expected[i] = room(count);
    for (size_t x = 0; x < count; x++) {
      int32_t luma = planes[0][x] * factors[0], cb = planes[1][x], cr = planes[2][x];
      const int32_t sums[] = {luma + cr * factors[1], luma + cb * factors[2] + cr * factors[3], luma + cb * factors[4]};
      for (int i = 0; i < 3; i++) {
        int32_t value = (sums[i] + offsets[i]) >> 20;
        expected[i][x] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
      }
    }
    kernel(planes[0], planes[1], planes[2], factors, offsets, found[0], found[1], found[2], count);
    for (int i = 0; i < 3; i++) expect_equal(found[i], expected[i], count, "Colours");
    clear_rooms();
  }
}

#if defined(__x86_64__)
static void test_blocks(void) {
  for (int round = 0; round < 300; round++) {
    size_t taps = round % 2 ? 4 : 8, columns = 32 / taps;
    Case made = random_case(16 * between(1, 30), taps, taps, 32);
    size_t blocks = made.columns / columns;
    int32_t *bases = room(blocks * sizeof(int32_t));
    uint8_t *places = room(64 * blocks);
    for (size_t block = 0; block < blocks; block++) {
      // 32 numbers from the first column's on, or from further left.
      int32_t first = made.firsts[block * columns], last = made.firsts[block * columns + columns - 1] + (int32_t)taps;
      int32_t least = last > 32 ? last - 32 : 0;
      bases[block] = (int32_t)between((size_t)(least < first ? least : first), (size_t)first);
      for (size_t i = 0; i < 32; i++) {
        size_t place = (size_t)(made.firsts[block * columns + i / taps] - bases[block]) + i % taps;
        places[64 * block + 2 * i] = (uint8_t)(2 * place);
        places[64 * block + 2 * i + 1] = (uint8_t)(2 * place + 1);
      }
    }
    ek_weighted_columns_avx512(made.line, bases, places, made.weights, taps, made.found, made.columns);
    expect_same(made.found, made.expected, made.columns * sizeof(int16_t), "Columns in blocks");
    clear_rooms();
  }
}

static void test_normalized(Normalized *kernel) {
  for (size_t count = 1; count < 200; count++) {
    uint8_t *bytes = random_row(count);
    float *found = room(count * sizeof(float)), *expected = room(count * sizeof(float));
    for (size_t x = 0; x < count; x++) expected[x] = ((float)bytes[x] - 123.675f) * 0.01712475f;
    kernel(bytes, found, count, 123.675f, 0.01712475f);
    expect_same(found, expected, count * sizeof(float), "Normalized bytes");
    clear_rooms();
  }
}
#endif

void test_scaling(int32_t instruction_set) {
#if defined(__x86_64__)
  bool wide = instruction_set == AVX512;
  test_rows(wide ? ek_weighted_rows_avx512 : ek_weighted_rows_avx2,
            wide ? ek_weighted_paired_rows_avx512 : ek_weighted_paired_rows_avx2);
  if (wide) test_blocks();
  else test_columns(ek_weighted_columns_avx2);
  test_colors(wide ? ek_rgb_avx512 : ek_rgb_avx2);
  test_normalized(wide ? ek_normalized_avx512 : ek_normalized_avx2);
#elif defined(__aarch64__)
  (void)instruction_set;
  test_rows(ek_weighted_rows_neon, ek_weighted_paired_rows_neon);
  test_columns(ek_weighted_columns_neon);
  test_colors(ek_rgb_neon);
#endif
  puts("  Scaling gives the numbers of the loops.");
}
