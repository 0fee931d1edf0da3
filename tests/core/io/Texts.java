import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.Scanner;

/** Reads lines "f|d bits text"; prints those where text is not Java's, or does not read back as the bits. */
final class Texts {
  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] parts = line.split(" ");
      long bits = Long.parseUnsignedLong(parts[1], 16);
      String text;
      boolean same;
      if (parts[0].equals("f")) {
        float value = Float.intBitsToFloat((int) bits);
        text = Float.toString(value);
        same = Float.floatToIntBits(Float.parseFloat(parts[2])) == Float.floatToIntBits(value);
      } else {
        double value = Double.longBitsToDouble(bits);
        text = Double.toString(value);
        same = Double.doubleToLongBits(Double.parseDouble(parts[2])) == Double.doubleToLongBits(value);
      }
      if (!same || !text.equals(parts[2])) System.out.println(line + " " + text);
    }
  }
}
