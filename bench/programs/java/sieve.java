/** sieve.c in Java. */
class sieve {
    static int primes(byte[] composite, int n) {
        int count = 0;
        for (int i = 0; i < n; i++) composite[i] = 0;
        for (int i = 2; i < n; i++) {
            if (composite[i] != 0) continue;
            count++;
            for (int j = i + i; j < n; j += i) composite[j] = 1;
        }
        return count;
    }

    public static void main(String[] args) {
        int repeats = Integer.parseInt(args[0]), n = Integer.parseInt(args[1]), sum = 0;
        byte[] composite = new byte[n];
        for (int i = 0; i < repeats; i++) sum = sum * 31 + primes(composite, n);
        System.out.println(Integer.toUnsignedString(sum));
    }
}
