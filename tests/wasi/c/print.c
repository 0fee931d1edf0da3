/* Only prints. */
#include "wasi.h"

void _start(void) { say(1, "hello\n"); }
