// NEON (every aarch64), with the dot product and the 8-bit matrix product where they are switched on. Vectors of 16
// bytes. Where avx2.h has the same name it does the same to twice the bytes, so that one Swift source serves both.
#pragma once

#if defined(__aarch64__)
#include <stdint.h>

#include <arm_neon.h>
#include "memory.h"

#define RV_INLINE static inline __attribute__((always_inline))

/// A vector whatever its elements; Swift's SIMD2<Int64>.
typedef long long rv_v __attribute__((vector_size(16)));

#define RV_U8(a) ((uint8x16_t)(a))
#define RV_S8(a) ((int8x16_t)(a))
#define RV_U16(a) ((uint16x8_t)(a))
#define RV_S16(a) ((int16x8_t)(a))
#define RV_U32(a) ((uint32x4_t)(a))
#define RV_S32(a) ((int32x4_t)(a))

RV_INLINE rv_v rv_load(const void *p) { return (rv_v)vld1q_u8((const uint8_t *)p); }
RV_INLINE rv_v rv_load128(const void *p) { return rv_load(p); }
RV_INLINE rv_v rv_load_half(const void *p) { return (rv_v)vcombine_u8(vld1_u8((const uint8_t *)p), vdup_n_u8(0)); }
RV_INLINE rv_v rv_load4(const void *p) {
  return (rv_v)vsetq_lane_s32(((const rv_int *)p)->value, vdupq_n_s32(0), 0);
}
RV_INLINE void rv_store(void *p, rv_v a) { vst1q_u8((uint8_t *)p, RV_U8(a)); }
RV_INLINE void rv_store128(void *p, rv_v a) { rv_store(p, a); }
RV_INLINE void rv_store_half(void *p, rv_v a) { vst1_u8((uint8_t *)p, vget_low_u8(RV_U8(a))); }
RV_INLINE void rv_store4(void *p, rv_v a) { ((rv_int *)p)->value = vgetq_lane_s32(RV_S32(a), 0); }

RV_INLINE rv_v rv_half(rv_v a) { return a; }
RV_INLINE rv_v rv_low128_of_half(rv_v a) { return a; }
RV_INLINE rv_v rv_widen128(rv_v a) { return a; }
RV_INLINE rv_v rv_low128(rv_v a) { return a; }

RV_INLINE rv_v rv_zero(void) { return (rv_v)vdupq_n_u8(0); }
RV_INLINE rv_v rv_broadcast32(const void *p) { return (rv_v)vdupq_n_s32(((const rv_int *)p)->value); }
RV_INLINE rv_v rv_repeat128(const void *p) { return rv_load(p); }
RV_INLINE rv_v rv_set32(int a) { return (rv_v)vdupq_n_s32(a); }
RV_INLINE rv_v rv_set16(short a) { return (rv_v)vdupq_n_s16(a); }
RV_INLINE rv_v rv_set8(unsigned char a) { return (rv_v)vdupq_n_u8(a); }

RV_INLINE rv_v rv_and(rv_v a, rv_v b) { return a & b; }
RV_INLINE rv_v rv_or(rv_v a, rv_v b) { return a | b; }
RV_INLINE rv_v rv_xor(rv_v a, rv_v b) { return a ^ b; }
RV_INLINE rv_v rv_equal8(rv_v a, rv_v b) { return (rv_v)vceqq_u8(RV_U8(a), RV_U8(b)); }
RV_INLINE rv_v rv_select(rv_v mask, rv_v a, rv_v b) { return (rv_v)vbslq_u8(RV_U8(mask), RV_U8(a), RV_U8(b)); }
RV_INLINE rv_v rv_maxu8(rv_v a, rv_v b) { return (rv_v)vmaxq_u8(RV_U8(a), RV_U8(b)); }
RV_INLINE rv_v rv_minu8(rv_v a, rv_v b) { return (rv_v)vminq_u8(RV_U8(a), RV_U8(b)); }
RV_INLINE rv_v rv_max32(rv_v a, rv_v b) { return (rv_v)vmaxq_s32(RV_S32(a), RV_S32(b)); }

RV_INLINE rv_v rv_add32(rv_v a, rv_v b) { return (rv_v)vaddq_s32(RV_S32(a), RV_S32(b)); }
RV_INLINE rv_v rv_sub32(rv_v a, rv_v b) { return (rv_v)vsubq_s32(RV_S32(a), RV_S32(b)); }
RV_INLINE rv_v rv_mullo32(rv_v a, rv_v b) { return (rv_v)vmulq_s32(RV_S32(a), RV_S32(b)); }
RV_INLINE rv_v rv_adds16(rv_v a, rv_v b) { return (rv_v)vqaddq_s16(RV_S16(a), RV_S16(b)); }
/// floor((a·b + 2^14) / 2^15). sqrdmulh saturates only at -32768 · -32768, and multipliers are never negative.
RV_INLINE rv_v rv_mulhrs16(rv_v a, rv_v b) { return (rv_v)vqrdmulhq_s16(RV_S16(a), RV_S16(b)); }

RV_INLINE rv_v rv_srl16_8(rv_v a) { return (rv_v)vshrq_n_u16(RV_U16(a), 8); }
RV_INLINE rv_v rv_srl32_16(rv_v a) { return (rv_v)vshrq_n_u32(RV_U32(a), 16); }
RV_INLINE rv_v rv_srl32_18(rv_v a) { return (rv_v)vshrq_n_u32(RV_U32(a), 18); }
RV_INLINE rv_v rv_srl32_22(rv_v a) { return (rv_v)vshrq_n_u32(RV_U32(a), 22); }
RV_INLINE rv_v rv_srl32_7(rv_v a) { return (rv_v)vshrq_n_u32(RV_U32(a), 7); }
RV_INLINE rv_v rv_srl32_13(rv_v a) { return (rv_v)vshrq_n_u32(RV_U32(a), 13); }
RV_INLINE rv_v rv_srl32_21(rv_v a) { return (rv_v)vshrq_n_u32(RV_U32(a), 21); }
RV_INLINE rv_v rv_sll32_6(rv_v a) { return (rv_v)vshlq_n_u32(RV_U32(a), 6); }
RV_INLINE rv_v rv_sll32_7(rv_v a) { return (rv_v)vshlq_n_u32(RV_U32(a), 7); }
RV_INLINE rv_v rv_sll32_13(rv_v a) { return (rv_v)vshlq_n_u32(RV_U32(a), 13); }
RV_INLINE rv_v rv_sra32_6(rv_v a) { return (rv_v)vshrq_n_s32(RV_S32(a), 6); }
RV_INLINE rv_v rv_sll32_16(rv_v a) { return (rv_v)vshlq_n_u32(RV_U32(a), 16); }
RV_INLINE rv_v rv_sra32_13(rv_v a) { return (rv_v)vshrq_n_s32(RV_S32(a), 13); }
RV_INLINE rv_v rv_srav32(rv_v a, rv_v counts) { return (rv_v)vshlq_s32(RV_S32(a), vnegq_s32(RV_S32(counts))); }
/// Every element of a count holds it.
RV_INLINE rv_v rv_count(int a) { return rv_set32(a); }
RV_INLINE rv_v rv_sra32(rv_v a, rv_v count) { return rv_srav32(a, count); }

/// A bit for each 16-bit number that is negative.
RV_INLINE int rv_signs16(rv_v a) {
  static const uint16_t bits[8] = {1, 2, 4, 8, 16, 32, 64, 128};
  return vaddvq_u16(vandq_u16((uint16x8_t)vshrq_n_s16(RV_S16(a), 15), vld1q_u16(bits)));
}

RV_INLINE rv_v rv_packs32(rv_v a, rv_v b) { return (rv_v)vqmovn_high_s32(vqmovn_s32(RV_S32(a)), RV_S32(b)); }
RV_INLINE rv_v rv_packus16(rv_v a, rv_v b) { return (rv_v)vqmovun_high_s16(vqmovun_s16(RV_S16(a)), RV_S16(b)); }
RV_INLINE rv_v rv_narrowus16(rv_v a) { return (rv_v)vcombine_u8(vqmovun_s16(RV_S16(a)), vdup_n_u8(0)); }
RV_INLINE rv_v rv_widenu8to16(rv_v a) { return (rv_v)vmovl_u8(vget_low_u8(RV_U8(a))); }

RV_INLINE rv_v rv_unpacklo8(rv_v a, rv_v b) { return (rv_v)vzip1q_u8(RV_U8(a), RV_U8(b)); }
RV_INLINE rv_v rv_unpackhi8(rv_v a, rv_v b) { return (rv_v)vzip2q_u8(RV_U8(a), RV_U8(b)); }
RV_INLINE rv_v rv_unpacklo16(rv_v a, rv_v b) { return (rv_v)vzip1q_u16(RV_U16(a), RV_U16(b)); }
RV_INLINE rv_v rv_unpackhi16(rv_v a, rv_v b) { return (rv_v)vzip2q_u16(RV_U16(a), RV_U16(b)); }
RV_INLINE rv_v rv_unpacklo32(rv_v a, rv_v b) { return (rv_v)vzip1q_u32(RV_U32(a), RV_U32(b)); }
RV_INLINE rv_v rv_unpackhi32(rv_v a, rv_v b) { return (rv_v)vzip2q_u32(RV_U32(a), RV_U32(b)); }
RV_INLINE rv_v rv_interleave_halves16(rv_v a) {
  return (rv_v)vzip1q_u16(RV_U16(a), vextq_u16(RV_U16(a), RV_U16(a), 4));
}
RV_INLINE rv_v rv_swap_bytes16(rv_v a) { return (rv_v)vrev16q_u8(RV_U8(a)); }
RV_INLINE rv_v rv_transpose_lanes32(rv_v a) { return a; }
RV_INLINE rv_v rv_zip_lanes_low(rv_v a, rv_v b) { return a; }
RV_INLINE rv_v rv_zip_lanes_high(rv_v a, rv_v b) { return b; }
RV_INLINE rv_v rv_permute32(rv_v a, rv_v order) {
  uint32x4_t bytes = vmlaq_n_u32(vdupq_n_u32(0x03020100), RV_U32(order), 0x04040404);
  return (rv_v)vqtbl1q_u8(RV_U8(a), (uint8x16_t)bytes);
}
RV_INLINE void rv_store_low_bytes32(void *p, rv_v a) {
  uint16x4_t words = vmovn_u32(RV_U32(a));
  rv_store4(p, (rv_v)vcombine_u8(vmovn_u16(vcombine_u16(words, words)), vdup_n_u8(0)));
}

RV_INLINE rv_v rv_madd16(rv_v a, rv_v b) {
  int32x4_t low = vmull_s16(vget_low_s16(RV_S16(a)), vget_low_s16(RV_S16(b)));
  return (rv_v)vpaddq_s32(low, vmull_high_s16(RV_S16(a), RV_S16(b)));
}
RV_INLINE rv_v rv_addmadd16(rv_v sum, rv_v a, rv_v b) { return (rv_v)vaddq_s32(RV_S32(sum), RV_S32(rv_madd16(a, b))); }
RV_INLINE rv_v rv_weighlo16(rv_v a, rv_v b, rv_v weights) {
  int16x4_t w = vget_low_s16(RV_S16(weights));
  return (rv_v)vmlal_lane_s16(vmull_lane_s16(vget_low_s16(RV_S16(a)), w, 0), vget_low_s16(RV_S16(b)), w, 1);
}
RV_INLINE rv_v rv_weighhi16(rv_v a, rv_v b, rv_v weights) {
  int16x4_t w = vget_low_s16(RV_S16(weights));
  return (rv_v)vmlal_high_lane_s16(vmull_high_lane_s16(RV_S16(a), w, 0), RV_S16(b), w, 1);
}

/// The upper 32 bits of the 64-bit products a·m plus r: the rounding rule of `ONNXRuntimeRequantization`. `r` is
/// unsigned.
RV_INLINE rv_v rv_muladdhi32(rv_v a, rv_v m, rv_v r) {
  int64x2_t low = vmlal_s32(
      (int64x2_t)vmovl_u32(vget_low_u32(RV_U32(r))), vget_low_s32(RV_S32(a)), vget_low_s32(RV_S32(m)));
  int64x2_t high = vmlal_high_s32((int64x2_t)vmovl_high_u32(RV_U32(r)), RV_S32(a), RV_S32(m));
  return (rv_v)vuzp2q_u32((uint32x4_t)low, (uint32x4_t)high);
}

/// The upper 32 bits of a by the (even) numbers at m and of b by those at n, halved to nearest (halves up), as
/// rv_packs32 packs a and b.
RV_INLINE rv_v rv_packs_nearest(rv_v a, rv_v b, const void *m, const void *n) {
  // sqdmulh doubles.
  int32x4_t first = vqdmulhq_s32(RV_S32(a), vshrq_n_s32(vld1q_s32((const int32_t *)m), 1));
  int32x4_t second = vqdmulhq_s32(RV_S32(b), vshrq_n_s32(vld1q_s32((const int32_t *)n), 1));
  return (rv_v)vqrshrn_high_n_s32(vqrshrn_n_s32(first, 1), second, 1);
}

// Sums of products.

/// sum + the lower, or the upper, four of eight products.
RV_INLINE rv_v rv_mlal16lo(rv_v sum, rv_v a, rv_v b) {
  return (rv_v)vmlal_s16(RV_S32(sum), vget_low_s16(RV_S16(a)), vget_low_s16(RV_S16(b)));
}
RV_INLINE rv_v rv_mlal16hi(rv_v sum, rv_v a, rv_v b) { return (rv_v)vmlal_high_s16(RV_S32(sum), RV_S16(a), RV_S16(b)); }
/// The same with one element of `a` for all.
#define RV_MLAL_LANE(n) \
  RV_INLINE rv_v rv_mlal16lo_##n(rv_v sum, rv_v a, rv_v b) { \
    return (rv_v)vmlal_lane_s16(RV_S32(sum), vget_low_s16(RV_S16(b)), vget_low_s16(RV_S16(a)), n); } \
  RV_INLINE rv_v rv_mlal16hi_##n(rv_v sum, rv_v a, rv_v b) { \
    return (rv_v)vmlal_high_lane_s16(RV_S32(sum), RV_S16(b), vget_low_s16(RV_S16(a)), n); }
RV_MLAL_LANE(0) RV_MLAL_LANE(1) RV_MLAL_LANE(2) RV_MLAL_LANE(3)
#undef RV_MLAL_LANE

/// Sixteen products of signed bytes in four sums. Two products of -128...127 and -127...127 fit 16 bits.
RV_INLINE rv_v rv_mull8_padal(rv_v sum, rv_v a, rv_v b) {
  int16x8_t products = vmull_s8(vget_low_s8(RV_S8(a)), vget_low_s8(RV_S8(b)));
  return (rv_v)vpadalq_s16(RV_S32(sum), vmlal_high_s8(products, RV_S8(a), RV_S8(b)));
}
/// The sums of the elements of a, b, c and d.
RV_INLINE rv_v rv_add_across32(rv_v a, rv_v b, rv_v c, rv_v d) {
  return (rv_v)vpaddq_s32(vpaddq_s32(RV_S32(a), RV_S32(b)), vpaddq_s32(RV_S32(c), RV_S32(d)));
}
RV_INLINE int rv_lane32_0(rv_v a) { return vgetq_lane_s32(RV_S32(a), 0); }
RV_INLINE void rv_store_lane32_1(void *p, rv_v a) { ((rv_int *)p)->value = vgetq_lane_s32(RV_S32(a), 1); }
RV_INLINE void rv_store_lane32_2(void *p, rv_v a) { ((rv_int *)p)->value = vgetq_lane_s32(RV_S32(a), 2); }
RV_INLINE void rv_store_lane32_3(void *p, rv_v a) { ((rv_int *)p)->value = vgetq_lane_s32(RV_S32(a), 3); }
/// The lower halves of a and b, the upper halves.
RV_INLINE rv_v rv_zip64lo(rv_v a, rv_v b) { return (rv_v)vzip1q_u64((uint64x2_t)a, (uint64x2_t)b); }
RV_INLINE rv_v rv_zip64hi(rv_v a, rv_v b) { return (rv_v)vzip2q_u64((uint64x2_t)a, (uint64x2_t)b); }
/// Twice the lower half.
RV_INLINE rv_v rv_twice_low64(rv_v a) { return rv_zip64lo(a, a); }

#if defined(__ARM_FEATURE_DOTPROD)
/// Four products of signed bytes in each sum; all sums see the same four bytes of `bytes`.
#define RV_DOT_LANE(n) \
  RV_INLINE rv_v rv_sdot_##n(rv_v sum, rv_v bytes, rv_v weights) { \
    return (rv_v)vdotq_laneq_s32(RV_S32(sum), RV_S8(weights), RV_S8(bytes), n); }
RV_DOT_LANE(0) RV_DOT_LANE(1) RV_DOT_LANE(2) RV_DOT_LANE(3)
#undef RV_DOT_LANE
#endif

#if defined(__ARM_FEATURE_MATMUL_INT8)
/// Four products of unsigned bytes and signed weights in each sum.
RV_INLINE rv_v rv_dpbusd(rv_v sum, rv_v bytes, rv_v weights) {
  return (rv_v)vusdotq_s32(RV_S32(sum), RV_U8(bytes), RV_S8(weights));
}
/// 2x2 sums of 8 products each: row i of `bytes` by row j of `weights` is element 2i + j.
RV_INLINE rv_v rv_usmmla(rv_v sum, rv_v bytes, rv_v weights) {
  return (rv_v)vusmmlaq_s32(RV_S32(sum), RV_U8(bytes), RV_S8(weights));
}
#endif

#if defined(__ARM_FEATURE_DOTPROD) && !defined(__ARM_FEATURE_MATMUL_INT8)
/// The same for bytes whose top bit was flipped: both are signed then, and the bias makes up for it.
RV_INLINE rv_v rv_dpbusd(rv_v sum, rv_v bytes, rv_v weights) {
  return (rv_v)vdotq_s32(RV_S32(sum), RV_S8(bytes), RV_S8(weights));
}
#endif

#undef RV_INLINE
#endif
