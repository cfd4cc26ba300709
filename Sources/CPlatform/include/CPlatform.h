// What Swift cannot import from the system's headers. One-line shims only.
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/// Names the calling thread (15 characters at most, longer names are refused by the system).
static inline int ep_set_thread_name(const char *name) { return pthread_setname_np(pthread_self(), name); }
/// The kernel's id of the calling thread.
static inline int32_t ep_thread_id(void) { return (int32_t)syscall(SYS_gettid); }
/// The set of cores that the calling thread may run on, a bit for each; the number of bytes written, or less than 0.
static inline long ep_affinity(void *cores, size_t size) { return syscall(SYS_sched_getaffinity, 0, size, cores); }
/// Sends a signal to one thread of this process.
static inline int ep_signal_thread(int32_t tid, int number) { return (int)syscall(SYS_tgkill, getpid(), tid, number); }
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
/// Counts a hardware event (PERF_COUNT_HW_...) of the calling thread, and of threads that it starts from now on, in user mode: a descriptor that reads as value, time enabled, time running; or minus the system's error number.
static inline int ep_open_counter(uint64_t event) {
  struct perf_event_attr a = {.type = PERF_TYPE_HARDWARE, .size = sizeof(a), .config = event, .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING, .inherit = 1, .exclude_kernel = 1, .exclude_hv = 1}; int fd = (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, PERF_FLAG_FD_CLOEXEC); return fd < 0 ? -errno : fd;
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
/// A file of memory alone, which goes away with its last descriptor: a descriptor, or minus the system's error number.
static inline int ep_memory_file(const char *name) { int fd = memfd_create(name, MFD_CLOEXEC); return fd < 0 ? -errno : fd; }
/// Lets two files or folders change places in one step (RENAME_EXCHANGE, 2); not 0 where the file system cannot.
static inline int ep_exchange(const char *a, const char *b) { return (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 2u); }
/// A program that is started has no descriptors of this one from this number on. (Declared here: what else <spawn.h> brings
/// with it is not the same for every module.)
static inline int ep_close_from(void *actions, int number) { extern int posix_spawn_file_actions_addclosefrom_np(void *, int); return posix_spawn_file_actions_addclosefrom_np(actions, number); }
/// A file's extended attribute: its bytes, or a negative number. (Declared here, and in the next, for the same reason.)
static inline long ep_file_attribute(int fd, const char *name, void *value, size_t size) { extern ssize_t fgetxattr(int, const char *, void *, size_t); return fgetxattr(fd, name, value, size); }
/// Sets it: 0, or a negative number.
static inline int ep_set_file_attribute(int fd, const char *name, const void *value, size_t size) { extern int fsetxattr(int, const char *, const void *, size_t, int); return fsetxattr(fd, name, value, size, 0); }
/// Starts a Landlock rule set (linux/landlock.h) of the first `size` bytes of its three masks: a descriptor, or minus the system's error number.
static inline int ep_landlock_create(uint64_t files, uint64_t network, uint64_t scopes, size_t size) {
  uint64_t masks[3] = {files, network, scopes}; int fd = (int)syscall(444, size ? masks : 0, size, size ? 0 : 1); return fd < 0 ? -errno : fd;
}
/// Allows `access` beneath an open file or folder: 0, or minus the system's error number.
static inline int ep_landlock_allow(int rules, int fd, uint64_t access) {
  struct { uint64_t access; int32_t fd; } __attribute__((packed)) rule = {access, fd}; return syscall(445, rules, 1, &rule, 0) < 0 ? -errno : 0;
}
/// Holds the calling thread, and those that it starts, to the rules: 0, or minus the system's error number.
static inline int ep_landlock_restrict(int rules) { return syscall(446, rules, 0) < 0 ? -errno : 0; }
/// Filters the system calls of all threads by a program of `count` instructions of 8 bytes each: 0, or minus the system's error number.
static inline int ep_filter_calls(const uint64_t *program, unsigned short count) {
  struct { unsigned short count; const uint64_t *program; } filter = {count, program}; return syscall(SYS_seccomp, 1, 1, &filter) != 0 ? -errno : 0;
}
/// prctl with a whole number: its result, or minus the system's error number.
static inline int ep_prctl(int option, unsigned long value) { extern int prctl(int, ...); int r = prctl(option, value, 0UL, 0UL, 0UL); return r < 0 ? -errno : r; }
/// Gives up all capabilities: 0, or minus the system's error number.
static inline int ep_drop_capabilities(void) {
  struct { uint32_t version; int pid; } header = {0x20080522, 0}; uint32_t none[6] = {0}; return syscall(SYS_capset, &header, none) < 0 ? -errno : 0;
}
/// Leaves the namespaces of `flags` for new ones: 0, or minus the system's error number.
static inline int ep_unshare(int flags) { extern int unshare(int); return unshare(flags) < 0 ? -errno : 0; }
/// A file of memory whose size can be sealed: a descriptor, or minus the system's error number.
static inline int ep_sealable_memory(const char *name) { int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING); return fd < 0 ? -errno : fd; }
/// Adds seals to it (F_ADD_SEALS): 0, or minus the system's error number.
static inline int ep_add_seals(int fd, int seals) { return fcntl(fd, 1033, seals) < 0 ? -errno : 0; }
/// A descriptor that can be polled for a process's end: it, or minus the system's error number.
static inline int ep_open_process(int pid) { int fd = (int)syscall(434, pid, 0); return fd < 0 ? -errno : fd; }
/// Sends bytes, and a descriptor with them where it is not negative, over a Unix socket: how many, or minus the system's error number.
long ep_send(int socket, const void *bytes, size_t count, int descriptor);
/// Receives bytes, and into `descriptor` what came with them (-1: nothing): how many, 0 at the end, or minus the system's error number.
long ep_receive(int socket, void *bytes, size_t count, int *descriptor);
