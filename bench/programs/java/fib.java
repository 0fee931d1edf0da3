/** fib.c in Java. */
class fib {
    static int fib(int n) {
        return n < 2 ? n : fib(n - 1) + fib(n - 2);
    }

    public static void main(String[] args) {
        int repeats = Integer.parseInt(args[0]), n = Integer.parseInt(args[1]), sum = 0;
        for (int i = 0; i < repeats; i++) sum = sum * 31 + fib(n + (sum == 1 ? 1 : 0));
        System.out.println(Integer.toUnsignedString(sum));
    }
}
