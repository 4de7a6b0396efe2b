package dev.fetchback.outbound;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Where a redirect leads and what goes along (RFC 9110 §15.4). */
final class Redirects {
    /** Fields that tell a stranger nothing: the only ones that follow to another origin. */
    private static final Set<String> HARMLESS = Set.of("accept", "accept-language", "user-agent");

    private static final int MOVED_PERMANENTLY = 301;
    private static final int FOUND = 302;
    private static final int SEE_OTHER = 303;
    private static final int TEMPORARY_REDIRECT = 307;
    private static final int PERMANENT_REDIRECT = 308;

    private final int max;
    private final Set<String> seen = new HashSet<>(); // filled at the first redirect
    private int followed;

    Redirects(int max) {
        this.max = max;
    }

    /**
     * One request of the way.
     *
     * @param body null for none
     */
    record Leg(Target target, String method, List<Field> fields, @Nullable Payload body) {
        private String key() {
            return method + " " + target;
        }
    }

    int followed() {
        return followed;
    }

    /** The location to follow; null when the answer is the last one. */
    @Nullable String location(ResponseHead head) throws ExchangeException {
        if (max < 0 || head.status() / 100 != 3) {
            return null;
        }
        return switch (head.status()) {
            case MOVED_PERMANENTLY, FOUND, SEE_OTHER, TEMPORARY_REDIRECT, PERMANENT_REDIRECT -> only(head.fields());
            default -> null;
        };
    }

    private static @Nullable String only(List<Field> fields) throws ExchangeException {
        String location = null;
        for (Field field : fields) {
            if (field.name().equalsIgnoreCase("location")) {
                if (location != null && !location.equals(field.value())) {
                    throw ResponseHead.bad("it names two locations");
                }
                location = field.value();
            }
        }
        return location;
    }

    /** The next leg after {@code leg} was answered with a redirect. */
    Leg next(Leg leg, int status, String location) throws ExchangeException {
        seen.add(leg.key());
        if (++followed > max) {
            throw new ExchangeException(Kind.TOO_MANY_REDIRECTS, "more than " + max + " redirects");
        }
        Target target;
        try {
            target = leg.target().resolve(location);
        } catch (BadUrl e) {
            throw new ExchangeException(
                    Kind.REDIRECT_BLOCKED, "a redirect leads to a URL that cannot be used: " + e.getMessage());
        }
        if (leg.target().secure() && !target.secure()) {
            throw new ExchangeException(Kind.REDIRECT_BLOCKED, "a redirect leads from https to http");
        }
        boolean plain = becomesGet(leg.method(), status);
        Payload body = plain ? null : leg.body();
        Leg next = new Leg(target, plain ? "GET" : leg.method(), fields(leg, target, body), body);
        if (seen.contains(next.key())) {
            throw new ExchangeException(Kind.REDIRECT_LOOP, "a redirect leads back to " + target.endpoint());
        }
        return next;
    }

    /** RFC 9110 §15.4.2 and §15.4.3 allow POST to become GET as every browser does; §15.4.4 wants it of all but HEAD. */
    private static boolean becomesGet(String method, int status) {
        return switch (status) {
            case MOVED_PERMANENTLY, FOUND -> method.equals("POST");
            case SEE_OTHER -> !method.equals("HEAD") && !method.equals("GET");
            default -> false;
        };
    }

    private static List<Field> fields(Leg leg, Target target, @Nullable Payload body) {
        boolean same = leg.target().sameOrigin(target);
        if (same && body == leg.body()) {
            return leg.fields();
        }
        List<Field> kept = new ArrayList<>();
        for (Field field : leg.fields()) {
            String name = field.name().toLowerCase(Locale.ROOT);
            boolean describesBody = name.startsWith("content-");
            boolean wanted = describesBody
                    ? body != null && (same || name.equals("content-type"))
                    : same || HARMLESS.contains(name);
            if (wanted) {
                kept.add(field);
            }
        }
        return kept;
    }
}
