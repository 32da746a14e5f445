// One-instruction vector wrappers and the processor feature query. No logic.
//
// A wrapper exists only where its instruction set is switched on by the importing target's flags.
#pragma once

#if defined(__x86_64__)
#include <cpuid.h>

typedef struct {
  unsigned int eax, ebx, ecx, edx;
} rv_cpuid_registers;

/// CPUID of one leaf and subleaf; all zero where the leaf does not exist.
static inline rv_cpuid_registers rv_cpuid(unsigned int leaf, unsigned int subleaf) {
  rv_cpuid_registers r = {0, 0, 0, 0};
  __get_cpuid_count(leaf, subleaf, &r.eax, &r.ebx, &r.ecx, &r.edx);
  return r;
}

/// XCR0: which registers the operating system saves. Call it only where CPUID.1:ECX.OSXSAVE is set.
static inline unsigned long long rv_xgetbv(void) {
  unsigned int low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((unsigned long long)high << 32) | low;
}

/// Asks Linux for the registers of AMX, which it saves only for programs that asked: arch_prctl(ARCH_REQ_XCOMP_PERM,
/// 18), kernel document "Using XSTATE features in user space applications". 0, or the negative error number.
static inline long rv_request_tiles(void) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(158L), "D"(0x1023L), "S"(18L) : "rcx", "r11", "memory");
  return result;
}
#endif

#include "cores.h"
#include "memory.h"
#include "avx2.h"
#include "avx512.h"
#include "amx.h"
#include "neon.h"
