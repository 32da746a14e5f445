// A GNU call that Swift does not import.
#pragma once
#include <linux/falloc.h>
#include <sys/syscall.h>
#include <unistd.h>

// Sets `bytes` of the disk aside without changing the file's size: fallocate(2).
static inline int file_reserve(int descriptor, long bytes) {
  return (int)syscall(SYS_fallocate, descriptor, FALLOC_FL_KEEP_SIZE, (long)0, bytes);
}
