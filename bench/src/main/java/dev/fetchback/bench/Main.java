package dev.fetchback.bench;

import java.nio.file.Path;
import java.util.Arrays;

/**
 * What of the bench is Java: {@code process …} is {@link ProcessSpeed}, {@code extracts …} is {@link Extracts}, all else the
 * {@link Relay}.
 */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("process")) {
            ProcessSpeed.run(Arrays.copyOfRange(args, 1, args.length));
        } else if (args.length > 0 && args[0].equals("extracts")) {
            Extracts.run(Path.of(args[1]), Path.of(args[2]));
        } else {
            Relay.run(args);
        }
    }
}
