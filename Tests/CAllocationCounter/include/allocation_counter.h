// Counts the calls of malloc, calloc, realloc and posix_memalign in a test process.
#pragma once

/// Calls since the process began, on all threads.
unsigned long allocation_count(void);
