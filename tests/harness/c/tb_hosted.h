/* What tests ask the hosted platform layer. */
#ifndef TB_HOSTED_H
#define TB_HOSTED_H
#include "tb.h"

/* Bytes that are mapped now. How many mappings succeed before one is refused; below zero: none is. */
extern s64 tb_hosted_mapped, tb_hosted_later;

#endif
