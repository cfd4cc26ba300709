// What Swift cannot import from the system's headers. One-line shims only.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// Names the calling thread (15 characters at most, longer names are refused by the system).
static inline int ep_set_thread_name(const char *name) { return pthread_setname_np(pthread_self(), name); }
/// The kernel's id of the calling thread.
static inline int32_t ep_thread_id(void) { return (int32_t)syscall(SYS_gettid); }
/// The CPU clock of any thread of this process (MAKE_THREAD_CPUCLOCK in the kernel's posix-timers.h: ~tid << 3 | per-thread | scheduler time).
static inline clockid_t ep_thread_cpu_clock(int32_t tid) { return (clockid_t)(((unsigned)~tid << 3) | 6u); }
/// One heap for all threads: what one has freed, another can use. Call it before the first thread starts.
static inline int ep_use_one_heap(void) {
#ifdef M_ARENA_MAX
  return mallopt(M_ARENA_MAX, 1);
#else
  return 0;
#endif
}
/// A condition variable that waits on the monotonic clock.
static inline int ep_condition_init(pthread_cond_t *condition) {
  pthread_condattr_t a; pthread_condattr_init(&a); pthread_condattr_setclock(&a, CLOCK_MONOTONIC); int r = pthread_cond_init(condition, &a); pthread_condattr_destroy(&a); return r;
}
/// Gives freed memory at the top and in whole pages back to the system.
static inline int ep_trim_heap(void) {
#ifdef M_ARENA_MAX
  return malloc_trim(0);
#else
  return 0;
#endif
}
