import java.util.Arrays;
import java.util.Locale;

/** spectral_norm.c in Java. */
class spectral_norm {
    static double element(int i, int j) {
        return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1);
    }

    static void times(int n, double[] v, double[] out) {
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int j = 0; j < n; j++) sum += element(i, j) * v[j];
            out[i] = sum;
        }
    }

    static void timesTransposed(int n, double[] v, double[] out) {
        for (int i = 0; i < n; i++) {
            double sum = 0;
            for (int j = 0; j < n; j++) sum += element(j, i) * v[j];
            out[i] = sum;
        }
    }

    static double norm(int n) {
        double[] u = new double[n], v = new double[n], between = new double[n];
        Arrays.fill(u, 1);
        for (int round = 0; round < 10; round++) {
            times(n, u, between);
            timesTransposed(n, between, v);
            times(n, v, between);
            timesTransposed(n, between, u);
        }
        double uv = 0, vv = 0;
        for (int i = 0; i < n; i++) {
            uv += u[i] * v[i];
            vv += v[i] * v[i];
        }
        return Math.sqrt(uv / vv);
    }

    public static void main(String[] args) {
        int repeats = Integer.parseInt(args[0]), n = Integer.parseInt(args[1]);
        double sum = 0;
        for (int i = 0; i < repeats; i++) sum += norm(n);
        System.out.println(String.format(Locale.ROOT, "%.9f", sum));
    }
}
