// AVX2, and AVX-VNNI where it is switched on: one instruction a function (rv_narrowus16 takes two). Where avx512.h has
// the same name it does the same to twice the bytes.
#pragma once

#if defined(__AVX2__) && !defined(__AVX512F__)
#include <immintrin.h>
#include "memory.h"

#define RV_INLINE static inline __attribute__((always_inline))

RV_INLINE __m256i rv_load(const void *p) { return _mm256_loadu_si256((const __m256i_u *)p); }
RV_INLINE __m128i rv_load128(const void *p) { return _mm_loadu_si128((const __m128i_u *)p); }
RV_INLINE __m128i rv_load4(const void *p) { return _mm_cvtsi32_si128(((const rv_int *)p)->value); }
RV_INLINE void rv_store(void *p, __m256i a) { _mm256_storeu_si256((__m256i_u *)p, a); }
RV_INLINE void rv_store128(void *p, __m128i a) { _mm_storeu_si128((__m128i_u *)p, a); }
RV_INLINE void rv_store4(void *p, __m128i a) { ((rv_int *)p)->value = _mm_cvtsi128_si32(a); }
RV_INLINE __m128i rv_load_half(const void *p) { return rv_load128(p); }
RV_INLINE void rv_store_half(void *p, __m128i a) { rv_store128(p, a); }
RV_INLINE __m128i rv_half(__m128i a) { return a; }
RV_INLINE __m128i rv_low128_of_half(__m128i a) { return a; }

RV_INLINE __m256i rv_zero(void) { return _mm256_setzero_si256(); }
RV_INLINE __m256i rv_broadcast32(const void *p) { return _mm256_set1_epi32(((const rv_int *)p)->value); }
RV_INLINE __m256i rv_repeat128(const void *p) { return _mm256_broadcastsi128_si256(rv_load128(p)); }
RV_INLINE __m256i rv_set32(int a) { return _mm256_set1_epi32(a); }
RV_INLINE __m256i rv_set16(short a) { return _mm256_set1_epi16(a); }
RV_INLINE __m256i rv_set8(unsigned char a) { return _mm256_set1_epi8((char)a); }

RV_INLINE __m256i rv_widen128(__m128i a) { return _mm256_castsi128_si256(a); }
RV_INLINE __m128i rv_low128(__m256i a) { return _mm256_castsi256_si128(a); }
RV_INLINE __m128i rv_high128(__m256i a) { return _mm256_extracti128_si256(a, 1); }

RV_INLINE __m256i rv_and(__m256i a, __m256i b) { return _mm256_and_si256(a, b); }
RV_INLINE __m256i rv_srl16_8(__m256i a) { return _mm256_srli_epi16(a, 8); }
RV_INLINE __m256i rv_srav32(__m256i a, __m256i counts) { return _mm256_srav_epi32(a, counts); }
RV_INLINE __m256i rv_sra32(__m256i a, __m128i count) { return _mm256_sra_epi32(a, count); }
RV_INLINE __m256i rv_packs32(__m256i a, __m256i b) { return _mm256_packs_epi32(a, b); }
RV_INLINE __m256i rv_packus16(__m256i a, __m256i b) { return _mm256_packus_epi16(a, b); }
RV_INLINE __m256i rv_mulhrs16(__m256i a, __m256i b) { return _mm256_mulhrs_epi16(a, b); }
RV_INLINE __m256i rv_adds16(__m256i a, __m256i b) { return _mm256_adds_epi16(a, b); }
RV_INLINE __m256i rv_maxu8(__m256i a, __m256i b) { return _mm256_max_epu8(a, b); }
RV_INLINE __m256i rv_minu8(__m256i a, __m256i b) { return _mm256_min_epu8(a, b); }
RV_INLINE __m128i rv_narrowus16(__m256i a) { return _mm_packus_epi16(rv_low128(a), rv_high128(a)); }

RV_INLINE __m256i rv_unpacklo8(__m256i a, __m256i b) { return _mm256_unpacklo_epi8(a, b); }
RV_INLINE __m256i rv_unpackhi8(__m256i a, __m256i b) { return _mm256_unpackhi_epi8(a, b); }
RV_INLINE __m256i rv_unpacklo16(__m256i a, __m256i b) { return _mm256_unpacklo_epi16(a, b); }
RV_INLINE __m256i rv_unpackhi16(__m256i a, __m256i b) { return _mm256_unpackhi_epi16(a, b); }

RV_INLINE __m256i rv_madd16(__m256i a, __m256i b) { return _mm256_madd_epi16(a, b); }
// The same with one operand read by the instruction itself. An intrinsic's operand that several pixels share the
// compiler loads once, into a register that the sums need: it then spills those, which costs a third of a convolution's
// speed.
RV_INLINE __m256i rv_madd16_at(__m256i a, const void *p) {
  __m256i sums;
  __asm__("vpmaddwd %2, %1, %0" : "=x"(sums) : "x"(a), "m"(*(const __m256i_u *)p));
  return sums;
}
RV_INLINE __m256i rv_addmadd16(__m256i sum, __m256i a, __m256i b) {
#ifdef __AVXVNNI__
  return _mm256_dpwssd_avx_epi32(sum, a, b);
#else
  return _mm256_add_epi32(sum, _mm256_madd_epi16(a, b));
#endif
}
/// a·w + b·w' of the lower, or the upper, half of each lane; every 32-bit element of `weights` holds (w, w').
RV_INLINE __m256i rv_weighlo16(__m256i a, __m256i b, __m256i weights) {
  return rv_madd16(rv_unpacklo16(a, b), weights);
}
RV_INLINE __m256i rv_weighhi16(__m256i a, __m256i b, __m256i weights) {
  return rv_madd16(rv_unpackhi16(a, b), weights);
}
RV_INLINE __m256i rv_add32(__m256i a, __m256i b) { return _mm256_add_epi32(a, b); }
RV_INLINE __m256i rv_sub32(__m256i a, __m256i b) { return _mm256_sub_epi32(a, b); }
RV_INLINE __m256i rv_add16(__m256i a, __m256i b) { return _mm256_add_epi16(a, b); }
RV_INLINE __m256i rv_sub16(__m256i a, __m256i b) { return _mm256_sub_epi16(a, b); }
RV_INLINE __m256i rv_sra32_2(__m256i a) { return _mm256_srai_epi32(a, 2); }
RV_INLINE __m256i rv_mullo32(__m256i a, __m256i b) { return _mm256_mullo_epi32(a, b); }
RV_INLINE __m256i rv_srl32_22(__m256i a) { return _mm256_srli_epi32(a, 22); }
RV_INLINE __m256i rv_srl32_7(__m256i a) { return _mm256_srli_epi32(a, 7); }
RV_INLINE __m256i rv_sll32_6(__m256i a) { return _mm256_slli_epi32(a, 6); }
RV_INLINE __m256i rv_sll32_7(__m256i a) { return _mm256_slli_epi32(a, 7); }
RV_INLINE __m256i rv_sll32_13(__m256i a) { return _mm256_slli_epi32(a, 13); }
RV_INLINE __m256i rv_sra32_6(__m256i a) { return _mm256_srai_epi32(a, 6); }
RV_INLINE __m256i rv_srl32_13(__m256i a) { return _mm256_srli_epi32(a, 13); }
RV_INLINE __m256i rv_srl32_21(__m256i a) { return _mm256_srli_epi32(a, 21); }
/// A bit for each 16-bit number that is negative.
RV_INLINE int rv_signs16(__m256i a) {
  return _mm_movemask_epi8(_mm_packs_epi16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1)));
}
RV_INLINE __m256i rv_widenu8to16(__m128i a) { return _mm256_cvtepu8_epi16(a); }
RV_INLINE __m128i rv_count(int a) { return _mm_cvtsi32_si128(a); }

RV_INLINE __m256i rv_or(__m256i a, __m256i b) { return _mm256_or_si256(a, b); }
RV_INLINE __m256i rv_equal8(__m256i a, __m256i b) { return _mm256_cmpeq_epi8(a, b); }
RV_INLINE __m256i rv_select(__m256i mask, __m256i a, __m256i b) { return _mm256_blendv_epi8(b, a, mask); }
RV_INLINE __m256i rv_srl32_16(__m256i a) { return _mm256_srli_epi32(a, 16); }
RV_INLINE __m256i rv_srl32_18(__m256i a) { return _mm256_srli_epi32(a, 18); }
RV_INLINE __m256i rv_sll32_16(__m256i a) { return _mm256_slli_epi32(a, 16); }
RV_INLINE __m256i rv_sra32_13(__m256i a) { return _mm256_srai_epi32(a, 13); }
RV_INLINE __m256i rv_unpacklo32(__m256i a, __m256i b) { return _mm256_unpacklo_epi32(a, b); }
RV_INLINE __m256i rv_unpackhi32(__m256i a, __m256i b) { return _mm256_unpackhi_epi32(a, b); }
RV_INLINE __m256i rv_insert128(__m256i a, __m128i high) { return _mm256_inserti128_si256(a, high, 1); }
/// In each lane the low and the high four 16-bit elements by turns.
RV_INLINE __m256i rv_interleave_halves16(__m256i a) {
  return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15)));
}
RV_INLINE __m256i rv_swap_bytes16(__m256i a) {
  return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(
      _mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)));
}
/// Element j of lane i goes to where, counting lanes first, element i + lanes · j is.
RV_INLINE __m256i rv_transpose_lanes32(__m256i a) {
  return _mm256_permutevar8x32_epi32(a, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
/// The lanes of a and b by turns: the first half of them, the second.
RV_INLINE __m256i rv_zip_lanes_low(__m256i a, __m256i b) { return _mm256_permute2x128_si256(a, b, 0x20); }
RV_INLINE __m256i rv_zip_lanes_high(__m256i a, __m256i b) { return _mm256_permute2x128_si256(a, b, 0x31); }

RV_INLINE __m256i rv_xor(__m256i a, __m256i b) { return _mm256_xor_si256(a, b); }
RV_INLINE __m256i rv_max32(__m256i a, __m256i b) { return _mm256_max_epi32(a, b); }
RV_INLINE __m256i rv_permute32(__m256i a, __m256i order) { return _mm256_permutevar8x32_epi32(a, order); }
/// The lowest byte of each 32-bit element.
RV_INLINE void rv_store_low_bytes32(void *p, __m256i a) {
  __m256i lanes = _mm256_shuffle_epi8(a, _mm256_set1_epi32(0x0C080400));
  _mm_storel_epi64((__m128i_u *)p, _mm_unpacklo_epi32(rv_low128(lanes), rv_high128(lanes)));
}

#if defined(__AVXVNNI__)
RV_INLINE __m256i rv_dpbusd(__m256i sum, __m256i bytes, __m256i weights) {
  return _mm256_dpbusd_avx_epi32(sum, bytes, weights);
}
#endif

/// The upper 32 bits of the 64-bit products a·m plus r: the rounding rule of `ONNXRuntimeRequantization`. `r` is
/// unsigned.
RV_INLINE __m256i rv_muladdhi32(__m256i a, __m256i m, __m256i r) {
  __m256i low = _mm256_blend_epi32(r, _mm256_setzero_si256(), 0xAA);
  __m256i even = _mm256_add_epi64(_mm256_mul_epi32(a, m), low);
  __m256i product = _mm256_mul_epi32(_mm256_srli_epi64(a, 32), _mm256_srli_epi64(m, 32));
  __m256i odd = _mm256_add_epi64(product, _mm256_srli_epi64(r, 32));
  return _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xAA);
}

/// The upper 32 bits of the products of a and the numbers at m, of which four bytes more can be read; the middle two of
/// each four are swapped.
RV_INLINE __m256i rv_mulhi32_swapped(__m256i a, const void *m) {
  __m256i even = _mm256_mul_epi32(a, rv_load(m));
  __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(a, 32), rv_load((const char *)m + 4));
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(even), _mm256_castsi256_ps(odd), 0xDD));
}

/// The upper 32 bits of a by the numbers at m and of b by those at n, halved to nearest (halves up), as rv_packs32
/// packs a and b.
RV_INLINE __m256i rv_packs_nearest(__m256i a, __m256i b, const void *m, const void *n) {
  __m256i words = rv_packs32(rv_mulhi32_swapped(a, m), rv_mulhi32_swapped(b, n));
  __m256i order = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  return rv_mulhrs16(_mm256_shuffle_epi8(words, order), rv_set16(1 << 14));
}

/// Of each four 16-bit elements the first three, those of a lane together.
RV_INLINE __m256i rv_drop_fourths16(__m256i a) {
  return _mm256_shuffle_epi8(a, _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13, -1, -1, -1, -1)));
}

/// What rv_packus16 made of a and b: the bytes of a, then those of b.
RV_INLINE __m256i rv_part_bytes(__m256i packed) { return _mm256_permute4x64_epi64(packed, 0xD8); }

#undef RV_INLINE
#endif
