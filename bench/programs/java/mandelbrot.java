/** mandelbrot.c in Java. */
class mandelbrot {
    static int steps(double cx, double cy) {
        double x = 0, y = 0;
        int i = 0;
        for (; i < 50; i++) {
            double xx = x * x, yy = y * y;
            if (xx + yy > 4) break;
            y = 2 * x * y + cy;
            x = xx - yy + cx;
        }
        return i;
    }

    public static void main(String[] args) {
        int repeats = Integer.parseInt(args[0]), n = Integer.parseInt(args[1]), inside = 0, checksum = 0;
        while (repeats-- > 0) {
            for (int row = 0; row < n; row++) {
                for (int column = 0; column < n; column++) {
                    int found = steps(2.0 * column / n - 1.5, 2.0 * row / n - 1.0);
                    if (found == 50) inside++;
                    checksum = checksum * 31 + found;
                }
            }
        }
        System.out.println(inside + " " + Integer.toUnsignedString(checksum));
    }
}
