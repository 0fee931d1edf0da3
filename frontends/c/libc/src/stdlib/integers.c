#include <inttypes.h>
#include <stdlib.h>

int abs(int value) { return value < 0 ? (int)-(unsigned)value : value; }
long labs(long value) { return value < 0 ? (long)-(unsigned long)value : value; }
long long llabs(long long value) { return value < 0 ? (long long)-(unsigned long long)value : value; }
intmax_t imaxabs(intmax_t value) { return llabs(value); }
div_t div(int a, int b) { return (div_t){a / b, a % b}; }
ldiv_t ldiv(long a, long b) { return (ldiv_t){a / b, a % b}; }
lldiv_t lldiv(long long a, long long b) { return (lldiv_t){a / b, a % b}; }
imaxdiv_t imaxdiv(intmax_t a, intmax_t b) { return (imaxdiv_t){a / b, a % b}; }
