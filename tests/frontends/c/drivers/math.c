/* Functions of math.h over arrays: ours in double and float; gcc's in long double, as two doubles. */
#include <math.h>

#define SIZE 4096
#define ONE(F) \
  F(acos) \
  F(asin) F(atan) F(cos) F(sin) F(tan) F(acosh) F(asinh) F(atanh) F(cosh) F(sinh) F(tanh) F(exp) F(exp2) \
      F(expm1) F(log) F(log10) F(log1p) F(log2) F(logb) F(cbrt) F(fabs) F(sqrt) F(erf) F(erfc) F(lgamma) \
          F(tgamma) F(ceil) F(floor) F(nearbyint) F(rint) F(round) F(trunc)
#define TWO(F) F(atan2) F(hypot) F(pow) F(fmod) F(remainder) F(copysign) F(nextafter) F(fdim) F(fmax) F(fmin)

#ifdef __wasm__
typedef double wide;
#define NAME(name) name
#else
typedef long double wide;
#define NAME(name) name##l
/* What is next depends on the type. */
#define nextafterl next_double
static wide next_double(wide x, wide y) { return nextafter((double)x, (double)y); }
#endif

double xs[SIZE], ys[SIZE], zs[SIZE], out[SIZE], more[SIZE];
float floats[SIZE];

static const struct {
  const char *name;
  wide (*one)(wide), (*two)(wide, wide);
  float (*float_one)(float), (*float_two)(float, float);
} functions[] = {
#define F(name) {#name, NAME(name), 0, name##f, 0},
    ONE(F)
#undef F
#define F(name) {#name, 0, NAME(name), 0, name##f},
        TWO(F)
#undef F
};

int count(void) { return sizeof functions / sizeof *functions; }
const char *name_of(int function) { return functions[function].name; }
int arity(int function) { return functions[function].one ? 1 : 2; }
void *array(int which) {
  return which == 0   ? xs
         : which == 1 ? ys
         : which == 2 ? zs
         : which == 3 ? out
         : which == 4 ? more
                      : (void *)floats;
}

static void store(int i, wide found) {
  out[i] = (double)found;
  more[i] = (double)(found - out[i]);
}

void evaluate(int function, int n) {
  for (int i = 0; i < n; i++)
    store(i,
          functions[function].one ? functions[function].one(xs[i]) : functions[function].two(xs[i], ys[i]));
}

/* The functions in double, where they are exact or take something else. */
void evaluate_double(int n) {
  for (int i = 0; i < n; i++) out[i] = fma(xs[i], ys[i], zs[i]);
}

void evaluate_fmaf(int n) {
  for (int i = 0; i < n; i++) floats[i] = fmaf((float)xs[i], (float)ys[i], (float)zs[i]);
}

void evaluate_float(int function, int n) {
  for (int i = 0; i < n; i++)
    floats[i] = functions[function].float_one ? functions[function].float_one((float)xs[i])
                                              : functions[function].float_two((float)xs[i], (float)ys[i]);
}

/* scalbn, frexp, modf, remquo, ilogb, lround, lrint: a number and an integer each. */
void evaluate_whole(int what, int n) {
  for (int i = 0; i < n; i++) {
    int whole = 0;
    double part = 0;
    switch (what) {
      case 0: out[i] = scalbn(xs[i], (int)ys[i]); break;
      case 1: out[i] = frexp(xs[i], &whole); break;
      case 2: out[i] = modf(xs[i], &part); break;
      case 3:
        out[i] = remquo(xs[i], ys[i], &whole);
        whole = whole < 0 ? -(-whole & 7)
                          : whole & 7; /* as many bits as C promises, and no fewer than glibc has */
        break;
      case 4: whole = ilogb(xs[i]), out[i] = 0; break;
      case 5: whole = fabs(xs[i]) < 1e9 ? (int)lround(xs[i]) : 0, out[i] = 0; break;
      case 6: whole = fabs(xs[i]) < 1e9 ? (int)lrint(xs[i]) : 0, out[i] = 0; break;
      default: out[i] = nexttoward(xs[i], ys[i]); break;
    }
    more[i] = what == 2 ? part : whole;
  }
}
