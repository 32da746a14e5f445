/* Masks of roadseg for other programs: what comes through the socket and what lies in the shared memory of
 * `roadseg live --output unix:PATH` and `--output shm:/NAME`. C99 and C++; gcc or clang. Numbers have the byte order of
 * the machine; times are nanoseconds of CLOCK_MONOTONIC.
 *
 * The socket (AF_UNIX, SOCK_STREAM) sends, once, a `roadseg_classes` with its entries, then for each mask a
 * `roadseg_mask` and `payload_bytes` bytes: the class of every pixel, row by row, without padding. A reader that is
 * slow misses masks, never a part of one. What a reader sends is ignored.
 *
 * The shared memory begins with a `roadseg_shared`. A mask is in one of `slot_count` slots; `roadseg_shared_read`
 * copies the newest one out and tells when it was overwritten meanwhile.
 */
#ifndef ROADSEG_MASKS_H
#define ROADSEG_MASKS_H

#include <stdint.h>
#include <string.h>

#define ROADSEG_MASKS_VERSION 1

/* 32 bytes. */
struct roadseg_mask_class {
  char name[28]; /* UTF-8, ends with a zero, shortened where it does not fit */
  uint8_t red, green, blue;
  uint8_t is_road; /* 1 for the class that can be driven on */
};

/* 16 bytes, followed by `count` entries of `roadseg_mask_class`. */
struct roadseg_classes {
  char magic[4]; /* "RSCL" */
  uint16_t version;
  uint16_t count;
  uint32_t payload_bytes; /* of the entries */
  uint32_t reserved;
};

/* 64 bytes, followed by the mask. */
struct roadseg_mask {
  char magic[4]; /* "RSMK" */
  uint16_t version;
  uint16_t head_bytes; /* of this struct; skip what a later version adds */
  uint32_t width, height;
  uint64_t frame;        /* the source's number of the frame, counted from 0, dropped ones included */
  uint64_t captured_ns;  /* when the camera took it, by the kernel's time stamp */
  uint64_t published_ns; /* when it was sent */
  uint32_t payload_bytes; /* width * height */
  uint32_t reserved[5];
};

/* 64 bytes at the beginning of the shared memory. */
struct roadseg_shared {
  char magic[4]; /* "RSSM" */
  uint16_t version;
  uint16_t class_count;
  uint32_t classes_offset; /* of `class_count` entries of `roadseg_mask_class` */
  uint32_t width, height;
  uint32_t slot_count;
  uint32_t slot_bytes; /* from one slot to the next */
  uint32_t slots_offset;
  uint32_t is_open;   /* 0 once roadseg has ended: open the memory anew */
  uint32_t writer;    /* process that writes */
  uint64_t published; /* masks so far; the newest one is in slot (published - 1) % slot_count; 0: none yet */
  uint64_t reserved[2];
};

/* 64 bytes at the beginning of a slot, then a `roadseg_mask`, then the mask. */
struct roadseg_slot {
  uint64_t sequence; /* odd while the slot is written */
  uint64_t reserved[7];
};

/* Copies the newest mask out of the shared memory at `memory`.
 *
 * seen: number of the mask that the reader has, 0 at first; becomes that of the one copied.
 * pixels: room for width * height bytes.
 * Returns 1: copied. 0: nothing newer. -1: overwritten while it was copied; try again.
 */
static inline int roadseg_shared_read(
    const void *memory, uint64_t *seen, struct roadseg_mask *mask, uint8_t *pixels) {
  const struct roadseg_shared *shared = (const struct roadseg_shared *)memory;
  uint64_t published = __atomic_load_n(&shared->published, __ATOMIC_ACQUIRE);
  const uint8_t *start;
  const struct roadseg_slot *slot;
  uint64_t before;
  if (published == 0 || published == *seen) return 0;
  start = (const uint8_t *)memory + shared->slots_offset
      + (size_t)((published - 1) % shared->slot_count) * shared->slot_bytes;
  slot = (const struct roadseg_slot *)start;
  before = __atomic_load_n(&slot->sequence, __ATOMIC_ACQUIRE);
  if (before & 1) return -1;
  memcpy(mask, start + sizeof(struct roadseg_slot), sizeof *mask);
  memcpy(pixels, start + sizeof(struct roadseg_slot) + sizeof *mask, (size_t)shared->width * shared->height);
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  if (__atomic_load_n(&slot->sequence, __ATOMIC_RELAXED) != before) return -1;
  *seen = published;
  return 1;
}

/* roadseg's own side: between `begin` and `publish` readers take nothing from the slot. */
static inline void roadseg_slot_begin(struct roadseg_slot *slot) {
  __atomic_store_n(&slot->sequence, slot->sequence + 1, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void roadseg_slot_publish(struct roadseg_shared *shared, struct roadseg_slot *slot) {
  __atomic_store_n(&slot->sequence, slot->sequence + 1, __ATOMIC_RELEASE);
  __atomic_store_n(&shared->published, shared->published + 1, __ATOMIC_RELEASE);
}

static inline void roadseg_shared_set_open(struct roadseg_shared *shared, uint32_t is_open) {
  __atomic_store_n(&shared->is_open, is_open, __ATOMIC_RELEASE);
}

#endif
