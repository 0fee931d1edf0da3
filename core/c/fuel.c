/* Fuel: the engine counts every instruction down from here, and stops at the next poll below zero. */
#include "tb.h"

void tb_fuel_start(struct tb_context *cx) { cx->fuel = TB_FUEL; }

/* A program that another one runs takes from the same fuel. */
void tb_fuel_hand(struct tb_context *inner, struct tb_context *outer) { inner->fuel = outer->fuel; }
void tb_fuel_return(struct tb_context *inner, struct tb_context *outer) { outer->fuel = inner->fuel; }
