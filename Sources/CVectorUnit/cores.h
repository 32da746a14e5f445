// What the kernel says of the processor: the cores that the calling thread may run on, as a bit each (Linux'
// sched_getaffinity and sched_setaffinity), and its capabilities. glibc declares these for GNU sources only.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

extern long syscall(long number, ...);

/// Bytes written, or -1.
static inline long rv_allowed_cores(void *mask, unsigned long bytes) {
  return syscall(SYS_sched_getaffinity, 0L, bytes, mask);
}

/// 0, or -1.
static inline long rv_allow_cores(const void *mask, unsigned long bytes) {
  return syscall(SYS_sched_setaffinity, 0L, bytes, mask);
}

extern unsigned long getauxval(unsigned long type);

/// AT_HWCAP and AT_HWCAP2: what Linux lets a program use of the processor.
static inline unsigned long rv_capabilities(void) { return getauxval(16); }
static inline unsigned long rv_capabilities2(void) { return getauxval(26); }
