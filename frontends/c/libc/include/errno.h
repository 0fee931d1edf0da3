#ifndef _TB_ERRNO_H
#define _TB_ERRNO_H
#include <tb_bits.h>
__TB_BEGIN
extern int errno;
__TB_END
/* The numbers of WASI preview 1, so that what the system says needs no table. */
#define E2BIG 1
#define EACCES 2
#define EAGAIN 6
#define EBADF 8
#define EBUSY 10
#define EDOM 18
#define EEXIST 20
#define EFBIG 22
#define EILSEQ 25
#define EINTR 27
#define EINVAL 28
#define EIO 29
#define EISDIR 31
#define ELOOP 32
#define EMFILE 33
#define ENAMETOOLONG 37
#define ENFILE 41
#define ENOENT 44
#define ENOMEM 48
#define ENOSPC 51
#define ENOSYS 52
#define ENOTDIR 54
#define ENOTEMPTY 55
#define ENOTSUP 58
#define EOVERFLOW 61
#define EPERM 63
#define EPIPE 64
#define ERANGE 68
#define EROFS 69
#define ESPIPE 70
#define EXDEV 75
#endif
