package dev.fetchback.bench;

import java.util.Arrays;

/** What of the bench is Java: {@code process …} is {@link ProcessSpeed}, all else the {@link Relay}. */
public final class Main {
    private Main() {}

    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals("process")) {
            ProcessSpeed.run(Arrays.copyOfRange(args, 1, args.length));
        } else {
            Relay.run(args);
        }
    }
}
