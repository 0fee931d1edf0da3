import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** For each line of bytes in hexadecimal, the UTF-16 units that Java reads them as. */
final class Lines {
  public static void main(String[] arguments) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    StringBuilder out = new StringBuilder();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String text = new String(HexFormat.of().parseHex(line), StandardCharsets.UTF_8);
      for (int i = 0; i < text.length(); i++) out.append((int) text.charAt(i)).append(' ');
      out.append('\n');
    }
    System.out.print(out);
  }
}
