/** nqueens.c in Java. */
class nqueens {
    static final int[] column = new int[32];

    static boolean fits(int row, int at) {
        for (int i = 0; i < row; i++) {
            int other = column[i], distance = row - i;
            if (other == at || other == at - distance || other == at + distance) return false;
        }
        return true;
    }

    static int place(int row, int n) {
        if (row == n) return 1;
        int count = 0;
        for (int at = 0; at < n; at++) {
            if (fits(row, at)) {
                column[row] = at;
                count += place(row + 1, n);
            }
        }
        return count;
    }

    public static void main(String[] args) {
        int repeats = Integer.parseInt(args[0]), n = Integer.parseInt(args[1]), sum = 0;
        for (int i = 0; i < repeats; i++) sum = sum * 31 + place(0, n);
        System.out.println(Integer.toUnsignedString(sum));
    }
}
