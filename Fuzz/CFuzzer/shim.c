#include "CFuzzer.h"

// The library brings a main that calls this; ours, which takes its place, says what to call instead.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  (void)data;
  (void)size;
  return 0;
}
