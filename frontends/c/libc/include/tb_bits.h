/* What several headers share. Names that begin with __tb are the library's own. */
#ifndef _TB_BITS_H
#define _TB_BITS_H

#ifdef __cplusplus
#define __TB_BEGIN extern "C" {
#define __TB_END }
#define _Noreturn [[noreturn]]
#define __TB_RESTRICT
#else
#define __TB_BEGIN
#define __TB_END
#define __TB_RESTRICT restrict
#endif

#define __need_size_t
#define __need_NULL
#include <stddef.h>

#endif
