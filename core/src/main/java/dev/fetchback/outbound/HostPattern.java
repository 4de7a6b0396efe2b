package dev.fetchback.outbound;

/**
 * Hosts that are meant together: one host ({@code example.com}), all names under one ({@code *.example.com}, which leaves out
 * example.com itself), or every host ({@code *}); each with a port behind it ({@code :8443}) or with all ports. Names are read as
 * those of URLs are, so that {@code *.bücher.example} means what such URLs lead to.
 */
public final class HostPattern {
    /** Characters of a pattern: the longest name in its longest spelling is shorter. */
    private static final int LENGTH_MAX = 1024;

    private static final String ALL = "*";
    private static final String UNDER = "*.";

    private final String text;
    /** Empty for every host, ".example.com" for all names under one. */
    private final String name;
    private final boolean suffix;
    /** 0 for all of them. */
    private final int port;

    private HostPattern(String text, String name, boolean suffix, int port) {
        this.text = text;
        this.name = name;
        this.suffix = suffix;
        this.port = port;
    }

    /**
     * Reads one.
     *
     * @throws IllegalArgumentException with a sentence that says what is wrong: no host could ever match it, or it is no pattern
     */
    public static HostPattern parse(String text) {
        if (text.length() > LENGTH_MAX) {
            throw new IllegalArgumentException("a host pattern is longer than " + LENGTH_MAX + " characters");
        }
        try {
            checkShape(text);
            int colon = portColon(text);
            int port = colon < 0 ? 0 : UrlParser.port(text.substring(colon + 1), 0);
            String host = colon < 0 ? text : text.substring(0, colon);
            if (colon >= 0 && port == 0) {
                throw new BadUrl("behind its ':' must stand a port, 1 to 65535");
            }
            if (host.equals(ALL)) {
                return new HostPattern(text, "", true, port);
            }
            boolean suffix = host.startsWith(UNDER);
            Target.Host name = HostParser.parse(suffix ? host.substring(UNDER.length()) : host);
            if (suffix && name.literal() != null) {
                throw new BadUrl("an address has no names under it; write the address alone");
            }
            if (AddressPolicy.foreign(name.text()) != null) {
                throw new BadUrl("such names are not in DNS and never asked for");
            }
            return new HostPattern(text, suffix ? "." + name.text() : name.text(), suffix, port);
        } catch (BadUrl e) {
            throw new IllegalArgumentException("no host matches the pattern '" + UrlParser.clip(text) + "': " + e.getMessage(), e);
        }
    }

    /** What people write for a host by mistake, told better than as a bad port. */
    private static void checkShape(String text) throws BadUrl {
        if (text.indexOf('/') >= 0) {
            throw new BadUrl("write a host alone, without scheme and path");
        }
        if (!text.startsWith("[") && text.indexOf(':') != text.lastIndexOf(':')) {
            throw new BadUrl("an IPv6 address stands in brackets; write [" + UrlParser.clip(text) + "]");
        }
    }

    private static int portColon(String text) {
        int from = text.startsWith("[") ? text.indexOf(']') : 0;
        return from < 0 ? from : text.indexOf(':', from);
    }

    /** Whether it means this host, given as {@link Target#hostPort} has it. */
    public boolean matches(String hostPort) {
        int colon = hostPort.lastIndexOf(':');
        boolean named = suffix
                ? hostPort.regionMatches(colon - name.length(), name, 0, name.length())
                : colon == name.length() && hostPort.startsWith(name);
        return named && (port == 0 || hostPort.length() - colon - 1 == digits() && hostPort.endsWith(":" + port));
    }

    /** Whether it means every host that {@code other} means. */
    public boolean covers(HostPattern other) {
        boolean names = suffix ? other.name.endsWith(name) : !other.suffix && name.equals(other.name);
        return names && (port == 0 || port == other.port);
    }

    private int digits() {
        return Integer.toString(port).length();
    }

    /** As it was given. */
    @Override
    public String toString() {
        return text;
    }
}
