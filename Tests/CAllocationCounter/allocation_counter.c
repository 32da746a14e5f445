// Takes the place of the C library's allocation functions in the test executable; Swift may not define these symbols
// itself.
#include "allocation_counter.h"

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

// Initial-exec: reaching them never allocates.
static __thread unsigned long calls __attribute__((tls_model("initial-exec")));
static __thread unsigned long *shared __attribute__((tls_model("initial-exec")));

unsigned long allocation_count_of_this_thread(void) { return calls; }

void count_allocations_of_this_thread_into(unsigned long *counter) { shared = counter; }

static void count_call(void) {
  calls += 1;
  if (shared) __atomic_fetch_add(shared, 1, __ATOMIC_RELAXED);
}

void *malloc(size_t size) {
  count_call();
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  count_call();
  return __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  count_call();
  return __libc_realloc(block, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  count_call();
  *block = __libc_memalign(alignment, size);
  return *block ? 0 : ENOMEM;
}
