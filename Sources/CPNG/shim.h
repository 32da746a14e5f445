#include <png.h>
#include <setjmp.h>
#include <string.h>

// libpng reports errors by longjmp, which may not cross a Swift frame. Every call of its full reader that can fail is
// made from here, and the jump ends here: 0 means failed, `message` says why. The order is open, photograph or labels,
// rows, end (if wanted), close.

typedef struct {
  jmp_buf escape;
  png_structp png;
  png_infop info;
  const unsigned char *bytes;
  size_t left;
  int passes;
  char message[96];
} road_png;

static inline void road_png_error(png_structp png, png_const_charp text) {
  road_png *reader = (road_png *)png_get_error_ptr(png);
  strncpy(reader->message, text, sizeof reader->message - 1);
  longjmp(reader->escape, 1);
}

static inline void road_png_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static inline void road_png_read(png_structp png, png_bytep out, size_t count) {
  road_png *reader = (road_png *)png_get_io_ptr(png);
  if (count > reader->left) png_error(png, "the file ends too early");
  memcpy(out, reader->bytes, count);
  reader->bytes += count;
  reader->left -= count;
}

/// Reads everything before the pixels. `reader` must be zeroed and stay where it is until it is closed.
static inline int road_png_open(road_png *reader, const unsigned char *bytes, size_t count) {
  reader->bytes = bytes;
  reader->left = count;
  reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader, road_png_error, road_png_warning);
  if (!reader->png) {
    strcpy(reader->message, "no memory");
    return 0;
  }
  if (setjmp(reader->escape)) return 0;
  reader->info = png_create_info_struct(reader->png);
  if (!reader->info) png_error(reader->png, "no memory");
  png_set_user_limits(reader->png, 16384, 16384);
  png_set_chunk_malloc_max(reader->png, 8u << 20);
  png_set_check_for_invalid_index(reader->png, 0);
  png_set_read_fn(reader->png, reader, road_png_read);
  png_read_info(reader->png, reader->info);
  return 1;
}

/// Any kind of PNG to 8-bit red, green, blue, 255: the high byte of 16 bits, alpha left out, gamma not applied.
static inline int road_png_photograph(road_png *reader) {
  if (setjmp(reader->escape)) return 0;
  png_set_expand(reader->png);
  png_set_strip_16(reader->png);
  png_set_strip_alpha(reader->png);
  png_set_gray_to_rgb(reader->png);
  png_set_filler(reader->png, 0xFF, PNG_FILLER_AFTER);
  reader->passes = png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  return 1;
}

/// Values as they stand in the file: one byte or two (big-endian) a sample.
static inline int road_png_labels(road_png *reader) {
  if (setjmp(reader->escape)) return 0;
  png_set_packing(reader->png);
  reader->passes = png_set_interlace_handling(reader->png);
  png_read_update_info(reader->png, reader->info);
  return 1;
}

/// Bytes of a row after `photograph` or `labels`.
static inline size_t road_png_row_bytes(road_png *reader) { return png_get_rowbytes(reader->png, reader->info); }

/// All rows, `pitch` bytes apart.
static inline int road_png_rows(road_png *reader, unsigned char *base, size_t pitch, size_t rows) {
  if (setjmp(reader->escape)) return 0;
  for (int pass = 0; pass < reader->passes; pass++)
    for (size_t y = 0; y < rows; y++) png_read_row(reader->png, base + y * pitch, NULL);
  return 1;
}

/// What is behind the pixels, up to the end chunk.
static inline int road_png_end(road_png *reader) {
  if (setjmp(reader->escape)) return 0;
  png_read_end(reader->png, NULL);
  return 1;
}

static inline void road_png_close(road_png *reader) {
  if (reader->png) png_destroy_read_struct(&reader->png, reader->info ? &reader->info : NULL, NULL);
}
