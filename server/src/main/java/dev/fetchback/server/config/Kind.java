package dev.fetchback.server.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.Base64.Decoder;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;

/**
 * How the text of a setting becomes a value.
 *
 * @param name with its article, {@code a duration}
 * @param allowed what values are taken, for help, documentation and complaints
 * @param argument the placeholder in help; empty for a switch that needs no value
 * @param between what stands between the parts of a list in one line; {@link #MAPPING} for a mapping
 * @param parser from trimmed text; throws {@link IllegalArgumentException}, with a message only where {@code allowed} does not
 * say it all
 */
public record Kind<T>(String name, String allowed, String argument, String between, Function<String, T> parser) {
    private static final String EMBEDDED = "sqlite";
    /** In place of what stands between parts: the value is a mapping. */
    static final String MAPPING = "{}";

    private static final Pattern HOST_NAME = Pattern.compile("[A-Za-z0-9]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9])?");
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._-]{1,64}:[!-+\\--9;-~]{16,512}(:admin)?");
    private static final Pattern NETWORK_TEXT = Pattern.compile("[!-~]{1,64}");
    private static final int LIST_MAX = 64; // beyond any schedule or network list that a person keeps in view

    Kind(String name, String allowed, String argument, Function<String, T> parser) {
        this(name, allowed, argument, ",", parser);
    }

    /** A whole number from {@code min} to {@code max}. */
    public static Kind<Integer> integer(int min, int max, String... notes) {
        return new Kind<>("a whole number", noted(min + " to " + max, notes), "N", text -> {
            int value = Integer.parseInt(digits(text));
            return within(value, min, max);
        });
    }

    /** A TCP port; 0 takes any free one. */
    public static Kind<Integer> port() {
        return new Kind<>("a port", "0 to 65535 (0 takes any free port)", "PORT",
                text -> within(Integer.parseInt(digits(text)), 0, 65_535));
    }

    /** A duration within bounds. */
    public static Kind<Duration> duration(String min, String max, String... notes) {
        Duration least = Amounts.duration(min);
        Duration most = Amounts.duration(max);
        String allowed = noted(min + " to " + max + ", in ms, s, m, h or d", notes);
        return new Kind<>("a duration", allowed, "TIME", text -> within(Amounts.duration(text), least, most));
    }

    /** One or more durations, separated by commas. */
    public static Kind<List<Duration>> durations(String min, String max) {
        Kind<Duration> one = duration(min, max);
        String allowed = "1 to " + LIST_MAX + " durations with commas between, each " + one.allowed;
        return new Kind<>("a list of durations", allowed, "TIMES", text -> split(text).map(one.parser).toList());
    }

    /** A number of bytes within bounds. */
    public static Kind<Long> size(String min, String max, String... notes) {
        long least = Amounts.bytes(min);
        long most = Amounts.bytes(max);
        String allowed = noted(min + " to " + max + ", in B, KiB, MiB, GiB or TiB", notes);
        return new Kind<>("a size", allowed, "SIZE", text -> within(Amounts.bytes(text), least, most));
    }

    /** One of the constants of an enum, in lower case. */
    public static <E extends Enum<E>> Kind<E> choice(Class<E> type) {
        E[] constants = type.getEnumConstants();
        String allowed = String.join(" or ", Arrays.stream(constants).map(Kind::wire).toList());
        return new Kind<>("one of the choices", allowed, allowed.replace(" or ", "|"), text -> Arrays.stream(constants)
                .filter(constant -> wire(constant).equals(text))
                .findFirst()
                .orElseThrow(IllegalArgumentException::new));
    }

    /** On or off; a bare flag is on. */
    public static Kind<Boolean> toggle() {
        return new Kind<>("true or false", "true or false", "", text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException();
        });
    }

    /** An address or host name to listen on. */
    public static Kind<String> host() {
        return new Kind<>("an address", "an IP address or a host name, without a port", "ADDRESS", text -> {
            String bare = text.startsWith("[") && text.endsWith("]") ? text.substring(1, text.length() - 1) : text;
            if (!Addresses.literal(bare) && (!HOST_NAME.matcher(bare).matches() || bare.matches("[0-9.]+"))) {
                throw new IllegalArgumentException();
            }
            return bare;
        });
    }

    /** An absolute http or https URL without user info or fragment. */
    public static Kind<URI> url() {
        return new Kind<>("a URL", "http://… or https://… with a host, without user name and fragment", "URL", Kind::parseUrl);
    }

    /** The path of a file or folder; whether it is there is not looked at. */
    public static Kind<Path> path() {
        return new Kind<>("a path", "the path of a folder; it is created", "PATH", Kind::parsePath);
    }

    /** The path of a file that can be read now. */
    public static Kind<Path> file() {
        return new Kind<>("a readable file", "the path of a file that this user can read", "FILE", text -> {
            Path path = parsePath(text);
            if (!Files.isRegularFile(path) || !Files.isReadable(path)) {
                throw new IllegalArgumentException(Files.exists(path) ? "it cannot be read" : "there is no such file");
            }
            return path;
        });
    }

    /** Text that matches {@code pattern}, which {@code allowed} describes. */
    public static Kind<String> text(String name, String pattern, String allowed) {
        Pattern compiled = Pattern.compile(pattern);
        return new Kind<>(name, allowed, "TEXT", text -> {
            if (!compiled.matcher(text).matches()) {
                throw new IllegalArgumentException();
            }
            return text;
        });
    }

    /**
     * Networks as CIDR or CIDR:port, separated by commas. Kept as text: the guard of outgoing connections reads it itself, and
     * is asked through {@link ConfigReader#check}; here only what cannot be one is refused.
     */
    public static Kind<String> networks() {
        String allowed = "CIDR or CIDR:port, with commas between, such as 10.0.0.0/8,192.168.1.7/32:8080";
        return new Kind<>("a list of networks", allowed, "CIDRS", text -> {
            if (!split(text).allMatch(one -> NETWORK_TEXT.matcher(one).matches())) {
                throw new IllegalArgumentException();
            }
            return text;
        });
    }

    /** DNS servers by address, with or without a port, separated by commas; kept as text, as networks are. */
    public static Kind<String> servers() {
        String allowed = "1 to 8 IP addresses with commas between, each with or without a port, "
                + "such as 10.0.0.53,[fd00::53]:5353";
        return new Kind<>("a list of DNS servers", allowed, "ADDRESSES", text -> text);
    }

    /** API tokens, {@code name:token} or {@code name:token:admin}, separated by commas; kept as text. */
    public static Kind<String> tokens() {
        String allowed = "name:token or name:token:admin, with commas between; "
                + "tokens of 16 to 512 visible characters without , and :";
        return new Kind<>("a list of tokens", allowed, "TOKENS", text -> {
            if (!split(text).allMatch(one -> TOKEN.matcher(one).matches())) {
                throw new IllegalArgumentException();
            }
            return text;
        });
    }

    /** A secret of Standard Webhooks; the pattern is theirs: {@code whsec_} and base64 of 24 to 64 bytes. */
    public static Kind<String> signingSecret() {
        String allowed = "whsec_ and the base64 of 24 to 64 random bytes (printf whsec_; openssl rand -base64 32)";
        Decoder decoder = Base64.getDecoder();
        return new Kind<>("a signing secret", allowed, "SECRET", text -> {
            if (!text.startsWith("whsec_")) {
                throw new IllegalArgumentException("it does not begin with whsec_");
            }
            within(decoder.decode(text.substring("whsec_".length())).length, 24, 64);
            return text;
        });
    }

    /** Whether a {@link #store} is the one in the data folder. */
    public static boolean embedded(String store) {
        return store.equals(EMBEDDED);
    }

    /** Which store: the embedded one, or the URL of a database. Whether there is one is not looked at. */
    public static Kind<String> store() {
        return new Kind<>("a store", "sqlite, or jdbc:postgresql://host:port/database?user=name", "STORE", text -> {
            if (text.contains("password=")) {
                throw new IllegalArgumentException(
                        "it holds a password, which others can see in lists of processes; give it as FETCHBACK_STORE_PASSWORD");
            }
            if (!embedded(text) && !text.matches("jdbc:postgresql://[^/@\\s]+/[^\\s]+")) {
                throw new IllegalArgumentException();
            }
            return text;
        });
    }

    /** A folder; whether it is there is not looked at. */
    public static Kind<Path> folder() {
        return new Kind<>("a path", "the path of a folder", "PATH", Kind::parsePath);
    }

    /** Names and what each stands for, as a YAML mapping; in one line in its flow style, <code>{name: value}</code>. */
    static <T> Kind<T> mapping(String name, String allowed, String argument, Function<Map<?, ?>, T> parser) {
        return new Kind<>(name, allowed, argument, MAPPING, text -> parser.apply(YamlTree.mapping(text)));
    }

    /** A mapping of names to constants of an enum. */
    public static <E extends Enum<E>> Kind<Map<String, E>> choices(String name, Class<E> type, String example) {
        Kind<E> one = choice(type);
        return mapping(name, "a YAML mapping of names to " + one.allowed + ", such as " + example, "MAPPING", given -> {
            Map<String, E> values = new LinkedHashMap<>();
            given.forEach((key, value) -> {
                try {
                    values.put(key.toString(), one.parser.apply(value.toString()));
                } catch (IllegalArgumentException e) {
                    throw new IllegalArgumentException("'" + value + "' of " + key + " is not " + one.allowed, e);
                }
            });
            return Collections.unmodifiableMap(values);
        });
    }

    static String wire(Enum<?> constant) {
        return constant.name().toLowerCase(java.util.Locale.ROOT);
    }

    private static String noted(String range, String... notes) {
        return notes.length == 0 ? range : range + " (" + String.join("; ", notes) + ")";
    }

    private static String digits(String text) {
        if (!text.matches("[0-9]{1,10}")) {
            throw new IllegalArgumentException();
        }
        return text;
    }

    private static <C extends Comparable<C>> C within(C value, C min, C max) {
        if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
            throw new IllegalArgumentException();
        }
        return value;
    }

    private static java.util.stream.Stream<String> split(String text) {
        String[] parts = text.split(",", -1);
        if (parts.length > LIST_MAX) {
            throw new IllegalArgumentException("it has " + parts.length + " entries, at most " + LIST_MAX + " are taken");
        }
        return Arrays.stream(parts).map(String::strip);
    }

    private static Path parsePath(String text) {
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(e.getReason(), e);
        }
    }

    private static URI parseUrl(String text) {
        try {
            URI url = new URI(text);
            boolean web = "http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme());
            if (!web || url.getHost() == null || url.getRawUserInfo() != null || url.getRawFragment() != null) {
                throw new IllegalArgumentException();
            }
            return url;
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e.getReason(), e);
        }
    }
}
