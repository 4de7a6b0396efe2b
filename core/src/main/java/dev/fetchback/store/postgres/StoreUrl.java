package dev.fetchback.store.postgres;

import dev.fetchback.store.StoreException;
import dev.fetchback.store.StoreException.Kind;
import dev.fetchback.task.Nearest;
import java.util.Arrays;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/** The URL of a database. The driver overlooks what it does not know, and a schema that is misspelt would be another one. */
final class StoreUrl {
    private static final String PREFIX = "jdbc:postgresql://";
    private static final Pattern PARTS = Pattern.compile("jdbc:postgresql://([^/?]+)/[^/?]+(\\?.*)?");
    private static final Pattern HOST = Pattern.compile("(?:\\[[0-9A-Fa-f:.%]+]|[^:@\\[\\]\\s]+)(?::([0-9]{1,5}))?");
    private static final int PORT_MAX = 65_535;
    private static final String LIKE = "; it must be like jdbc:postgresql://db.example:5432/fetchback?user=fetchback";

    /** What our sessions set themselves: the URL's would win. */
    private static final Set<String> OURS =
            Set.of("options", "targetServerType", "preferQueryMode", "prepareThreshold", "readOnly", "autosave");

    private static final Set<String> KNOWN = Arrays.stream(PGProperty.values()).map(PGProperty::getName)
            .filter(name -> !OURS.contains(name)).collect(Collectors.toCollection(TreeSet::new));

    private StoreUrl() {}

    /** @throws IllegalArgumentException saying what is wrong with it, without the value */
    static void check(String url) {
        if (!url.startsWith(PREFIX) || url.startsWith("/", PREFIX.length())) {
            throw new IllegalArgumentException("it names no host of a database" + LIKE);
        }
        Matcher parts = PARTS.matcher(url);
        if (!parts.matches()) {
            throw new IllegalArgumentException("it names no database" + LIKE);
        }
        checkHosts(parts.group(1));
        int query = url.indexOf('?');
        for (String one : query < 0 ? new String[0] : url.substring(query + 1).split("&", -1)) {
            int end = one.indexOf('=');
            String name = end < 0 ? one : one.substring(0, end);
            if (name.equals(PGProperty.PASSWORD.getName())) {
                throw new IllegalArgumentException(
                        "it holds a password, which others can see in lists of processes; give it as FETCHBACK_STORE_PASSWORD");
            }
            if (OURS.contains(name)) {
                throw new IllegalArgumentException("its parameter " + name + " is set by Fetchback itself; leave it out"
                        + " (settings of the server's can be given to the user: ALTER ROLE … SET …)");
            }
            if (!KNOWN.contains(name)) {
                Optional<String> nearest = Nearest.to(name, KNOWN.stream());
                throw new IllegalArgumentException("it has the parameter '" + name + "', which the driver does not know; "
                        + nearest.map(meant -> "is " + meant + " meant?").orElse("leave it out"));
            }
        }
        if (Driver.parseURL(url, new Properties()) == null) {
            throw new IllegalArgumentException("it is not one of a database" + LIKE);
        }
    }

    /** The driver would log a port that is none, beside what we say. */
    private static void checkHosts(String hosts) {
        for (String one : hosts.split(",", -1)) {
            Matcher host = HOST.matcher(one);
            if (!host.matches()) {
                throw new IllegalArgumentException("'" + one + "' in it is no host" + LIKE);
            }
            String port = host.group(1);
            if (port != null && (Integer.parseInt(port) < 1 || Integer.parseInt(port) > PORT_MAX)) {
                throw new IllegalArgumentException("its port " + port + " is none; allowed are 1 to " + PORT_MAX);
            }
        }
    }

    /** Where it leads, without what may be secret: {@code host:port/database}. */
    static String place(String url) {
        try {
            check(url);
        } catch (IllegalArgumentException e) {
            throw new StoreException(Kind.UNUSABLE, "The store's URL cannot be used: " + e.getMessage() + ".", null);
        }
        Properties parts = Driver.parseURL(url, new Properties());
        if (parts == null) {
            throw new IllegalStateException("the URL was parsed a moment ago");
        }
        String[] hosts = parts.getProperty("PGHOST", "localhost").split(",", -1);
        String[] ports = parts.getProperty("PGPORT", "5432").split(",", -1);
        StringBuilder place = new StringBuilder();
        for (int i = 0; i < hosts.length; i++) {
            place.append(i == 0 ? "" : ",").append(hosts[i]).append(':').append(ports[Math.min(i, ports.length - 1)]);
        }
        return place.append('/').append(parts.getProperty("PGDBNAME", "")).toString();
    }
}
