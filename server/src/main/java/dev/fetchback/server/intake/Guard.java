package dev.fetchback.server.intake;

import java.net.URI;
import java.util.Locale;
import java.util.Set;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/**
 * Decides who may send what: tokens, and on loopback without tokens the names of the host and the sites that browsers come from.
 */
final class Guard {
    private static final Set<String> LOOPBACK_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

    private final Tokens tokens;
    private final boolean checksHost;
    private final Set<String> hosts;

    /**
     * @param checksHost whether the server listens on loopback only
     * @param hosts further names, lower case, without port
     */
    Guard(Tokens tokens, boolean checksHost, Set<String> hosts) {
        this.tokens = tokens;
        this.checksHost = checksHost && !tokens.required();
        this.hosts = hosts;
    }

    /** Names the caller, or refuses. */
    void admit(Call call, int port) {
        if (checksHost) {
            host(call, port);
            site(call, port);
        }
        Caller caller = tokens.find(call.request().getHeaders().get(HttpHeader.AUTHORIZATION));
        if (caller == null) {
            throw new Refusal(
                    ApiError.UNAUTHORIZED, "There is no token that this server knows; send \"Authorization: Bearer <token>\".");
        }
        call.caller(caller);
    }

    /** Refuses what only an admin may do. */
    static void admin(Call call) {
        if (!call.caller().admin()) {
            throw new Refusal(
                    ApiError.ADMIN_REQUIRED,
                    "The token " + call.caller().name() + " may not do this; use a token that is marked admin.");
        }
    }

    /** A page of a site whose name was pointed at this machine (DNS rebinding) sends that site's name as Host. */
    private void host(Call call, int port) {
        String host = call.request().getHeaders().get(HttpHeader.HOST);
        if (host == null || !known(host, port)) {
            throw new Refusal(
                    ApiError.HOST_NOT_ALLOWED,
                    "The Host " + Names.quote(host == null ? "" : host) + " is not this server's; use localhost:" + port
                            + ", or let the operator set a public URL or tokens.");
        }
    }

    /** Browsers tell where a request comes from; programs do not send these headers. */
    private void site(Call call, int port) {
        String method = call.request().getMethod();
        if (method.equals("GET") || method.equals("HEAD")) {
            return;
        }
        String site = call.header("Sec-Fetch-Site");
        String origin = call.request().getHeaders().get(HttpHeader.ORIGIN);
        boolean crossSite = site != null && !site.equals("same-origin") && !site.equals("none");
        if (crossSite || origin != null && !ownOrigin(origin, port)) {
            throw new Refusal(
                    ApiError.CROSS_SITE,
                    "A page of another site made a browser send this; without tokens only programs and own pages may.");
        }
    }

    private boolean ownOrigin(String origin, int port) {
        int start = origin.indexOf("://");
        return start > 0 && known(origin.substring(start + 3), port);
    }

    private boolean known(String hostAndPort, int port) {
        String lower = hostAndPort.toLowerCase(Locale.ROOT);
        int colon = lower.lastIndexOf(':');
        boolean hasPort = colon > lower.lastIndexOf(']');
        String name = hasPort ? lower.substring(0, colon) : lower;
        if (hosts.contains(name)) {
            return true; // behind a proxy, whose port is its own
        }
        String given = hasPort ? lower.substring(colon + 1) : "80";
        return LOOPBACK_NAMES.contains(name) && given.equals(Integer.toString(port));
    }

    /** The name in a URL, lower case, without port; null when there is none. */
    static @Nullable String hostOf(@Nullable String url) {
        if (url == null) {
            return null;
        }
        String host = URI.create(url).getHost();
        return host == null ? null : host.toLowerCase(Locale.ROOT);
    }
}
