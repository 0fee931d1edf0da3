#include <tb_bits.h>

#undef assert
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition) \
  ((condition) ? (void)0 : __tb_assert_failed(#condition, __FILE__, __LINE__, __func__))
#endif

#ifndef _TB_ASSERT_H
#define _TB_ASSERT_H
#if !defined(__cplusplus) && !defined(static_assert) && __STDC_VERSION__ < 202311L
#define static_assert _Static_assert
#endif
__TB_BEGIN
_Noreturn void __tb_assert_failed(const char *condition, const char *file, int line, const char *function);
__TB_END
#endif
