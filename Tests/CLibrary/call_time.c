/* call_time PICTURE.jpg WIDTH HEIGHT FRAMES: the median milliseconds of one roadseg_segment, one thread. */
#include <roadseg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static int ascending(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

int main(int count, char **arguments) {
  if (count != 5) return 64;
  int width = atoi(arguments[2]), height = atoi(arguments[3]), frames = atoi(arguments[4]);
  FILE *file = fopen(arguments[1], "rb");
  static unsigned char bytes[1 << 22];
  size_t byte_count = file ? fread(bytes, 1, sizeof bytes, file) : 0;
  roadseg_options options = ROADSEG_OPTIONS(width, height, ROADSEG_JPEG);
  options.threads = 1;
  roadseg_segmenter *segmenter;
  if (frames < 1 || roadseg_open(NULL, &options, &segmenter) != ROADSEG_OK) return 1;
  roadseg_frame frame = {.size = sizeof frame, .format = ROADSEG_JPEG, .bytes = bytes, .byte_count = byte_count};
  roadseg_output output = {.size = sizeof output, .classes = malloc((size_t)width * height)};
  double *times = malloc(sizeof(double) * frames);
  for (int index = -20; index < frames; index++) { /* the first 20 warm up */
    double begin = now();
    if (roadseg_segment(segmenter, &frame, &output, NULL) != ROADSEG_OK) return 1;
    if (index >= 0) times[index] = now() - begin;
  }
  qsort(times, frames, sizeof(double), ascending);
  printf("%.4f\n", times[frames / 2]);
  return 0;
}
