/* Which variant of a formatting function a call needs, from the types of its arguments.
 *
 * printf and its like are macros, too: __tb_printf_int is called where no argument is wider than 32 bits or
 * floating, __tb_printf_long where none is floating. So a program that prints integers has no code for
 * others. A pointer to printf, and (printf)(...), are the whole function.
 */
#ifndef _TB_VARIANTS_H
#define _TB_VARIANTS_H

#define __TB_KIND(x) \
  _Generic((x), float: 2, double: 2, long double: 2, long long: 1, unsigned long long: 1, default: 0)
#define __TB_TARGET(x) \
  _Generic((x), \
      float *: 2, \
      double *: 2, \
      long double *: 2, \
      long long *: 1, \
      unsigned long long *: 1, \
      default: 0)

/* of(a) | of(b) | ...: for up to 48 arguments. */
#define __TB_FOLD_0(of) 0
#define __TB_FOLD_1(of, x) of(x)
#define __TB_FOLD_2(of, x, ...) of(x) | __TB_FOLD_1(of, __VA_ARGS__)
#define __TB_FOLD_3(of, x, ...) of(x) | __TB_FOLD_2(of, __VA_ARGS__)
#define __TB_FOLD_4(of, x, ...) of(x) | __TB_FOLD_3(of, __VA_ARGS__)
#define __TB_FOLD_5(of, x, ...) of(x) | __TB_FOLD_4(of, __VA_ARGS__)
#define __TB_FOLD_6(of, x, ...) of(x) | __TB_FOLD_5(of, __VA_ARGS__)
#define __TB_FOLD_7(of, x, ...) of(x) | __TB_FOLD_6(of, __VA_ARGS__)
#define __TB_FOLD_8(of, x, ...) of(x) | __TB_FOLD_7(of, __VA_ARGS__)
#define __TB_FOLD_9(of, x, ...) of(x) | __TB_FOLD_8(of, __VA_ARGS__)
#define __TB_FOLD_10(of, x, ...) of(x) | __TB_FOLD_9(of, __VA_ARGS__)
#define __TB_FOLD_11(of, x, ...) of(x) | __TB_FOLD_10(of, __VA_ARGS__)
#define __TB_FOLD_12(of, x, ...) of(x) | __TB_FOLD_11(of, __VA_ARGS__)
#define __TB_FOLD_13(of, x, ...) of(x) | __TB_FOLD_12(of, __VA_ARGS__)
#define __TB_FOLD_14(of, x, ...) of(x) | __TB_FOLD_13(of, __VA_ARGS__)
#define __TB_FOLD_15(of, x, ...) of(x) | __TB_FOLD_14(of, __VA_ARGS__)
#define __TB_FOLD_16(of, x, ...) of(x) | __TB_FOLD_15(of, __VA_ARGS__)
#define __TB_FOLD_17(of, x, ...) of(x) | __TB_FOLD_16(of, __VA_ARGS__)
#define __TB_FOLD_18(of, x, ...) of(x) | __TB_FOLD_17(of, __VA_ARGS__)
#define __TB_FOLD_19(of, x, ...) of(x) | __TB_FOLD_18(of, __VA_ARGS__)
#define __TB_FOLD_20(of, x, ...) of(x) | __TB_FOLD_19(of, __VA_ARGS__)
#define __TB_FOLD_21(of, x, ...) of(x) | __TB_FOLD_20(of, __VA_ARGS__)
#define __TB_FOLD_22(of, x, ...) of(x) | __TB_FOLD_21(of, __VA_ARGS__)
#define __TB_FOLD_23(of, x, ...) of(x) | __TB_FOLD_22(of, __VA_ARGS__)
#define __TB_FOLD_24(of, x, ...) of(x) | __TB_FOLD_23(of, __VA_ARGS__)
#define __TB_FOLD_25(of, x, ...) of(x) | __TB_FOLD_24(of, __VA_ARGS__)
#define __TB_FOLD_26(of, x, ...) of(x) | __TB_FOLD_25(of, __VA_ARGS__)
#define __TB_FOLD_27(of, x, ...) of(x) | __TB_FOLD_26(of, __VA_ARGS__)
#define __TB_FOLD_28(of, x, ...) of(x) | __TB_FOLD_27(of, __VA_ARGS__)
#define __TB_FOLD_29(of, x, ...) of(x) | __TB_FOLD_28(of, __VA_ARGS__)
#define __TB_FOLD_30(of, x, ...) of(x) | __TB_FOLD_29(of, __VA_ARGS__)
#define __TB_FOLD_31(of, x, ...) of(x) | __TB_FOLD_30(of, __VA_ARGS__)
#define __TB_FOLD_32(of, x, ...) of(x) | __TB_FOLD_31(of, __VA_ARGS__)
#define __TB_FOLD_33(of, x, ...) of(x) | __TB_FOLD_32(of, __VA_ARGS__)
#define __TB_FOLD_34(of, x, ...) of(x) | __TB_FOLD_33(of, __VA_ARGS__)
#define __TB_FOLD_35(of, x, ...) of(x) | __TB_FOLD_34(of, __VA_ARGS__)
#define __TB_FOLD_36(of, x, ...) of(x) | __TB_FOLD_35(of, __VA_ARGS__)
#define __TB_FOLD_37(of, x, ...) of(x) | __TB_FOLD_36(of, __VA_ARGS__)
#define __TB_FOLD_38(of, x, ...) of(x) | __TB_FOLD_37(of, __VA_ARGS__)
#define __TB_FOLD_39(of, x, ...) of(x) | __TB_FOLD_38(of, __VA_ARGS__)
#define __TB_FOLD_40(of, x, ...) of(x) | __TB_FOLD_39(of, __VA_ARGS__)
#define __TB_FOLD_41(of, x, ...) of(x) | __TB_FOLD_40(of, __VA_ARGS__)
#define __TB_FOLD_42(of, x, ...) of(x) | __TB_FOLD_41(of, __VA_ARGS__)
#define __TB_FOLD_43(of, x, ...) of(x) | __TB_FOLD_42(of, __VA_ARGS__)
#define __TB_FOLD_44(of, x, ...) of(x) | __TB_FOLD_43(of, __VA_ARGS__)
#define __TB_FOLD_45(of, x, ...) of(x) | __TB_FOLD_44(of, __VA_ARGS__)
#define __TB_FOLD_46(of, x, ...) of(x) | __TB_FOLD_45(of, __VA_ARGS__)
#define __TB_FOLD_47(of, x, ...) of(x) | __TB_FOLD_46(of, __VA_ARGS__)
#define __TB_FOLD_48(of, x, ...) of(x) | __TB_FOLD_47(of, __VA_ARGS__)
#define __TB_AT(_0, _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19, \
                _20, _21, _22, _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, _33, _34, _35, _36, _37, \
                _38, _39, _40, _41, _42, _43, _44, _45, _46, _47, _48, n, ...) \
  n
#define __TB_COUNT(...) \
  __TB_AT(0 __VA_OPT__(, ) __VA_ARGS__, 48, 47, 46, 45, 44, 43, 42, 41, 40, 39, 38, 37, 36, 35, 34, 33, 32, \
          31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, \
          6, 5, 4, 3, 2, 1, 0)
#define __TB_JOIN_(a, b) a##b
#define __TB_JOIN(a, b) __TB_JOIN_(a, b)
#define __TB_FOLD(of, ...) __TB_JOIN(__TB_FOLD_, __TB_COUNT(__VA_ARGS__))(of __VA_OPT__(, ) __VA_ARGS__)
#define __TB_VARIANT(name, of, ...) \
  _Generic((char (*)[1 + (__TB_FOLD(of __VA_OPT__(, ) __VA_ARGS__))])0, \
      char (*)[1]: __tb_##name##_int, \
      char (*)[2]: __tb_##name##_long, \
      default: name)

#endif
