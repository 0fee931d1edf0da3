import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;

/** Reads lines "name argument ...", where strings are UTF-16 units in hexadecimal; prints what Java says. */
final class Strings {
  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    StringBuilder out = new StringBuilder();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      out.append(answer(line.split(" "))).append('\n');
    }
    System.out.print(out);
  }

  private static String answer(String[] given) {
    String a = text(given[1]);
    try {
      switch (given[0]) {
        case "compare": return "" + a.compareTo(text(given[2]));
        case "equals": return a.equals(text(given[2])) ? "1" : "0";
        case "hash": return "" + a.hashCode();
        case "index": return "" + a.indexOf(text(given[2]), Integer.parseInt(given[3]));
        case "char": return "" + a.indexOf(Integer.parseInt(given[2]), Integer.parseInt(given[3]));
        case "substring": return hex(a.substring(Integer.parseInt(given[2]), Integer.parseInt(given[3])));
        case "concat": return hex(a.concat(text(given[2])));
        case "i32": return "" + Integer.parseInt(a);
        case "i64": return "" + Long.parseLong(a);
        case "f32": return "" + Float.floatToIntBits(Float.parseFloat(a));
        case "f64": return "" + Double.doubleToLongBits(Double.parseDouble(a));
        default: throw new IllegalArgumentException(given[0]);
      }
    } catch (NumberFormatException | StringIndexOutOfBoundsException error) {
      return "trap";
    }
  }

  private static String text(String hex) {
    StringBuilder text = new StringBuilder();
    for (int at = 1; at < hex.length(); at += 4) text.append((char) Integer.parseInt(hex.substring(at, at + 4), 16));
    return text.toString();
  }

  private static String hex(String text) {
    StringBuilder hex = new StringBuilder("_");
    for (char unit : text.toCharArray()) hex.append(String.format("%04x", (int) unit));
    return hex.toString();
  }
}
