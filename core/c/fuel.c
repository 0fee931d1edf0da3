/* Fuel: the engine counts every instruction down from here, and stops at the next poll below zero. */
#include "tb.h"

void tb_fuel_start(struct tb_context *cx) { cx->fuel = TB_FUEL; }
