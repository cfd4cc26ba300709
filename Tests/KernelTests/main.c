// Compares the kernels of CKernels with plain loops, on random sizes, strides and edges. scripts/test-kernels builds it.
#include <stdio.h>

#include "support.h"

int main(void) {
#if defined(__x86_64__)
  static const struct {
    int32_t set;
    const char *name;
  } sets[] = {{AVX2, "AVX2"}, {AVX512, "AVX-512"}};
#elif defined(__aarch64__)
  static const struct {
    int32_t set;
    const char *name;
  } sets[] = {{NEON, "NEON with dot products"}};
#endif
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
    if (!has(sets[i].set)) {
      printf("This processor has no %s: its kernels are not tested.\n", sets[i].name);
      continue;
    }
    printf("%s\n", sets[i].name);
    test_tables(sets[i].set);
    test_depthwise(sets[i].set);
    test_picture_convolution(sets[i].set);
    test_scaling(sets[i].set);
    test_pointwise(sets[i].set);
    test_quantize_planar(sets[i].set);
    test_float_convolution(sets[i].set);
  }
}
