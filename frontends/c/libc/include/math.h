/* Functions in double and float; long double is double. Their accuracy: docs/c.md. */
#ifndef _TB_MATH_H
#define _TB_MATH_H
#include <tb_bits.h>

typedef float float_t;
typedef double double_t;

#define HUGE_VAL __builtin_huge_val()
#define HUGE_VALF __builtin_huge_valf()
#define HUGE_VALL __builtin_huge_vall()
#define INFINITY __builtin_inff()
#define NAN __builtin_nanf("")
#define FP_NAN 0
#define FP_INFINITE 1
#define FP_ZERO 2
#define FP_SUBNORMAL 3
#define FP_NORMAL 4
#define FP_ILOGB0 (-0x7fffffff - 1)
#define FP_ILOGBNAN 0x7fffffff
#define MATH_ERRNO 1
#define MATH_ERREXCEPT 2
#define math_errhandling 0

#define M_E 2.7182818284590452354
#define M_LOG2E 1.4426950408889634074
#define M_LOG10E 0.43429448190325182765
#define M_LN2 0.69314718055994530942
#define M_LN10 2.30258509299404568402
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_PI_4 0.78539816339744830962
#define M_1_PI 0.31830988618379067154
#define M_2_PI 0.63661977236758134308
#define M_2_SQRTPI 1.12837916709551257390
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.70710678118654752440

#define fpclassify(x) __builtin_fpclassify(FP_NAN, FP_INFINITE, FP_NORMAL, FP_SUBNORMAL, FP_ZERO, x)
#define isfinite(x) __builtin_isfinite(x)
#define isinf(x) __builtin_isinf_sign(x)
#define isnan(x) __builtin_isnan(x)
#define isnormal(x) __builtin_isnormal(x)
#define signbit(x) __builtin_signbit(x)
#define isgreater(x, y) __builtin_isgreater(x, y)
#define isgreaterequal(x, y) __builtin_isgreaterequal(x, y)
#define isless(x, y) __builtin_isless(x, y)
#define islessequal(x, y) __builtin_islessequal(x, y)
#define islessgreater(x, y) __builtin_islessgreater(x, y)
#define isunordered(x, y) __builtin_isunordered(x, y)

#define __TB_1(name) \
  double name(double x); \
  float name##f(float x); \
  long double name##l(long double x);
#define __TB_2(name) \
  double name(double x, double y); \
  float name##f(float x, float y); \
  long double name##l(long double x, long double y);
#define __TB_TO(type, name) \
  type name(double x); \
  type name##f(float x); \
  type name##l(long double x);
#define __TB_WITH(type, name) \
  double name(double x, type y); \
  float name##f(float x, type y); \
  long double name##l(long double x, type y);

__TB_BEGIN
__TB_1(acos)
__TB_1(asin)
__TB_1(atan)
__TB_2(atan2)
__TB_1(cos)
__TB_1(sin)
__TB_1(tan)
__TB_1(acosh)
__TB_1(asinh)
__TB_1(atanh)
__TB_1(cosh)
__TB_1(sinh)
__TB_1(tanh)
__TB_1(exp)
__TB_1(exp2)
__TB_1(exp10)
__TB_1(expm1)
__TB_WITH(int *, frexp)
__TB_TO(int, ilogb)
__TB_WITH(int, ldexp)
__TB_1(log)
__TB_1(log10)
__TB_1(log1p)
__TB_1(log2)
__TB_1(logb)
double modf(double x, double *whole);
float modff(float x, float *whole);
long double modfl(long double x, long double *whole);
__TB_WITH(int, scalbn)
__TB_WITH(long, scalbln)
__TB_1(cbrt)
__TB_1(fabs)
__TB_2(hypot)
__TB_2(pow)
__TB_1(sqrt)
__TB_1(erf)
__TB_1(erfc)
__TB_1(lgamma)
__TB_1(tgamma)
__TB_1(ceil)
__TB_1(floor)
__TB_1(nearbyint)
__TB_1(rint)
__TB_TO(long, lrint)
__TB_TO(long long, llrint)
__TB_1(round)
__TB_TO(long, lround)
__TB_TO(long long, llround)
__TB_1(trunc)
__TB_2(fmod)
__TB_2(remainder)
double remquo(double x, double y, int *quotient);
float remquof(float x, float y, int *quotient);
long double remquol(long double x, long double y, int *quotient);
__TB_2(copysign)
double nan(const char *tag);
float nanf(const char *tag);
long double nanl(const char *tag);
__TB_2(nextafter)
__TB_WITH(long double, nexttoward)
__TB_2(fdim)
__TB_2(fmax)
__TB_2(fmin)
double fma(double x, double y, double z);
float fmaf(float x, float y, float z);
long double fmal(long double x, long double y, long double z);
__TB_END

#undef __TB_1
#undef __TB_2
#undef __TB_TO
#undef __TB_WITH
#endif
