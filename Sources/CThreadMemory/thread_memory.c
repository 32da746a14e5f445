// Mapped when a thread first asks, gone when it ends. Thread-local arrays would be resident in every thread: the C
// library clears all of them when a thread starts.
#include "thread_memory.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { scratch_bytes = 65536, tiles_bytes = 262144, all_bytes = scratch_bytes + tiles_bytes };

static _Thread_local char *memory;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void fail(const char *what) {
  perror(what);
  abort();
}

static void give_back(void *mapping) {
  munmap(mapping, all_bytes);
  memory = NULL;
}

static void make_key(void) {
  if (pthread_key_create(&key, give_back) != 0) fail("no key for the memory of threads");
}

static __attribute__((noinline)) char *map(void) {
  pthread_once(&once, make_key);
  void *mapping = mmap(NULL, all_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) fail("no memory for a thread of the network");
  if (pthread_setspecific(key, mapping) != 0) fail("no place for a thread's memory");
  memory = mapping;
  return mapping;
}

void *rv_thread_scratch(void) { return memory ? memory : map(); }

void *rv_thread_tiles(void) { return (memory ? memory : map()) + scratch_bytes; }
