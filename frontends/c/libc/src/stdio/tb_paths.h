#ifndef TB_PATHS_H
#define TB_PATHS_H

/* The path of a file below one of the folders that the program was given, and that folder; NULL where it is
 * below none of them. */
const char *__tb_below(const char *name, int *folder);

#endif
