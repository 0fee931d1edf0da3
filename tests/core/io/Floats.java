import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

/** Reads lines "bits text" and prints those where the text is not that float, or longer than Java's. */
final class Floats {
  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] parts = line.split(" ");
      int bits = Integer.parseUnsignedInt(parts[0], 16);
      float value = Float.intBitsToFloat(bits);
      boolean same = Float.floatToIntBits(Float.parseFloat(parts[1])) == Float.floatToIntBits(value);
      if (!same || parts[1].length() > Float.toString(value).length()) {
        System.out.println(line + " " + value);
      }
    }
  }
}
