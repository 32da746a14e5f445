// Counts the calls of malloc, calloc, realloc and posix_memalign, thread by thread: what other tests of the process do
// meanwhile does not count.
#pragma once

/// Calls of the calling thread since it began.
unsigned long allocation_count_of_this_thread(void);

/// From now on the calling thread's calls are added to `*counter`, which several threads may share; NULL: no longer.
void count_allocations_of_this_thread_into(unsigned long *counter);
