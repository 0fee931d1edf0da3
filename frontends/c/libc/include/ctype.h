/* Characters, in the locale "C". */
#ifndef _TB_CTYPE_H
#define _TB_CTYPE_H
#include <tb_bits.h>
__TB_BEGIN
int isalnum(int c);
int isalpha(int c);
int isblank(int c);
int iscntrl(int c);
int isdigit(int c);
int isgraph(int c);
int islower(int c);
int isprint(int c);
int ispunct(int c);
int isspace(int c);
int isupper(int c);
int isxdigit(int c);
int tolower(int c);
int toupper(int c);
__TB_END
#endif
