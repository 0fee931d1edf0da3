import java.util.Locale;

/** matmul.c in Java. */
class matmul {
    static void multiply(int n, double[][] a, double[][] b, double[][] turned, double[][] product) {
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) turned[i][j] = b[j][i];
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                double[] left = a[i], right = turned[j];
                double sum = 0;
                for (int k = 0; k < n; k++) sum += left[k] * right[k];
                product[i][j] = sum;
            }
        }
    }

    public static void main(String[] args) {
        int repeats = Integer.parseInt(args[0]), n = Integer.parseInt(args[1]);
        double[][] a = new double[n][n], b = new double[n][n], turned = new double[n][n], product = new double[n][n];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                a[i][j] = (double) (i - j) * (i + j) / n / n;
                b[i][j] = (double) (j - i) * (i + j + 1) / n / n;
            }
        }
        for (int round = 0; round < repeats; round++) {
            multiply(n, a, b, turned, product);
            sum += product[n / 2][n / 2];
            a[n / 3][n / 2] += 1;
        }
        System.out.println(String.format(Locale.ROOT, "%.6f", sum));
    }
}
