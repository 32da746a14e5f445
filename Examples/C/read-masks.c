/* read-masks unix:PATH|shm:/NAME [MASKS]: prints, for each mask of a running
 * `roadseg live --output unix:PATH` or `--output shm:/NAME`, its frame, size, road share and age.
 *
 *     cc -O2 -I/usr/include read-masks.c -o read-masks
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "roadseg_masks.h"

static int road = -1; /* number of the road's class */

static void note_classes(const struct roadseg_mask_class *classes, int count) {
  for (int index = 0; index < count; ++index) {
    printf("class %d %s #%02x%02x%02x%s\n", index, classes[index].name, classes[index].red, classes[index].green,
           classes[index].blue, classes[index].is_road ? " road" : "");
    if (classes[index].is_road) road = index;
  }
}

static void tell(const struct roadseg_mask *mask, const uint8_t *pixels) {
  struct timespec now;
  size_t on_road = 0, count = (size_t)mask->width * mask->height;
  uint32_t sum = 2166136261u; /* FNV-1a, to compare with what was sent */
  for (size_t index = 0; index < count; ++index) {
    on_road += pixels[index] == road;
    sum = (sum ^ pixels[index]) * 16777619u;
  }
  clock_gettime(CLOCK_MONOTONIC, &now);
  double age = (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6 - (double)mask->captured_ns / 1e6;
  printf("frame %llu %ux%u road %.1f %% sum %08x age %.1f ms\n", (unsigned long long)mask->frame, mask->width,
         mask->height, 100.0 * (double)on_road / (double)(count ? count : 1), sum, age);
  fflush(stdout);
}

static int read_all(int from, void *to, size_t count) {
  for (size_t done = 0; done < count;) {
    ssize_t more = read(from, (char *)to + done, count - done);
    if (more <= 0) return 0;
    done += (size_t)more;
  }
  return 1;
}

static int from_socket(const char *path, long masks) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  int from = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(name.sun_path, sizeof name.sun_path, "%s", path);
  if (from < 0 || connect(from, (struct sockaddr *)&name, sizeof name) != 0) return perror(path), 1;
  struct roadseg_classes table;
  struct roadseg_mask_class classes[256];
  if (!read_all(from, &table, sizeof table) || memcmp(table.magic, "RSCL", 4) != 0 || table.count > 256
      || !read_all(from, classes, table.payload_bytes))
    return fprintf(stderr, "%s: sends no masks\n", path), 1;
  note_classes(classes, table.count);
  uint8_t *pixels = NULL;
  struct roadseg_mask mask;
  while (masks-- && read_all(from, &mask, sizeof mask)) {
    if (memcmp(mask.magic, "RSMK", 4) != 0) return fprintf(stderr, "%s: out of step\n", path), 1;
    pixels = realloc(pixels, mask.payload_bytes);
    if (!pixels || !read_all(from, pixels, mask.payload_bytes)) break;
    tell(&mask, pixels);
  }
  free(pixels);
  close(from);
  return 0;
}

static int from_memory(const char *name, long masks) {
  int file = shm_open(name, O_RDONLY, 0);
  struct stat status;
  if (file < 0 || fstat(file, &status) != 0) return perror(name), 1;
  const uint8_t *memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED) return perror(name), 1;
  const struct roadseg_shared *shared = (const struct roadseg_shared *)memory;
  if (memcmp(shared->magic, "RSSM", 4) != 0) return fprintf(stderr, "%s: holds no masks\n", name), 1;
  note_classes((const struct roadseg_mask_class *)(memory + shared->classes_offset), shared->class_count);
  uint8_t *pixels = malloc((size_t)shared->width * shared->height);
  struct roadseg_mask mask;
  uint64_t seen = 0;
  while (pixels && masks && __atomic_load_n(&shared->is_open, __ATOMIC_ACQUIRE)) {
    if (roadseg_shared_read(memory, &seen, &mask, pixels) == 1) {
      tell(&mask, pixels);
      --masks;
    } else {
      usleep(1000);
    }
  }
  free(pixels);
  return 0;
}

int main(int count, char **arguments) {
  const char *from = count > 1 ? arguments[1] : "";
  long masks = count > 2 ? atol(arguments[2]) : -1;
  if (strncmp(from, "unix:", 5) == 0) return from_socket(from + 5, masks);
  if (strncmp(from, "shm:", 4) == 0) return from_memory(from + 4, masks);
  fprintf(stderr, "usage: read-masks unix:PATH|shm:/NAME [MASKS]\n");
  return 64;
}
