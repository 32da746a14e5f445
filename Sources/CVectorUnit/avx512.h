// AVX-512 F, BW, DQ, VL and VNNI: one instruction a function. Where avx2.h has the same name it does the same to half
// the bytes, so that one Swift source serves both.
#pragma once

#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512VL__) && defined(__AVX512VNNI__)
#include <immintrin.h>
#include "memory.h"

#define RV_INLINE static inline __attribute__((always_inline))

RV_INLINE __m512i rv_load(const void *p) { return _mm512_loadu_si512(p); }
RV_INLINE __m256i rv_load256(const void *p) { return _mm256_loadu_si256((const __m256i_u *)p); }
RV_INLINE __m128i rv_load128(const void *p) { return _mm_loadu_si128((const __m128i_u *)p); }
RV_INLINE __m128i rv_load4(const void *p) { return _mm_cvtsi32_si128(((const rv_int *)p)->value); }
RV_INLINE void rv_store(void *p, __m512i a) { _mm512_storeu_si512(p, a); }
RV_INLINE void rv_store256(void *p, __m256i a) { _mm256_storeu_si256((__m256i_u *)p, a); }
RV_INLINE void rv_store128(void *p, __m128i a) { _mm_storeu_si128((__m128i_u *)p, a); }
RV_INLINE void rv_store4(void *p, __m128i a) { ((rv_int *)p)->value = _mm_cvtsi128_si32(a); }

RV_INLINE __m256i rv_load_half(const void *p) { return rv_load256(p); }
RV_INLINE void rv_store_half(void *p, __m256i a) { rv_store256(p, a); }
RV_INLINE __m256i rv_half(__m128i a) { return _mm256_castsi128_si256(a); }
RV_INLINE __m128i rv_low128_of_half(__m256i a) { return _mm256_castsi256_si128(a); }

RV_INLINE __m512i rv_zero(void) { return _mm512_setzero_si512(); }
RV_INLINE __m512i rv_broadcast32(const void *p) { return _mm512_set1_epi32(((const rv_int *)p)->value); }
RV_INLINE __m512i rv_repeat128(const void *p) { return _mm512_broadcast_i32x4(rv_load128(p)); }
RV_INLINE __m512i rv_set32(int a) { return _mm512_set1_epi32(a); }
RV_INLINE __m512i rv_set16(short a) { return _mm512_set1_epi16(a); }
RV_INLINE __m512i rv_set8(unsigned char a) { return _mm512_set1_epi8((char)a); }

RV_INLINE __m512i rv_widen256(__m256i a) { return _mm512_castsi256_si512(a); }
RV_INLINE __m512i rv_widen128(__m128i a) { return _mm512_castsi128_si512(a); }
RV_INLINE __m512i rv_insert256(__m512i a, __m256i high) { return _mm512_inserti64x4(a, high, 1); }
RV_INLINE __m512i rv_insert128_1(__m512i a, __m128i b) { return _mm512_inserti32x4(a, b, 1); }
RV_INLINE __m512i rv_insert128_2(__m512i a, __m128i b) { return _mm512_inserti32x4(a, b, 2); }
RV_INLINE __m512i rv_insert128_3(__m512i a, __m128i b) { return _mm512_inserti32x4(a, b, 3); }
RV_INLINE __m256i rv_low256(__m512i a) { return _mm512_castsi512_si256(a); }
RV_INLINE __m256i rv_high256(__m512i a) { return _mm512_extracti64x4_epi64(a, 1); }
RV_INLINE __m128i rv_low128(__m512i a) { return _mm512_castsi512_si128(a); }
RV_INLINE __m128i rv_extract128_1(__m512i a) { return _mm512_extracti32x4_epi32(a, 1); }
RV_INLINE __m128i rv_extract128_2(__m512i a) { return _mm512_extracti32x4_epi32(a, 2); }
RV_INLINE __m128i rv_extract128_3(__m512i a) { return _mm512_extracti32x4_epi32(a, 3); }

RV_INLINE __m512i rv_dpbusd(__m512i sum, __m512i bytes, __m512i weights) {
  return _mm512_dpbusd_epi32(sum, bytes, weights);
}
RV_INLINE __m512i rv_srav32(__m512i a, __m512i counts) { return _mm512_srav_epi32(a, counts); }
RV_INLINE __m512i rv_sra32(__m512i a, __m128i count) { return _mm512_sra_epi32(a, count); }
RV_INLINE __m512i rv_packs32(__m512i a, __m512i b) { return _mm512_packs_epi32(a, b); }
RV_INLINE __m512i rv_packus16(__m512i a, __m512i b) { return _mm512_packus_epi16(a, b); }
RV_INLINE __m512i rv_mulhrs16(__m512i a, __m512i b) { return _mm512_mulhrs_epi16(a, b); }
RV_INLINE __m512i rv_adds16(__m512i a, __m512i b) { return _mm512_adds_epi16(a, b); }
RV_INLINE __m512i rv_max16(__m512i a, __m512i b) { return _mm512_max_epi16(a, b); }
RV_INLINE __m512i rv_maxu8(__m512i a, __m512i b) { return _mm512_max_epu8(a, b); }
RV_INLINE __m512i rv_minu8(__m512i a, __m512i b) { return _mm512_min_epu8(a, b); }
RV_INLINE __m256i rv_narrows32(__m512i a) { return _mm512_cvtsepi32_epi16(a); }
RV_INLINE __m256i rv_narrowus16(__m512i a) { return _mm512_cvtusepi16_epi8(a); }

RV_INLINE __m512i rv_permute64(__m512i a, __m512i order) { return _mm512_permutexvar_epi64(order, a); }
RV_INLINE __m512i rv_even_odd64(void) { return _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7); }
RV_INLINE __m512i rv_unpacklo8(__m512i a, __m512i b) { return _mm512_unpacklo_epi8(a, b); }
RV_INLINE __m512i rv_unpackhi8(__m512i a, __m512i b) { return _mm512_unpackhi_epi8(a, b); }
RV_INLINE __m512i rv_unpacklo16(__m512i a, __m512i b) { return _mm512_unpacklo_epi16(a, b); }
RV_INLINE __m512i rv_unpackhi16(__m512i a, __m512i b) { return _mm512_unpackhi_epi16(a, b); }

RV_INLINE __m512i rv_madd16(__m512i a, __m512i b) { return _mm512_madd_epi16(a, b); }
RV_INLINE __m512i rv_addmadd16(__m512i sum, __m512i a, __m512i b) { return _mm512_dpwssd_epi32(sum, a, b); }
/// a·w + b·w' of the lower, or the upper, half of each lane; every 32-bit element of `weights` holds (w, w').
RV_INLINE __m512i rv_weighlo16(__m512i a, __m512i b, __m512i weights) {
  return rv_madd16(rv_unpacklo16(a, b), weights);
}
RV_INLINE __m512i rv_weighhi16(__m512i a, __m512i b, __m512i weights) {
  return rv_madd16(rv_unpackhi16(a, b), weights);
}
RV_INLINE __m512i rv_add32(__m512i a, __m512i b) { return _mm512_add_epi32(a, b); }
RV_INLINE __m512i rv_sub32(__m512i a, __m512i b) { return _mm512_sub_epi32(a, b); }
RV_INLINE __m512i rv_mullo32(__m512i a, __m512i b) { return _mm512_mullo_epi32(a, b); }
RV_INLINE __m512i rv_srl32_22(__m512i a) { return _mm512_srli_epi32(a, 22); }
RV_INLINE __m512i rv_widenu8to16(__m256i a) { return _mm512_cvtepu8_epi16(a); }
RV_INLINE __m128i rv_count(int a) { return _mm_cvtsi32_si128(a); }

RV_INLINE __m512i rv_and(__m512i a, __m512i b) { return _mm512_and_si512(a, b); }
RV_INLINE __m512i rv_or(__m512i a, __m512i b) { return _mm512_or_si512(a, b); }
RV_INLINE __m512i rv_equal8(__m512i a, __m512i b) { return _mm512_movm_epi8(_mm512_cmpeq_epi8_mask(a, b)); }
RV_INLINE __m512i rv_select(__m512i mask, __m512i a, __m512i b) {
  return _mm512_ternarylogic_epi64(mask, a, b, 0xCA);
}
RV_INLINE __m512i rv_srl16_8(__m512i a) { return _mm512_srli_epi16(a, 8); }
RV_INLINE __m512i rv_srl32_16(__m512i a) { return _mm512_srli_epi32(a, 16); }
RV_INLINE __m512i rv_srl32_18(__m512i a) { return _mm512_srli_epi32(a, 18); }
RV_INLINE __m512i rv_sll32_16(__m512i a) { return _mm512_slli_epi32(a, 16); }
RV_INLINE __m512i rv_sra32_13(__m512i a) { return _mm512_srai_epi32(a, 13); }
RV_INLINE __m512i rv_unpacklo32(__m512i a, __m512i b) { return _mm512_unpacklo_epi32(a, b); }
RV_INLINE __m512i rv_unpackhi32(__m512i a, __m512i b) { return _mm512_unpackhi_epi32(a, b); }
RV_INLINE __m512i rv_xor(__m512i a, __m512i b) { return _mm512_xor_si512(a, b); }
RV_INLINE __m512i rv_max32(__m512i a, __m512i b) { return _mm512_max_epi32(a, b); }
RV_INLINE __m512i rv_permute32(__m512i a, __m512i order) { return _mm512_permutexvar_epi32(order, a); }
/// The lowest byte of each 32-bit element.
RV_INLINE void rv_store_low_bytes32(void *p, __m512i a) { rv_store128(p, _mm512_cvtepi32_epi8(a)); }
/// In each lane the low and the high four 16-bit elements by turns.
RV_INLINE __m512i rv_interleave_halves16(__m512i a) {
  return _mm512_shuffle_epi8(a, _mm512_broadcast_i32x4(
      _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15)));
}
RV_INLINE __m512i rv_swap_bytes16(__m512i a) {
  return _mm512_shuffle_epi8(a, _mm512_broadcast_i32x4(
      _mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)));
}
/// Element j of lane i goes to where, counting lanes first, element i + lanes · j is.
RV_INLINE __m512i rv_transpose_lanes32(__m512i a) {
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), a);
}
/// The lanes of a and b by turns: the first half of them, the second.
RV_INLINE __m512i rv_zip_lanes_low(__m512i a, __m512i b) {
  return _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), b);
}
RV_INLINE __m512i rv_zip_lanes_high(__m512i a, __m512i b) {
  return _mm512_permutex2var_epi64(a, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), b);
}

/// The upper 32 bits of the 64-bit products a·m plus r: the rounding rule of `ONNXRuntimeRequantization`. `r` is
/// unsigned.
RV_INLINE __m512i rv_muladdhi32(__m512i a, __m512i m, __m512i r) {
  __m512i low = _mm512_maskz_mov_epi32(0x5555, r);
  __m512i even = _mm512_add_epi64(_mm512_mul_epi32(a, m), low);
  __m512i product = _mm512_mul_epi32(_mm512_srli_epi64(a, 32), _mm512_srli_epi64(m, 32));
  __m512i odd = _mm512_add_epi64(product, _mm512_srli_epi64(r, 32));
  return _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
}

/// The upper 32 bits of the products of a and the numbers at m, of which four bytes more can be read, halved to nearest
/// (halves up).
RV_INLINE __m512i rv_mulhi32_halved(__m512i a, const void *m) {
  __m512i even = _mm512_mul_epi32(a, rv_load(m));
  __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(a, 32), rv_load((const char *)m + 4));
  __m512i upper = _mm512_mask_blend_epi32(0xAAAA, _mm512_srli_epi64(even, 32), odd);
  return _mm512_srai_epi32(_mm512_add_epi32(upper, _mm512_set1_epi32(1)), 1);
}

/// The upper 32 bits, the middle two of each four swapped.
RV_INLINE __m512i rv_mulhi32_swapped(__m512i a, const void *m) {
  __m512i even = _mm512_mul_epi32(a, rv_load(m));
  __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(a, 32), rv_load((const char *)m + 4));
  return _mm512_castps_si512(_mm512_shuffle_ps(_mm512_castsi512_ps(even), _mm512_castsi512_ps(odd), 0xDD));
}

/// The upper 32 bits of a by the numbers at m and of b by those at n, halved to nearest (halves up), as rv_packs32
/// packs a and b.
RV_INLINE __m512i rv_packs_nearest(__m512i a, __m512i b, const void *m, const void *n) {
  __m512i words = rv_packs32(rv_mulhi32_swapped(a, m), rv_mulhi32_swapped(b, n));
  __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  return rv_mulhrs16(_mm512_shuffle_epi8(words, order), _mm512_set1_epi16(1 << 14));
}

/// 16 numbers of 16 bits as the upper halves of 32 bits.
RV_INLINE __m512i rv_upper32(const void *p) {
  return _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i_u *)p)), 16);
}

#undef RV_INLINE
#endif
