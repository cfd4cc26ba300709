#include "support.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "CKernels.h"

bool has(int32_t instruction_set) {
  int32_t best = ek_instruction_set();
  return instruction_set == best || (instruction_set == AVX2 && best == AVX512);
}

// Rooms of one test at a time.
static struct {
  void *start;
  size_t size;
} rooms[64];
static size_t room_count;

void *room(size_t size) {
  if (room_count == sizeof rooms / sizeof rooms[0]) fail("Too many rooms.");
#if __has_feature(address_sanitizer)
  void *start = malloc(size ? size : 1), *bytes = start;
  if (!start) fail("There is no memory.");
#else
  size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) / page * page;
  uint8_t *start = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED || mprotect(start + whole, page, PROT_NONE)) fail("There is no memory.");
  uint8_t *bytes = start + whole - size;
  size = whole + page;
#endif
  rooms[room_count].start = start;
  rooms[room_count++].size = size;
  return bytes;
}

void clear_rooms(void) {
  while (room_count > 0) {
    room_count--;
#if __has_feature(address_sanitizer)
    free(rooms[room_count].start);
#else
    munmap(rooms[room_count].start, rooms[room_count].size);
#endif
  }
}

uint32_t random_number(void) {
  static uint64_t state = 1;
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 32);
}

size_t between(size_t first, size_t last) { return first + random_number() % (last - first + 1); }

void randomize(void *bytes, size_t size) {
  // Half of the bytes are the least and the greatest, with and without a sign: where sums overflow, if anywhere.
  static const uint8_t edges[] = {0, 255, 127, 128};
  for (size_t i = 0; i < size; i++) {
    uint32_t number = random_number();
    ((uint8_t *)bytes)[i] = number & 256 ? edges[number & 3] : (uint8_t)number;
  }
}

void *random_room(size_t size) {
  void *bytes = room(size);
  randomize(bytes, size);
  return bytes;
}

void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

void expect_equal(const uint8_t *found, const uint8_t *expected, size_t size, const char *what) {
  for (size_t i = 0; i < size; i++)
    if (found[i] != expected[i]) fail("%s: byte %zu of %zu is %d, not %d.", what, i, size, found[i], expected[i]);
}
