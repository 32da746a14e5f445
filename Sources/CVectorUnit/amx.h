// AMX: one tile instruction a function. The number of a tile is part of an instruction, hence a name for each.
//
// Tiles 0 to 3 hold sums, 4 and 5 pixels, 6 and 7 weights (Intel SDM volume 1, chapter 18).
#pragma once

#if defined(__AMX_TILE__) && defined(__AMX_INT8__)
#include <immintrin.h>

#define RV_INLINE static inline __attribute__((always_inline))

/// LDTILECFG's 64 bytes, palette 1.
typedef struct {
  unsigned char palette, start_row, reserved[14];
  unsigned short row_bytes0, row_bytes1, row_bytes2, row_bytes3, row_bytes4, row_bytes5, row_bytes6, row_bytes7;
  unsigned short reserved_row_bytes[8];
  unsigned char rows0, rows1, rows2, rows3, rows4, rows5, rows6, rows7;
  unsigned char reserved_rows[8];
} rv_tile_shapes;

RV_INLINE void rv_tile_configure(const rv_tile_shapes *shapes) { _tile_loadconfig(shapes); }
RV_INLINE void rv_tile_release(void) { _tile_release(); }

#define RV_TILE_LOAD(n) RV_INLINE void rv_tile_load##n(const void *p, long stride) { _tile_loadd(n, p, stride); }
RV_TILE_LOAD(0) RV_TILE_LOAD(1) RV_TILE_LOAD(2) RV_TILE_LOAD(3)
RV_TILE_LOAD(4) RV_TILE_LOAD(5) RV_TILE_LOAD(6) RV_TILE_LOAD(7)
#undef RV_TILE_LOAD

#define RV_TILE_STORE(n) RV_INLINE void rv_tile_store##n(void *p, long stride) { _tile_stored(n, p, stride); }
RV_TILE_STORE(0) RV_TILE_STORE(1) RV_TILE_STORE(2) RV_TILE_STORE(3)
#undef RV_TILE_STORE

#define RV_TILE_DPBUSD(sums, pixels, weights) \
  RV_INLINE void rv_tile_dpbusd##sums##pixels##weights(void) { _tile_dpbusd(sums, pixels, weights); }
RV_TILE_DPBUSD(0, 4, 6) RV_TILE_DPBUSD(1, 4, 7) RV_TILE_DPBUSD(2, 4, 6) RV_TILE_DPBUSD(3, 4, 7)
RV_TILE_DPBUSD(2, 5, 6) RV_TILE_DPBUSD(3, 5, 7)
#undef RV_TILE_DPBUSD

/// This thread's memory for sums on their way from tiles to vectors: two tiles of pixels by 64 channels.
RV_INLINE void *rv_tile_scratch(void) {
  static _Thread_local unsigned char scratch[8192] __attribute__((aligned(64)));
  return scratch;
}

#undef RV_INLINE
#endif
