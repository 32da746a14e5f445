/* roadseg.h: road segmentation for programs in C and whatever calls C.
 *
 *     roadseg_segmenter *segmenter;
 *     roadseg_options options = ROADSEG_OPTIONS(640, 480, ROADSEG_RGB24);
 *     if (roadseg_open("contextnet", &options, &segmenter) != ROADSEG_OK) puts(roadseg_last_error());
 *     roadseg_segment(segmenter, &frame, &output, NULL);
 *
 * Threads: one thread at a time uses a handle; another one that tries gets ROADSEG_BUSY and nothing happens. Different
 * handles are independent. The segmenter's own threads (options.threads) are made by roadseg_open.
 *
 * Memory: after roadseg_open and roadseg_source_open, roadseg_segment and roadseg_source_read allocate nothing, but for
 * what libjpeg and libpng keep while they decode a JPEG or PNG, and for finding a lost camera again.
 *
 * Versions: symbols carry the version ROADSEG_0. Structs begin with their size, which the macros and initializers set:
 * a newer library serves programs that know fewer members. Numbers of enumerations keep their meaning. */
#ifndef ROADSEG_H
#define ROADSEG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows when a function or member is added; never is one taken away under the same symbol version. */
#define ROADSEG_ABI 2

typedef enum roadseg_status {
  ROADSEG_OK = 0,
  /* An argument that the call cannot take; a bug of the caller. */
  ROADSEG_BAD_ARGUMENT = 1,
  /* The model is not there, damaged, not quantized, or cannot be run; the message says which node and why. */
  ROADSEG_BAD_MODEL = 2,
  /* The frame is cut short, damaged, or not of the size that the segmenter was opened for. The next one may be
   * sound. */
  ROADSEG_BAD_FRAME = 3,
  /* No such source, no permission, in use, or no mode that fits. */
  ROADSEG_BAD_SOURCE = 4,
  /* Nothing came within the timeout. */
  ROADSEG_TIMEOUT = 5,
  /* The device went away; it is looked for at each further read. */
  ROADSEG_DISCONNECTED = 6,
  /* No further frame will come. */
  ROADSEG_ENDED = 7,
  /* Another thread uses the handle. */
  ROADSEG_BUSY = 8,
  /* Anything else from outside: a file that cannot be written, no memory. */
  ROADSEG_FAILED = 9
} roadseg_status;

/* Bytes of a frame. Rows of the first plane lie row_pitch bytes apart; further planes follow without a gap. */
typedef enum roadseg_format {
  ROADSEG_RGBX = 0,  /* 4 bytes a pixel: red, green, blue, anything */
  ROADSEG_RGB24 = 1, /* 3 bytes a pixel: Pillow's "RGB" */
  ROADSEG_BGR24 = 2, /* 3 bytes a pixel: OpenCV's */
  ROADSEG_GREY = 3,
  ROADSEG_YUYV = 4,
  ROADSEG_UYVY = 5,
  ROADSEG_NV12 = 6,
  ROADSEG_I420 = 7,
  ROADSEG_JPEG = 8, /* a whole file; MJPEG is one JPEG a frame */
  ROADSEG_PNG = 9,
  /* From Y4M files. */
  ROADSEG_I422 = 10,
  ROADSEG_I444 = 11,
  ROADSEG_I411 = 12
} roadseg_format;

/* What grey, YUYV, UYVY, NV12 and I420 mean; JPEG says it itself. */
typedef enum roadseg_yuv {
  ROADSEG_BT601 = 0, /* luma 16...235: what cameras send unless they say otherwise */
  ROADSEG_BT601_FULL = 1,
  ROADSEG_BT709 = 2,
  ROADSEG_BT709_FULL = 3
} roadseg_yuv;

/* How a JPEG comes to the network; recordings name it ("preparation"). Other formats give the same classes on every
 * way. */
typedef enum roadseg_preparation {
  ROADSEG_PICTURES = 0,     /* as other readers of photographs decode it: roadseg run */
  ROADSEG_PLANES = 1,       /* luma and chroma as they are stored: roadseg live */
  ROADSEG_SCALED_PLANES = 2 /* the same, decoded smaller where that covers the network's input: roadseg record */
} roadseg_preparation;

/* How much of something is done to masks. */
typedef enum roadseg_strength { ROADSEG_OFF = 0, ROADSEG_GENTLE = 1, ROADSEG_STRONG = 2 } roadseg_strength;

/* ---- Errors and versions ---- */

/* What went wrong in this thread's last call that did not return ROADSEG_OK: cause and remedy, UTF-8. Valid until this
 * thread's next call; "" before the first failure. */
const char *roadseg_last_error(void);
/* "0.2.0", with the commit where the build knew it. */
const char *roadseg_version(void);
/* ROADSEG_ABI of the library that is loaded. */
uint32_t roadseg_abi(void);

/* ---- Segmenter ---- */

typedef struct roadseg_segmenter roadseg_segmenter;

typedef struct roadseg_options {
  size_t size; /* sizeof(roadseg_options) */
  /* Of the frames, in pixels: 1...16384. */
  int32_t width, height;
  roadseg_format format;
  /* That compute, the caller's counted: 1...64; 0 takes one a core, at most 4. */
  int32_t threads;
  /* The network's input; 0 takes the model's own. */
  int32_t input_width, input_height;
  /* Bytes of the largest JPEG or PNG; 0 takes 4 a pixel and 64 KiB. */
  size_t largest_frame;
  roadseg_preparation preparation;
  int32_t reserved; /* 0 */

  /* ---- Since ABI 2: what is done to masks, as by the command line's options of the same names ---- */

  /* Specks of road go, holes in it close. */
  roadseg_strength clean;
  /* Scores are steadied over the frames that the segmenter is given, which then are one film; see roadseg_segment. */
  roadseg_strength stabilise;
  /* Road goes that does not reach into the lowest so many percent of the picture: 1...100; 0 keeps it. */
  int32_t near_bottom;
  /* Polygons, NULL for none; read by roadseg_open. Corners as x,y in percent of the picture, polygons separated by ';'
   * or line ends: "0,93 50,87 100,93 100,100 0,100". There is never road within own_parts, nor outside of region. */
  const char *own_parts;
  const char *region;
} roadseg_options;

#define ROADSEG_OPTIONS(frame_width, frame_height, frame_format)                                                     \
  {                                                                                                                  \
    sizeof(roadseg_options), (frame_width), (frame_height), (frame_format), 0, 0, 0, 0, ROADSEG_PICTURES, 0,         \
        ROADSEG_OFF, ROADSEG_OFF, 0, NULL, NULL                                                                      \
  }

/* A shipped network's name ("contextnet") or the path of an int8 (QDQ) ONNX file; NULL takes the default network.
 * On failure *segmenter is NULL. */
roadseg_status roadseg_open(const char *model, const roadseg_options *options, roadseg_segmenter **segmenter);
/* NULL is allowed. */
void roadseg_close(roadseg_segmenter *segmenter);

typedef struct roadseg_class {
  size_t size; /* sizeof(roadseg_class) */
  const char *name; /* valid until roadseg_close */
  uint8_t red, green, blue;
  uint8_t is_road;
} roadseg_class;

/* 1...255. */
int32_t roadseg_class_count(const roadseg_segmenter *segmenter);
/* Class 0 ... count - 1; the numbers in class maps. */
roadseg_status roadseg_class_at(const roadseg_segmenter *segmenter, int32_t index, roadseg_class *out);
/* What may be done with the network's weights; NULL where the model says nothing. Valid until roadseg_close. */
const char *roadseg_terms(const roadseg_segmenter *segmenter);
/* Pixels of the network's input. Either pointer may be NULL. */
roadseg_status roadseg_input_size(const roadseg_segmenter *segmenter, int32_t *width, int32_t *height);
/* SHA-256 of the model file in hexadecimal digits, as recordings name it. Valid until roadseg_close. */
const char *roadseg_model_hash(const roadseg_segmenter *segmenter);
/* "avx2", "neondot", ...: which kernels run. Valid until roadseg_close. */
const char *roadseg_instruction_set(const roadseg_segmenter *segmenter);

typedef struct roadseg_frame {
  size_t size; /* sizeof(roadseg_frame) */
  roadseg_format format;
  roadseg_yuv yuv;
  int32_t width, height;
  const void *bytes;
  size_t byte_count;
  /* Bytes from one row of the first plane to the next; 0: rows without a gap. Of no meaning for JPEG and PNG. */
  size_t row_pitch;
  /* Of frames from a source: the driver's number, nanoseconds of CLOCK_MONOTONIC. roadseg_segment needs the timestamp
   * where it steadies, and nothing else of them. */
  uint64_t sequence, timestamp;
} roadseg_frame;

typedef struct roadseg_output {
  size_t size; /* sizeof(roadseg_output) */
  /* width x height bytes, the class of each pixel; the caller's memory. */
  uint8_t *classes;
  /* Bytes from one row to the next; 0: rows without a gap. */
  size_t classes_pitch;
  /* NULL, or width x height bytes: how far the best score is above the second, in steps of the scores, 255 and more as
   * 255. Of a network with one score: how far it is from the threshold. */
  uint8_t *confidence;
  size_t confidence_pitch;
} roadseg_output;

typedef struct roadseg_timings {
  size_t size; /* sizeof(roadseg_timings) */
  /* Nanoseconds. */
  uint64_t decode, scale, network, class_map, confidence;
  /* Pixels of the road class. */
  uint64_t road_pixels;
  /* Since ABI 2. Nanoseconds: steadying, which class_map counts, too; cleaning and leaving out parts. */
  uint64_t stabilise, refine;
} roadseg_timings;

/* The class of every pixel of the frame, which has the size that the segmenter was opened for and may have any format.
 * timings may be NULL. On failure the caller's memory is untouched.
 *
 * With options.stabilise each frame is taken as the next one of a film. Where its timestamp is not 0, it begins anew
 * with a frame that is not later than the last one, or later by more than half a second; it does at a cut, too. The
 * confidence is that of the steadied scores. */
roadseg_status roadseg_segment(
    roadseg_segmenter *segmenter, const roadseg_frame *frame, const roadseg_output *output, roadseg_timings *timings);

/* ---- Live frames ---- */

typedef struct roadseg_source roadseg_source;

typedef struct roadseg_source_options {
  size_t size; /* sizeof(roadseg_source_options) */
  /* Of a camera or the synthetic road; 0 lets the source choose. */
  int32_t width, height;
  /* Frames a second; 0 lets the source choose. */
  double rate;
} roadseg_source_options;

typedef struct roadseg_source_properties {
  size_t size; /* sizeof(roadseg_source_properties) */
  const char *name; /* valid until roadseg_source_close */
  int32_t width, height;
  roadseg_format format;
  /* Frames a second; 0 where it is not known. */
  double rate;
  /* 1 of a camera or what is played by the clock: the newest frame is given, older ones are skipped. */
  uint8_t is_live;
  /* 1 where the frames are computed, not seen. */
  uint8_t is_synthetic;
} roadseg_source_properties;

/* "/dev/video0", "0"; "synthetic"; a folder, picture, stream, recording; NULL for the first camera. options may be
 * NULL. On failure *source is NULL. */
roadseg_status roadseg_source_open(
    const char *name, const roadseg_source_options *options, roadseg_source **source);
/* NULL is allowed. */
void roadseg_source_close(roadseg_source *source);
roadseg_status roadseg_source_describe(roadseg_source *source, roadseg_source_properties *out);
/* The newest frame. Waits at most so many milliseconds. out->bytes is valid until the next read or close.
 * ROADSEG_BAD_FRAME, ROADSEG_TIMEOUT and ROADSEG_DISCONNECTED are passing: read again. */
roadseg_status roadseg_source_read(roadseg_source *source, uint32_t timeout_milliseconds, roadseg_frame *out);

#ifdef __cplusplus
}
#endif

#endif
