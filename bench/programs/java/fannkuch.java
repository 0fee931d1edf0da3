/** fannkuch.c in Java. */
class fannkuch {
    static int checksum;

    static int flips(int[] permutation, int n) {
        int[] work = new int[12];
        int count = 0;
        for (int i = 0; i < n; i++) work[i] = permutation[i];
        for (int first = work[0]; first != 0; first = work[0]) {
            for (int low = 0, high = first; low < high; low++, high--) {
                int kept = work[low];
                work[low] = work[high];
                work[high] = kept;
            }
            count++;
        }
        return count;
    }

    static int fannkuch(int n) {
        int[] permutation = new int[12], left = new int[12];
        int most = 0, depth = n;
        boolean odd = false;
        for (int i = 0; i < n; i++) permutation[i] = i;
        for (;;) {
            for (; depth > 1; depth--) left[depth - 1] = depth;
            int count = flips(permutation, n);
            if (count > most) most = count;
            checksum += odd ? -count : count;
            odd = !odd;
            for (;;) {
                if (depth == n) return most;
                int first = permutation[0];
                for (int i = 0; i < depth; i++) permutation[i] = permutation[i + 1];
                permutation[depth] = first;
                if (--left[depth] > 0) break;
                depth++;
            }
        }
    }

    public static void main(String[] args) {
        int repeats = Integer.parseInt(args[0]), n = Integer.parseInt(args[1]), most = 0;
        for (int i = 0; i < repeats; i++) most += fannkuch(n);
        System.out.println(checksum + " " + most);
    }
}
