// A target needs a source; the function is in the library that -sanitize=fuzzer links.
#include "CFuzzer.h"
