#include "tb_file.h"

int feof(FILE *file) { return (file->flags & ENDED) != 0; }
int ferror(FILE *file) { return (file->flags & FAILED) != 0; }
void clearerr(FILE *file) { file->flags &= ~(unsigned)(FAILED | ENDED); }
