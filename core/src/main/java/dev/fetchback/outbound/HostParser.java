package dev.fetchback.outbound;

import com.ibm.icu.text.IDNA;
import java.io.ByteArrayOutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * Reads the host of a URL (WHATWG URL §3.5): IDNA first, then the number test, so that no address passes as a name. International
 * names are mapped as browsers do (UTS #46, not transitional: {@code faß.de} is another name than {@code fass.de}).
 */
final class HostParser {
    private static final int NAME_MAX = 253; // RFC 1035 §3.1: 255 octets on the wire
    private static final int LABEL_MAX = 63;
    /** Names are mapped and encoded in a time that grows with the square of their length; longer ones are none. */
    private static final int TEXT_MAX = 4 * NAME_MAX;

    private static final String ENCODED = "xn--";
    private static final int IPV4_PARTS = 4;
    /** 2^32 has 11 octal digits. */
    private static final int NUMBER_DIGITS_MAX = 11;

    private static final int IPV6_GROUPS = 8;

    private HostParser() {}

    static Target.Host parse(String text) throws BadUrl {
        if (text.isEmpty()) {
            throw new BadUrl("the URL has no host");
        }
        if (text.startsWith("[")) {
            return ipv6(text);
        }
        String host = ascii(decoded(text), text);
        if (host.endsWith(".")) {
            host = host.substring(0, host.length() - 1);
        }
        checkName(host, text);
        return endsInNumber(host) ? ipv4(host) : new Target.Host(host, null);
    }

    private static String decoded(String text) throws BadUrl {
        if (text.indexOf('%') < 0) {
            return text;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(text.length());
        byte[] raw = text.getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < raw.length; i++) {
            if (raw[i] != '%') {
                bytes.write(raw[i]);
                continue;
            }
            int high = i + 2 < raw.length ? Character.digit(raw[i + 1], 16) : -1;
            int low = i + 2 < raw.length ? Character.digit(raw[i + 2], 16) : -1;
            if (high < 0 || low < 0) {
                throw badHost(text, "'%' must be followed by two hexadecimal digits");
            }
            bytes.write(high << 4 | low);
            i += 2;
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes.toByteArray())).toString();
        } catch (CharacterCodingException e) {
            throw badHost(text, "its percent-encoded bytes are not UTF-8");
        }
    }

    private static String ascii(String host, String text) throws BadUrl {
        boolean ascii = host.chars().allMatch(c -> c < 0x80);
        String lower = ascii ? host.toLowerCase(Locale.ROOT) : host;
        if (ascii && !lower.contains(ENCODED)) {
            return lower;
        }
        if (host.length() > TEXT_MAX) {
            throw badHost(text, "a name has 1 to " + NAME_MAX + " characters");
        }
        StringBuilder mapped = new StringBuilder(host.length() + 16);
        IDNA.Info info = new IDNA.Info();
        Uts46.MAPPING.nameToASCII(lower, mapped, info);
        if (!Uts46.JUDGED_OTHERWISE.containsAll(info.getErrors())) {
            throw badHost(text, "it is not a valid international name");
        }
        return mapped.toString().toLowerCase(Locale.ROOT);
    }

    /** Loaded with the first name that needs it: its tables take a while. */
    private static final class Uts46 {
        /** As WHATWG URL §3.3 sets it up. */
        static final IDNA MAPPING = IDNA.getUTS46Instance(
                IDNA.NONTRANSITIONAL_TO_ASCII | IDNA.CHECK_BIDI | IDNA.CHECK_CONTEXTJ);

        /** Lengths are checked for every name; hyphens anywhere are in use, and WHATWG lets them be. */
        static final Set<IDNA.Error> JUDGED_OTHERWISE = EnumSet.of(
                IDNA.Error.EMPTY_LABEL,
                IDNA.Error.LABEL_TOO_LONG,
                IDNA.Error.DOMAIN_NAME_TOO_LONG,
                IDNA.Error.LEADING_HYPHEN,
                IDNA.Error.TRAILING_HYPHEN,
                IDNA.Error.HYPHEN_3_4);
    }

    /** Only what a DNS name may hold in practice; underscores occur in real host names. */
    private static void checkName(String host, String text) throws BadUrl {
        if (host.isEmpty() || host.length() > NAME_MAX) {
            throw badHost(text, "a name has 1 to " + NAME_MAX + " characters");
        }
        int label = 0;
        for (int i = 0; i < host.length(); i++) {
            char c = host.charAt(i);
            if (c == '.') {
                if (label == 0) {
                    throw badHost(text, "it has an empty label");
                }
                label = 0;
                continue;
            }
            if (!(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_')) {
                throw badHost(text, "only letters, digits, '-', '_' and '.' are allowed");
            }
            if (++label > LABEL_MAX) {
                throw badHost(text, "a label has at most " + LABEL_MAX + " characters");
            }
        }
        if (label == 0) {
            throw badHost(text, "it has an empty label");
        }
    }

    /** WHATWG "ends in a number checker": such a host is an address or nothing. */
    private static boolean endsInNumber(String host) {
        String last = host.substring(host.lastIndexOf('.') + 1);
        return last.chars().allMatch(c -> c >= '0' && c <= '9') || last.matches("0x[0-9a-f]*");
    }

    /** One to four numbers, each decimal, octal (0…) or hexadecimal (0x…); the last fills the bytes that are left. */
    private static Target.Host ipv4(String host) throws BadUrl {
        String[] parts = host.split("\\.", -1);
        if (parts.length > IPV4_PARTS) {
            throw badHost(host, "an IPv4 address has at most four numbers");
        }
        long value = 0;
        for (int i = 0; i < parts.length; i++) {
            boolean last = i == parts.length - 1;
            int bytesLeft = last ? IPV4_PARTS - i : 1;
            long number = number(parts[i], host);
            if (number >= 1L << 8 * bytesLeft) {
                throw badHost(host, "a number of the IPv4 address is too large");
            }
            value |= last ? number : number << 8 * (IPV4_PARTS - 1 - i);
        }
        byte[] bytes = {(byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value};
        InetAddress address = address(bytes);
        return new Target.Host(address.getHostAddress(), address);
    }

    private static long number(String part, String host) throws BadUrl {
        int radix = part.startsWith("0x") ? 16 : part.length() > 1 && part.startsWith("0") ? 8 : 10;
        String digits = withoutLeadingZeros(radix == 16 ? part.substring(2) : part);
        // Checked one by one: Java's own parsers take a sign.
        boolean number = digits.length() <= NUMBER_DIGITS_MAX && digits.chars().allMatch(c -> Character.digit(c, radix) >= 0);
        if (!number) {
            throw badHost(host, "a host that ends in a number must be an IPv4 address");
        }
        return digits.isEmpty() ? 0 : Long.parseLong(digits, radix);
    }

    /** The digits from the first that is not 0; the last one always stays. */
    static String withoutLeadingZeros(String digits) {
        int from = 0;
        while (from < digits.length() - 1 && digits.charAt(from) == '0') {
            from++;
        }
        return digits.substring(from);
    }

    private static Target.Host ipv6(String text) throws BadUrl {
        if (!text.endsWith("]")) {
            throw badHost(text, "an IPv6 address ends with ']'");
        }
        String inner = text.substring(1, text.length() - 1);
        if (inner.indexOf('%') >= 0) {
            throw badHost(text, "an IPv6 zone is not allowed");
        }
        boolean shaped = inner.chars().allMatch(c -> c == ':' || c == '.' || c < 0x80 && Character.digit(c, 16) >= 0);
        if (!shaped || inner.indexOf(':') < 0 || leadingZero(inner)) {
            throw badHost(text, "it is not an IPv6 address");
        }
        InetAddress address;
        try {
            address = InetAddress.ofLiteral(inner);
        } catch (IllegalArgumentException e) {
            throw badHost(text, "it is not an IPv6 address");
        }
        if (address instanceof Inet4Address) { // Java unpacks those; one server must not be two hosts
            throw badHost(text, "it stands for an IPv4 address; write it as " + address.getHostAddress());
        }
        return new Target.Host("[" + ipv6Text(address.getAddress()) + "]", address);
    }

    /** In an embedded IPv4 address, where one reader takes 010 for ten and another for eight. */
    private static boolean leadingZero(String inner) {
        int dot = inner.indexOf('.');
        if (dot < 0) {
            return false;
        }
        for (String part : inner.substring(inner.lastIndexOf(':', dot) + 1).split("\\.", -1)) {
            if (part.length() > 1 && part.startsWith("0")) {
                return true;
            }
        }
        return false;
    }

    /** RFC 5952: lower case, the longest run of at least two zero groups shortened, the first of equal ones. */
    private static String ipv6Text(byte[] bytes) {
        int[] groups = new int[IPV6_GROUPS];
        for (int i = 0; i < IPV6_GROUPS; i++) {
            groups[i] = (bytes[2 * i] & 0xff) << 8 | bytes[2 * i + 1] & 0xff;
        }
        int bestStart = -1;
        int bestLength = 1;
        for (int i = 0; i < IPV6_GROUPS; i++) {
            int length = 0;
            while (i + length < IPV6_GROUPS && groups[i + length] == 0) {
                length++;
            }
            if (length > bestLength) {
                bestStart = i;
                bestLength = length;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < IPV6_GROUPS; i++) {
            if (i == bestStart) {
                text.append("::");
                i += bestLength - 1;
                continue;
            }
            if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            text.append(Integer.toHexString(groups[i]));
        }
        return text.toString();
    }

    private static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException("an IPv4 address has four bytes", e);
        }
    }

    private static BadUrl badHost(String host, String why) {
        return new BadUrl("the host '" + UrlParser.clip(host) + "' is not valid: " + why);
    }
}
