// Four bytes at any address, and memory on the stack.
#pragma once

#define RV_STACK_BYTES 65536

/// Calls `body` with uninitialised memory of the calling thread's stack, which is gone when it returns.
static inline void rv_with_stack(void *context, void (*body)(void *context, void *memory)) {
  _Alignas(64) char memory[RV_STACK_BYTES];
  body(context, memory);
}

typedef struct {
  int value;
} __attribute__((packed, may_alias)) rv_int;
