// perf_event_open(2) has no wrapper in the C library, and Swift cannot call the variadic syscall(2).
#pragma once
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

// A counter of one hardware event, user space only, of this process and the threads it makes from now on.
// Returns a descriptor from which 8 bytes can be read at any time, or -1 where the kernel gives none.
static inline int road_hardware_counter(unsigned long long event) {
  struct perf_event_attr attributes;
  memset(&attributes, 0, sizeof attributes);
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_HARDWARE;
  attributes.config = event;
  attributes.exclude_kernel = 1;
  attributes.exclude_hv = 1;
  attributes.inherit = 1;
  return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static const unsigned long long road_event_cycles = PERF_COUNT_HW_CPU_CYCLES;
static const unsigned long long road_event_instructions = PERF_COUNT_HW_INSTRUCTIONS;
static const unsigned long long road_event_cache_misses = PERF_COUNT_HW_CACHE_MISSES;
