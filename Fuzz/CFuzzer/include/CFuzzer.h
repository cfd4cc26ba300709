#pragma once
#include <stddef.h>
#include <stdint.h>

/// libFuzzer's loop: calls `test` with one input after the other, as the command line says; returns its exit status.
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*test)(const uint8_t *data, size_t size));
