/* check PICTURE.jpg WIDTH HEIGHT CLASSES: libroadseg as a program uses it. The class map of the picture goes to the
 * file CLASSES, so that it can be compared with the command line's. Ends with 0 if all is as roadseg.h says. */
#include <pthread.h>
#include <roadseg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failures;
#define EXPECT(condition) \
  ((condition) ? (void)0 : (void)(failures++, fprintf(stderr, "check.c:%d: %s (%s)\n", \
    __LINE__, #condition, roadseg_last_error())))

/* Every allocation of the process, whoever makes it. */
static atomic_long allocations;
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
void *malloc(size_t size) { atomic_fetch_add(&allocations, 1); return __libc_malloc(size); }
void *calloc(size_t count, size_t size) { atomic_fetch_add(&allocations, 1); return __libc_calloc(count, size); }
void *realloc(void *old, size_t size) { atomic_fetch_add(&allocations, 1); return __libc_realloc(old, size); }

static void refuses_what_it_cannot_take(void) {
  roadseg_segmenter *segmenter = (void *)&failures;
  roadseg_options options = ROADSEG_OPTIONS(0, 480, ROADSEG_RGB24);
  EXPECT(roadseg_open(NULL, &options, &segmenter) == ROADSEG_BAD_ARGUMENT && segmenter == NULL);
  options.width = 640;
  EXPECT(roadseg_open("no-such-model", &options, &segmenter) == ROADSEG_BAD_MODEL && segmenter == NULL);
  EXPECT(strstr(roadseg_last_error(), "no-such-model") != NULL);
  EXPECT(roadseg_open("/etc/hostname.onnx", &options, &segmenter) == ROADSEG_BAD_MODEL);
  options.size = 8;
  EXPECT(roadseg_open(NULL, &options, &segmenter) == ROADSEG_BAD_ARGUMENT);
  EXPECT(roadseg_open(NULL, NULL, &segmenter) == ROADSEG_BAD_ARGUMENT);
  EXPECT(roadseg_segment(NULL, NULL, NULL, NULL) == ROADSEG_BAD_ARGUMENT);
  EXPECT(roadseg_class_count(NULL) == 0 && roadseg_terms(NULL) == NULL);
  roadseg_source *source;
  EXPECT(roadseg_source_open("/dev/video99", NULL, &source) == ROADSEG_BAD_SOURCE && source == NULL);
  EXPECT(roadseg_source_open("/no/such/file", NULL, &source) != ROADSEG_OK && source == NULL);
  roadseg_close(NULL);
  roadseg_source_close(NULL);
}

static void describes_its_classes(roadseg_segmenter *segmenter) {
  int roads = 0;
  EXPECT(roadseg_class_count(segmenter) == 7);
  for (int index = 0; index < roadseg_class_count(segmenter); index++) {
    roadseg_class entry = {.size = sizeof entry};
    EXPECT(roadseg_class_at(segmenter, index, &entry) == ROADSEG_OK && strlen(entry.name) > 0);
    roads += entry.is_road;
  }
  roadseg_class entry = {.size = sizeof entry};
  EXPECT(roads == 1 && roadseg_class_at(segmenter, 7, &entry) == ROADSEG_BAD_ARGUMENT);
  EXPECT(roadseg_abi() == ROADSEG_ABI && strlen(roadseg_version()) > 4);
  EXPECT(strlen(roadseg_instruction_set(segmenter)) > 2 && strlen(roadseg_terms(segmenter)) > 0);
}

static void writes_the_picture_s_classes(const char *path, int width, int height, const char *result) {
  FILE *file = fopen(path, "rb");
  unsigned char *bytes = malloc(1 << 22);
  size_t count = file ? fread(bytes, 1, 1 << 22, file) : 0;
  roadseg_options options = ROADSEG_OPTIONS(width, height, ROADSEG_JPEG);
  roadseg_segmenter *segmenter;
  EXPECT(roadseg_open("contextnet", &options, &segmenter) == ROADSEG_OK);
  describes_its_classes(segmenter);
  roadseg_frame frame = {.size = sizeof frame, .format = ROADSEG_JPEG, .bytes = bytes, .byte_count = count};
  roadseg_output output = {.size = sizeof output, .classes = malloc((size_t)width * height)};
  EXPECT(roadseg_segment(segmenter, &frame, &output, NULL) == ROADSEG_OK);
  FILE *classes = fopen(result, "wb");
  EXPECT(classes && fwrite(output.classes, 1, (size_t)width * height, classes) == (size_t)width * height);
  fclose(classes);
  frame.byte_count = count / 2;
  EXPECT(roadseg_segment(segmenter, &frame, &output, NULL) == ROADSEG_BAD_FRAME);
  roadseg_close(segmenter);
  free(output.classes);
  free(bytes);
}

/* Rows with gaps, both orders of three bytes, confidence, and nothing allocated. */
static void takes_the_caller_s_memory(void) {
  enum { width = 320, height = 200, pitch = 3 * width + 5, rows = width + 7 };
  roadseg_segmenter *segmenter;
  roadseg_options options = ROADSEG_OPTIONS(width, height, ROADSEG_RGB24);
  options.threads = 2;
  EXPECT(roadseg_open(NULL, &options, &segmenter) == ROADSEG_OK);
  unsigned char *rgb = malloc(pitch * height), *bgr = malloc(pitch * height);
  unsigned char *classes = malloc(2 * rows * height), *confidence = malloc(rows * height);
  for (int i = 0; i < pitch * height; i++) rgb[i] = (unsigned char)(i * 2654435761u >> 13);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < 3 * width; x++) bgr[y * pitch + x] = rgb[y * pitch + x / 3 * 3 + 2 - x % 3];
  memset(classes, 0xEE, 2 * rows * height);
  roadseg_frame frame = {.size = sizeof frame, .format = ROADSEG_RGB24, .width = width, .height = height,
                         .bytes = rgb, .byte_count = pitch * height, .row_pitch = pitch};
  roadseg_output output = {.size = sizeof output, .classes = classes, .classes_pitch = rows,
                           .confidence = confidence, .confidence_pitch = rows};
  roadseg_timings timings = {.size = sizeof timings};
  EXPECT(roadseg_segment(segmenter, &frame, &output, &timings) == ROADSEG_OK);
  EXPECT(timings.network > 0 && timings.road_pixels <= width * height);
  frame.format = ROADSEG_BGR24;
  frame.bytes = bgr;
  output.classes = classes + rows * height;
  long before = atomic_load(&allocations);
  for (int i = 0; i < 20; i++) EXPECT(roadseg_segment(segmenter, &frame, &output, &timings) == ROADSEG_OK);
  EXPECT(atomic_load(&allocations) == before);
  for (int y = 0; y < height; y++) {
    EXPECT(memcmp(classes + y * rows, output.classes + y * rows, width) == 0);
    EXPECT(classes[y * rows + width] == 0xEE);
  }
  frame.byte_count = pitch * (height - 1) + 3 * width - 1;
  EXPECT(roadseg_segment(segmenter, &frame, &output, NULL) == ROADSEG_BAD_FRAME);
  frame.byte_count = pitch * height;
  frame.width = width - 1;
  EXPECT(roadseg_segment(segmenter, &frame, &output, NULL) == ROADSEG_BAD_FRAME);
  frame.format = (roadseg_format)77;
  EXPECT(roadseg_segment(segmenter, &frame, &output, NULL) == ROADSEG_BAD_ARGUMENT);
  output.classes_pitch = width - 1;
  EXPECT(roadseg_segment(segmenter, &frame, &output, NULL) == ROADSEG_BAD_ARGUMENT);
  roadseg_close(segmenter);
  free(rgb), free(bgr), free(classes), free(confidence);
}

static void opens_with_mask_options(void) {
  roadseg_segmenter *segmenter;
  roadseg_options options = ROADSEG_OPTIONS(320, 240, ROADSEG_RGB24);
  options.own_parts = "0,90 100,90 100";
  EXPECT(roadseg_open(NULL, &options, &segmenter) == ROADSEG_BAD_ARGUMENT && segmenter == NULL);
  EXPECT(strstr(roadseg_last_error(), "own_parts:1: '100' is no corner") != NULL);
  options.own_parts = NULL;
  options.near_bottom = 101;
  EXPECT(roadseg_open(NULL, &options, &segmenter) == ROADSEG_BAD_ARGUMENT);
  options.near_bottom = 0;
  options.stabilise = (roadseg_strength)3;
  EXPECT(roadseg_open(NULL, &options, &segmenter) == ROADSEG_BAD_ARGUMENT);
  /* A program of ABI 1 gives and takes less: what lies behind its structs is neither read nor written. */
  options.size = offsetof(roadseg_options, clean);
  EXPECT(roadseg_open(NULL, &options, &segmenter) == ROADSEG_OK);
  static unsigned char rgb[3 * 320 * 240], classes[320 * 240];
  roadseg_frame frame = {.size = sizeof frame, .format = ROADSEG_RGB24, .width = 320, .height = 240, .bytes = rgb,
                         .byte_count = sizeof rgb};
  roadseg_output output = {.size = sizeof output, .classes = classes};
  roadseg_timings timings = {.size = offsetof(roadseg_timings, stabilise), .stabilise = 77, .refine = 78};
  EXPECT(roadseg_segment(segmenter, &frame, &output, &timings) == ROADSEG_OK);
  EXPECT(timings.network > 0 && timings.stabilise == 77 && timings.refine == 78);
  timings.size--;
  EXPECT(roadseg_segment(segmenter, &frame, &output, &timings) == ROADSEG_BAD_ARGUMENT);
  roadseg_close(segmenter);
}

enum { film_width = 320, film_height = 240, film_pixels = film_width * film_height, film_frames = 6 };
static roadseg_frame film[film_frames];

/* Some frames of a film at these times (in tenths of a second; 0 is none); the class map of the last one. */
static void segments_film(const roadseg_options *options, int first, const int *times, unsigned char *classes) {
  roadseg_segmenter *segmenter;
  EXPECT(roadseg_open(NULL, options, &segmenter) == ROADSEG_OK);
  roadseg_output output = {.size = sizeof output, .classes = classes};
  roadseg_timings timings = {.size = sizeof timings};
  for (int i = first; i < film_frames; i++) {
    film[i].timestamp = (uint64_t)times[i] * 100000000;
    EXPECT(roadseg_segment(segmenter, &film[i], &output, &timings) == ROADSEG_OK);
    EXPECT((timings.stabilise > 0) == (options->stabilise != ROADSEG_OFF));
  }
  roadseg_close(segmenter);
}

static void steadies_cleans_and_cuts(void) {
  roadseg_source *source;
  roadseg_source_options wanted = {.size = sizeof wanted, .width = film_width, .height = film_height, .rate = 30};
  EXPECT(roadseg_source_open("synthetic", &wanted, &source) == ROADSEG_OK);
  for (int i = 0; i < film_frames; i++) {
    film[i].size = sizeof film[i];
    EXPECT(roadseg_source_read(source, 10000, &film[i]) == ROADSEG_OK);
    void *bytes = malloc(film[i].byte_count);
    film[i].bytes = memcpy(bytes, film[i].bytes, film[i].byte_count);
  }
  roadseg_source_close(source);
  static unsigned char plain[film_pixels], steady[film_pixels], again[film_pixels], cut[film_pixels];
  static const int none[film_frames] = {0}, even[] = {1, 2, 3, 4, 5, 6}, gap[] = {1, 2, 3, 4, 5, 11};
  roadseg_options options = ROADSEG_OPTIONS(film_width, film_height, ROADSEG_JPEG);
  segments_film(&options, 0, even, plain);
  options.stabilise = ROADSEG_STRONG;
  segments_film(&options, 0, even, steady);
  EXPECT(memcmp(plain, steady, film_pixels) != 0);
  segments_film(&options, 0, none, again);
  EXPECT(memcmp(again, steady, film_pixels) == 0);
  segments_film(&options, 0, gap, again);
  EXPECT(memcmp(again, plain, film_pixels) == 0);
  segments_film(&options, film_frames - 1, even, again);
  EXPECT(memcmp(again, plain, film_pixels) == 0);
  options.stabilise = ROADSEG_OFF;
  options.own_parts = "0,75 100,75 100,100 0,100";
  options.region = "50,0 100,0 100,100 50,100";
  segments_film(&options, 0, even, cut);
  int wrong = 0;
  for (int i = 0; i < film_pixels; i++) {
    int is_out = i / film_width >= film_height * 3 / 4 || i % film_width < film_width / 2;
    /* Class 0 of the default network is road, class 1 the first that is not. */
    wrong += cut[i] != (is_out && plain[i] == 0 ? 1 : plain[i]);
  }
  EXPECT(wrong == 0 && memcmp(cut, plain, film_pixels) != 0);
  options.own_parts = options.region = NULL;
  options.clean = ROADSEG_STRONG;
  segments_film(&options, 0, even, cut);
  EXPECT(memcmp(cut, plain, film_pixels) != 0);
  for (int i = 0; i < film_frames; i++) free((void *)film[i].bytes);
}

static void *reads_for_a_while(void *source) {
  roadseg_frame frame = {.size = sizeof frame};
  long busy = 0;
  for (int i = 0; i < 400; i++) busy += roadseg_source_read(source, 20, &frame) == ROADSEG_BUSY;
  return (void *)busy;
}

/* Two threads at one handle: neither crashes, and one is told. */
static void says_busy_instead_of_racing(void) {
  roadseg_source *source;
  roadseg_source_options options = {.size = sizeof options, .width = 320, .height = 240, .rate = 200};
  EXPECT(roadseg_source_open("synthetic", &options, &source) == ROADSEG_OK);
  roadseg_source_properties properties = {.size = sizeof properties};
  EXPECT(roadseg_source_describe(source, &properties) == ROADSEG_OK && properties.is_synthetic);
  EXPECT(properties.width == 320 && properties.height == 240);
  pthread_t threads[2];
  for (int i = 0; i < 2; i++) pthread_create(&threads[i], NULL, reads_for_a_while, source);
  void *busy[2];
  for (int i = 0; i < 2; i++) pthread_join(threads[i], &busy[i]);
  EXPECT((long)busy[0] + (long)busy[1] > 0);
  roadseg_source_close(source);
}

int main(int count, char **arguments) {
  if (count != 5) return 64;
  refuses_what_it_cannot_take();
  writes_the_picture_s_classes(arguments[1], atoi(arguments[2]), atoi(arguments[3]), arguments[4]);
  takes_the_caller_s_memory();
  opens_with_mask_options();
  steadies_cleans_and_cuts();
  says_busy_instead_of_racing();
  return failures > 0;
}
