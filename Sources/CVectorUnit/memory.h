// Four bytes at any address, and memory on the stack.
#pragma once

/// Calls `body` with 64 KiB of uninitialised memory of the calling thread's stack, which is gone when it returns.
static inline void rv_with_stack(void *context, void (*body)(void *context, void *memory)) {
  _Alignas(64) char memory[65536];
  body(context, memory);
}

typedef struct {
  int value;
} __attribute__((packed, may_alias)) rv_int;
