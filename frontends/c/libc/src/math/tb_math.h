/* What the functions of math.h share: numbers as bits, and sums of two doubles.
 *
 * Functions in float are those in double, rounded once more. */
#ifndef TB_MATH_H
#define TB_MATH_H
#include <math.h>
#include <stdint.h>
#include <string.h>

#define OF_DOUBLE(name) \
  float name##f(float x) { return (float)name(x); } \
  long double name##l(long double x) { return name(x); }
#define OF_DOUBLES(name) \
  float name##f(float x, float y) { return (float)name(x, y); } \
  long double name##l(long double x, long double y) { return name(x, y); }

static inline uint64_t bits_of(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double of_bits(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* 2^n, for -1022 <= n <= 1023. */
static inline double power_of_2(int n) { return of_bits((uint64_t)(n + 1023) << 52); }

/* The sum of two doubles, the second of which is at most half a unit of the first one's last place: 106 bits.
 * Algorithms: T. J. Dekker, "A floating-point technique for extending the available precision" (1971); D. E.
 * Knuth, The Art of Computer Programming 2, 4.2.2. */
typedef struct {
  double high, low;
} Two;

Two __tb_sum(double a, double b);     /* exact */
Two __tb_product(double a, double b); /* exact, for factors below 2^995 and a product above 2^-960 */
Two __tb_add(Two a, Two b);
Two __tb_multiply(Two a, Two b);
Two __tb_divide(Two a, Two b);
Two __tb_square_root(Two a);
static inline Two two(double high, double low) { return (Two){high, low}; }
static inline Two negative(Two a) { return (Two){-a.high, -a.low}; }

/* e^x - 1 = 2^k (1 + m) - 1, with m between -0.3 and 0.42; x up to 2^20. */
Two __tb_exp(Two x, int *k);
/* e^x - 1, for |x| below 700. */
Two __tb_expm1(Two x);
/* The logarithm of 1 + u, for -0.3 <= u <= 0.5, and that of x > 0. */
Two __tb_log1p(Two u);
Two __tb_log(Two x);
/* Sine and cosine of |x| <= 0.8. */
void __tb_sine_cosine(Two x, Two *sine, Two *cosine);
/* x less the nearest multiple of a quarter turn; which one, modulo 4. x is finite. */
int __tb_quarters(double x, Two *rest);
/* The angle of the point (x, y), not both zero, both not negative. */
Two __tb_angle(Two y, Two x);

#define LN_2 two(0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56)
#define LN_10 two(0x1.26bb1bbb55516p+1, -0x1.f48ad494ea3e9p-53)
#define QUARTER two(0x1.921fb54442d18p+0, 0x1.1a62633145c07p-54) /* pi / 2 */
#define HALF_TURN two(0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53)

#endif
