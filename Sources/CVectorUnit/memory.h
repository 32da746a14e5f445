// Four bytes at any address, and memory of a thread.
#pragma once

/// 64 KiB of the calling thread, zero at its start.
static inline void *_Nonnull rv_thread_scratch(void) {
  static _Thread_local _Alignas(64) char memory[65536];
  return memory;
}

/// 256 KiB of the calling thread for the transformed tiles of a convolution, apart from the memory above: only what is touched is resident.
static inline void *_Nonnull rv_thread_tiles(void) {
  static _Thread_local _Alignas(64) char memory[262144];
  return memory;
}

typedef struct {
  int value;
} __attribute__((packed, may_alias)) rv_int;
