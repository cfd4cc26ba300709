// Holds a program to AVX2, whatever the processor has: loaded with LD_PRELOAD, it answers CPUID without AVX-512, AMX, and
// the dot products of integers and bfloat16 that came after AVX2.
//
// The kernel makes CPUID fault (arch_prctl, x86-64 Linux, where the processor can), and the handler answers in its place.
// Threads inherit that, and programs that are started get it again from LD_PRELOAD. Where CPUID cannot be made to fault
// the program ends with 71.
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <cpuid.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

// Of leaf 7: AVX-512 (F, DQ, IFMA, PF, ER, CD, BW, VL) in EBX; VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ in ECX; 4VNNIW, 4FMAPS,
// VP2INTERSECT, AMX and AVX512-FP16 in EDX.
enum { LEAF7_EBX = 0xdc230000, LEAF7_ECX = 0x5842, LEAF7_EDX = 0x03c0010c };
// Of leaf 7, subleaf 1: AVX-VNNI, AVX512-BF16, AMX-FP16 and AVX-IFMA in EAX; AVX-VNNI-INT8, AVX-NE-CONVERT, AMX-COMPLEX,
// AVX-VNNI-INT16 and AVX10 in EDX.
enum { LEAF7_1_EAX = 0x00a00030, LEAF7_1_EDX = 0x00080530 };

static long let_cpuid(unsigned long allowed) { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, allowed); }

static void answer(int number, siginfo_t *information, void *interrupted) {
  (void)information;
  greg_t *registers = ((ucontext_t *)interrupted)->uc_mcontext.gregs;
  const unsigned char *instruction = (const unsigned char *)registers[REG_RIP];
  if (instruction[0] != 0x0f || instruction[1] != 0xa2) { // not CPUID: a real fault, which happens again
    signal(number, SIG_DFL);
    return;
  }
  unsigned leaf = (unsigned)registers[REG_RAX], subleaf = (unsigned)registers[REG_RCX], a, b, c, d;
  let_cpuid(1);
  __cpuid_count(leaf, subleaf, a, b, c, d);
  let_cpuid(0);
  if (leaf == 7 && subleaf == 0) {
    b &= ~(unsigned)LEAF7_EBX;
    c &= ~(unsigned)LEAF7_ECX;
    d &= ~(unsigned)LEAF7_EDX;
  } else if (leaf == 7 && subleaf == 1) {
    a &= ~(unsigned)LEAF7_1_EAX;
    d &= ~(unsigned)LEAF7_1_EDX;
  }
  registers[REG_RAX] = a;
  registers[REG_RBX] = b;
  registers[REG_RCX] = c;
  registers[REG_RDX] = d;
  registers[REG_RIP] += 2;
}

// Linked with -z initfirst: before anything else looks at the processor.
__attribute__((constructor)) static void hold(void) {
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK};
  if (sigaction(SIGSEGV, &action, NULL) != 0 || let_cpuid(0) != 0) {
    perror("CPUID cannot be made to fault");
    _exit(71);
  }
}
