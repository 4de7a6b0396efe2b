package dev.fetchback.outbound;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * Where a request goes: an http or https URL in canonical form. Connection, Host field, server name and certificate check, queue
 * keys and logs all come from this one value, so no two parsers can read the same text differently.
 */
public final class Target {
    /** Characters of a URL, before and after encoding: what common servers take. */
    public static final int LENGTH_MAX = 8192;

    static final int HTTP_PORT = 80;
    static final int HTTPS_PORT = 443;

    private final boolean secure;
    private final Host host;
    private final int port;
    private final String pathQuery;
    private final String authority;
    private final String hostPort;
    private final String origin;

    Target(boolean secure, Host host, int port, String pathQuery) {
        this.secure = secure;
        this.host = host;
        this.port = port;
        this.pathQuery = pathQuery;
        this.hostPort = host.text() + ":" + port;
        this.authority = port == (secure ? HTTPS_PORT : HTTP_PORT) ? host.text() : hostPort;
        this.origin = scheme() + "://" + authority;
    }

    /**
     * Reads an absolute http or https URL as browsers do (WHATWG URL), but refuses what they repair: user info, backslashes,
     * spaces, control characters, missing slashes, ports that browsers block. A fragment is dropped.
     *
     * @throws BadUrl with a sentence that says what is wrong and what is allowed
     */
    public static Target parse(String url) throws BadUrl {
        return UrlParser.parse(url);
    }

    /**
     * The target of a {@code Location} seen at this target (WHATWG URL, relative references included).
     *
     * @throws BadUrl when it is not an http or https URL
     */
    public Target resolve(String location) throws BadUrl {
        return UrlParser.resolve(this, location);
    }

    /** {@code http} or {@code https}. */
    public String scheme() {
        return secure ? "https" : "http";
    }

    /** Whether it is https. */
    public boolean secure() {
        return secure;
    }

    /** The host in ASCII and lower case; IPv6 in brackets. */
    public String asciiHost() {
        return host.text();
    }

    /** 1 to 65535. */
    public int port() {
        return port;
    }

    /** Path and query, starting with a slash. */
    public String pathQuery() {
        return pathQuery;
    }

    /** Host and port, always both; the queue that tasks for it wait in. */
    public String hostPort() {
        return hostPort;
    }

    /** Scheme, host and port, the port left out when it is the scheme's own. */
    public String origin() {
        return origin;
    }

    /** The URL without its query. */
    public String endpoint() {
        return origin() + path();
    }

    /** What goes into the Host field. */
    String authority() {
        return authority;
    }

    String path() {
        int query = pathQuery.indexOf('?');
        return query < 0 ? pathQuery : pathQuery.substring(0, query);
    }

    /** The address when the host is one; null when it is a name. */
    @Nullable InetAddress literal() {
        return host.literal();
    }

    /** The host as certificates name it: IPv6 without brackets. */
    String certificateName() {
        String text = host.text();
        return text.startsWith("[") ? text.substring(1, text.length() - 1) : text;
    }

    boolean sameOrigin(Target other) {
        return origin.equals(other.origin);
    }

    @Override
    public boolean equals(@Nullable Object object) {
        return object instanceof Target other && sameOrigin(other) && pathQuery.equals(other.pathQuery);
    }

    @Override
    public int hashCode() {
        return 31 * origin.hashCode() + pathQuery.hashCode();
    }

    /** The whole URL. */
    @Override
    public String toString() {
        return origin() + pathQuery;
    }

    /**
     * A host in canonical form.
     *
     * @param text ASCII, lower case; IPv6 in brackets
     * @param literal the address when the text is one
     */
    record Host(String text, @Nullable InetAddress literal) {}
}
