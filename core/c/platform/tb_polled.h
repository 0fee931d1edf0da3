/* Waiting and the deadline where no signal tells that the time is up: whoever waits or polls looks at the clock. */
#ifndef TB_POLLED_H
#define TB_POLLED_H
#include "tb_platform.h"

/* Waits for *descriptor* to have input, and no longer than the deadline: -4 when the time is up, else 0. Without a
 * deadline it does not wait: reading will. */
int tb_polled_wait_for(int descriptor);

/* Of the platform: waits so many nanoseconds, or less, or until *descriptor* (-1: none) has input: 1 for input, 0
 * for time, negative for an error. */
int tb_polled_pause(u64 nanoseconds, int descriptor);

#endif
