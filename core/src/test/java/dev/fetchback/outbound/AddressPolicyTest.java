package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.fetchback.outbound.Rule.Ground;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressPolicyTest {
    /** Written down a second time on purpose, so that a slip in the code's own table shows. */
    private static final List<String> DENIED = List.of(
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
            "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
            "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
            "::/128", "::1/128", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "5f00::/16",
            "fc00::/7",
            "fe80::/10", "fec0::/10", "ff00::/8", "::/3", "4000::/2", "8000::/1");

    private static final List<Cidr> MODEL = DENIED.stream().map(Cidr::of).toList();

    private static final AddressPolicy PUBLIC = AddressPolicy.parse("", "", _ -> false);

    static List<String> denied() {
        return DENIED;
    }

    @ParameterizedTest
    @MethodSource("denied")
    void closesEveryNetworkFromItsFirstToItsLastAddress(String cidr) throws UnknownHostException {
        Cidr network = Cidr.of(cidr);
        for (BigInteger inside : List.of(network.first, network.first.add(BigInteger.ONE).min(network.last), network.last)) {
            InetAddress address = network.address(inside);
            assertThat(PUBLIC.judge(address, 80).allows()).as("%s of %s", address, cidr).isFalse();
        }
        for (BigInteger outside : List.of(network.first.subtract(BigInteger.ONE), network.last.add(BigInteger.ONE))) {
            if (outside.signum() < 0 || outside.bitLength() > network.bits) {
                continue;
            }
            InetAddress address = network.address(outside);
            assertThat(PUBLIC.judge(address, 80).allows()).as("%s beside %s", address, cidr).isEqualTo(expected(address));
        }
    }

    @Test
    void agreesWithASlowModelOnRandomAddresses() throws UnknownHostException {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = new byte[i % 2 == 0 ? 4 : 16];
            random.nextBytes(bytes);
            if (bytes.length == 16 && i % 4 == 1) {
                bytes[0] = 0x20; // the crowded corner
                bytes[1] = (byte) (random.nextInt(4));
            }
            InetAddress address = InetAddress.getByAddress(bytes);
            if (PUBLIC.judge(address, 80).allows() != expected(address)) {
                throw new AssertionError(address + " is allowed: " + !expected(address) + ", seed " + seed);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
            "223.255.255.255",
        "168.63.129.15", "168.63.129.17", "2606:4700::1111", "2a00:1450::1", "2001:200::1", "3ffe::1", "::ffff:8.8.8.8"})
    void opensPublicAddresses(String address) {
        assertThat(PUBLIC.judge(InetAddress.ofLiteral(address), 80).allows()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
            "fd00:ec2::254"})
    void closesEmbeddedAddresses(String address) {
        assertThat(PUBLIC.judge(InetAddress.ofLiteral(address), 80).allows()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            10.0.0.0/8                 | 10.255.255.255 | 80   | true
            10.0.0.0/8                 | 11.0.0.0       | 80   | true
            10.0.0.0/8                 | 192.168.0.1    | 80   | false
            10.1.0.0/16                | 10.0.255.255   | 80   | false
            10.1.0.0/16                | 10.2.0.0       | 80   | false
            127.0.0.1/32:8080          | 127.0.0.1      | 8080 | true
            127.0.0.1/32:8080          | 127.0.0.1      | 8081 | false
            127.0.0.1/32:8080          | 127.0.0.2      | 8080 | false
            127.0.0.1:8080             | 127.0.0.1      | 8080 | true
            127.0.0.1                  | 127.0.0.1      | 1    | true
            10.0.0.0/8, 127.0.0.0/8:80 | 127.9.9.9      | 80   | true
            0.0.0.0/0                  | 127.0.0.1      | 80   | true
            0.0.0.0/0                  | ::1            | 80   | false
            ::/0                       | 127.0.0.1      | 80   | false
            ::/0                       | fe80::1        | 80   | true
            fd00::/8                   | fd12::1        | 80   | true
            fd00::/8                   | fc00::1        | 80   | false
            [fd00::/8]:8080            | fd12::1        | 8080 | true
            [fd00::/8]:8080            | fd12::1        | 80   | false
            [::1]:9                    | ::1            | 9    | true
            [::1]                      | ::1            | 9    | true
            fd00::1:0/112              | fd00::1:ffff   | 9    | true
            fd00::1:0/112              | fd00::2:0      | 9    | false
            """)
    void opensWhatTheOperatorAllows(String allow, String address, int port, boolean allowed) {
        assertThat(judge(allow, "", address, port).allows()).isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            10.0.0.0/33          | from 0 to 32
            10.0.0.0/            | prefix is ''
            10.0.0.0/8:0         | from 1 to 65535
            10.0.0.0/8:99999     | from 1 to 65535
            10.0.0.0/8:http      | 'http'
            10.0.0.1/8           | the network is 10.0.0.0/8, the address alone 10.0.0.1/32
            fd00::1/64           | the network is fd00:0:0:0:0:0:0:0/64, the address alone fd00::1/128
            300.0.0.0/8          | not an IP address
            010.0.0.0/8          | not an IP address
            10.0.0/8             | not an IP address
            localhost            | not an IP address
            fd00::/129           | from 0 to 128
            [fd00::/8            | not closed
            [fd00::/8]8080       | ':port'
            ::ffff:10.0.0.0/104  | write it as one
            10.0.0.0/8,,::1      | ''
            10.0.0.0/8,x,y       | 'y'
            """)
    void saysWhatIsWrongWithAnAllowList(String allow, String reason) {
        assertThatThrownBy(() -> AddressPolicy.parse(allow))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason)
                .hasMessageContaining("10.0.0.0/8");
    }

    @Test
    void closesThisMachinesOwnAddressesUnlessAllowed() throws Exception {
        InetAddress own = InetAddress.ofLiteral("8.8.4.4");
        assertThat(AddressPolicy.parse("", "", own::equals).judge(own, 80).allows()).isFalse();
        assertThat(AddressPolicy.parse("8.8.4.4", "", own::equals).judge(own, 80).allows()).isTrue();
        for (InetAddress address : NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses).toList()) {
            assertThat(AddressPolicy.publicOnly().judge(address, 80).allows()).as("%s", address).isFalse();
        }
    }

    static List<String> metadata() {
        return List.of("169.254.169.254", "169.254.170.2", "169.254.170.23", "169.254.0.23", "169.254.42.42", "100.100.100.200",
                "192.0.0.192", "168.63.129.16", "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:42::42",
                "fe80::a9fe:a9fe", "64:ff9b::a9fe:a9fe", "64:ff9b::6464:64c8", "64:ff9b::a83f:8110");
    }

    private static boolean isMetadata(InetAddress address) {
        return metadata().stream().map(InetAddress::ofLiteral).anyMatch(address::equals);
    }

    @ParameterizedTest
    @MethodSource("metadata")
    void opensMetadataServicesOnlyToWhoNamesThem(String text) {
        InetAddress address = InetAddress.ofLiteral(text);
        String bracketed = text.contains(":") ? "[" + text + "]" : text;
        assertThat(judge("", "", text, 80).ground()).isEqualTo(Ground.METADATA);
        for (String wide : List.of("0.0.0.0/0,::/0", "169.254.0.0/16,100.64.0.0/10,192.0.0.0/24,168.0.0.0/6,fd00::/8,fe80::/10",
                "169.254.169.254/31,169.254.170.2/31,100.100.100.200/31,fd00:ec2::254/127")) {
            assertThat(judge(wide, "", text, 80).ground()).as(wide).isEqualTo(Ground.METADATA);
        }
        assertThat(judge(text, "", text, 80)).isEqualTo(new Rule(Ground.ALLOW_LIST, text));
        assertThat(judge("0.0.0.0/0,::/0," + bracketed + ":80", "", text, 80).allows()).isTrue();
        assertThat(judge("0.0.0.0/0,::/0," + bracketed + ":81", "", text, 80).ground()).isEqualTo(Ground.METADATA);
        assertThat(AddressPolicy.publicOnly().judge(address, 1).allows()).isFalse();
    }

    @ParameterizedTest
    @MethodSource("denied")
    void opensAndClosesExactlyWhatTheListsSayAtEveryEdge(String cidr) throws UnknownHostException {
        Cidr network = Cidr.of(cidr);
        AddressPolicy open = AddressPolicy.parse(cidr, "", _ -> false);
        AddressPolicy closed = AddressPolicy.parse("0.0.0.0/0,::/0", cidr.equals("::/0") ? "" : cidr, _ -> false);
        for (BigInteger at : List.of(network.first.subtract(BigInteger.ONE), network.first, network.last,
                network.last.add(BigInteger.ONE))) {
            if (at.signum() < 0 || at.bitLength() > network.bits) {
                continue;
            }
            InetAddress address = network.address(at);
            boolean inside = network.contains(address);
            if (address.getAddress().length * 8 != network.bits || isMetadata(address)) {
                continue; // Java takes a mapped address for the IPv4 one
            }
            assertThat(open.judge(address, 80).ground() == Ground.ALLOW_LIST).as("%s of %s", address, cidr).isEqualTo(inside);
            assertThat(closed.judge(address, 80).ground() == Ground.DENY_LIST).as("%s of %s", address, cidr).isEqualTo(inside);
        }
    }

    @Test
    void agreesWithASlowModelOnRandomListsOfNetworks() throws UnknownHostException {
        long seed = 20_261_125L;
        System.out.println("AddressPolicyTest: random lists with seed " + seed);
        Random random = new Random(seed);
        for (int round = 0; round < 300; round++) {
            List<Entry> allow = Entry.random(random);
            List<Entry> deny = Entry.random(random);
            AddressPolicy policy;
            try {
                policy = AddressPolicy.parse(Entry.join(allow), Entry.join(deny), _ -> false);
            } catch (IllegalArgumentException e) {
                assertThat(e).hasMessageMatching(".*(twice|deny wins).*"); // the lists are well formed
                continue;
            }
            for (int i = 0; i < 100; i++) {
                List<Entry> all = random.nextBoolean() ? allow : deny;
                InetAddress address = all.get(random.nextInt(all.size())).near(random);
                int port = 80 + random.nextInt(2);
                boolean denied = deny.stream().anyMatch(entry -> entry.matches(address, port));
                boolean named = allow.stream().anyMatch(entry -> entry.matches(address, port)
                        && (!isMetadata(address) || entry.single()));
                boolean expected = !denied && (named || expected(address));
                assertThat(policy.judge(address, port).allows())
                        .as("%s port %d with %s without %s, seed %d", address, port, Entry.join(allow), Entry.join(deny), seed)
                        .isEqualTo(expected);
            }
        }
    }

    /** A network with or without a port, kept slow and plain. */
    private record Entry(String text, Cidr cidr, int prefix, int port) {
        static List<Entry> random(Random random) throws UnknownHostException {
            List<Entry> entries = new ArrayList<>();
            for (int i = random.nextInt(4); i >= 0; i--) {
                boolean v6 = random.nextBoolean();
                int bits = v6 ? 128 : 32;
                int prefix = random.nextInt(8) == 0 ? bits : random.nextInt(bits + 1);
                BigInteger base = new BigInteger(bits, random).shiftRight(bits - prefix).shiftLeft(bits - prefix);
                Cidr cidr = new Cidr(base, base.add(BigInteger.TWO.pow(bits - prefix)).subtract(BigInteger.ONE), bits);
                InetAddress address = cidr.address(base);
                if (address.getAddress().length * 8 != bits) {
                    continue; // a mapped one
                }
                int port = random.nextInt(3) == 0 ? 80 : 0;
                String text = address.getHostAddress() + "/" + prefix;
                entries.add(new Entry(port == 0 ? text : (v6 ? "[" + text + "]" : text) + ":" + port, cidr, prefix, port));
            }
            return entries.isEmpty() ? random(random) : entries;
        }

        static String join(List<Entry> entries) {
            return String.join(",", entries.stream().map(Entry::text).toList());
        }

        boolean single() {
            return prefix == cidr.bits;
        }

        boolean matches(InetAddress address, int toPort) {
            return cidr.contains(address) && (port == 0 || port == toPort);
        }

        /** An address at an edge, beside it or somewhere within. */
        InetAddress near(Random random) throws UnknownHostException {
            BigInteger most = BigInteger.TWO.pow(cidr.bits).subtract(BigInteger.ONE);
            BigInteger at = switch (random.nextInt(5)) {
                case 0 -> cidr.first;
                case 1 -> cidr.last;
                case 2 -> cidr.first.subtract(BigInteger.ONE).max(BigInteger.ZERO);
                case 3 -> cidr.last.add(BigInteger.ONE).min(most);
                default -> {
                    BigInteger size = cidr.last.subtract(cidr.first).add(BigInteger.ONE);
                    yield cidr.first.add(new BigInteger(cidr.bits, random).mod(size));
                }
            };
            return cidr.address(at);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            10.0.0.0/8   | 10.1.0.0/16     | 10.1.0.1  | 80   | DENY_LIST
            10.0.0.0/8   | 10.1.0.0/16     | 10.2.0.1  | 80   | ALLOW_LIST
            10.0.0.0/8   | 10.1.0.0/16:22  | 10.1.0.1  | 80   | ALLOW_LIST
            10.0.0.0/8   | 10.1.0.0/16:22  | 10.1.0.1  | 22   | DENY_LIST
            10.0.0.0/8   | 0.0.0.0/1:22    | 10.1.0.1  | 22   | DENY_LIST
            ''           | 8.8.8.0/24      | 8.8.8.8   | 80   | DENY_LIST
            ''           | 8.8.8.0/24      | 8.8.9.8   | 80   | PUBLIC
            ''           | 2a00::/16       | 2a00::1   | 80   | DENY_LIST
            ''           | 64:ff9b::/96    | 2a00::1   | 80   | PUBLIC
            ''           | ''              | fd00::1   | 80   | SPECIAL
            127.0.0.0/8  | ''              | 127.0.0.1 | 8080 | OWN_PORT
            127.0.0.0/8  | ''              | 127.0.0.1 | 8081 | ALLOW_LIST
            127.0.0.0/8,127.0.0.1/32:8080 | '' | 127.0.0.1 | 8080 | ALLOW_LIST
            127.0.0.0/8,127.0.0.1/32:8080 | '' | 127.0.0.2 | 8080 | OWN_PORT
            0.0.0.0/0    | ''              | 0.0.0.0   | 8080 | OWN_PORT
            ::/0         | ''              | ::1       | 8080 | OWN_PORT
            ::/0         | ''              | ::        | 8080 | OWN_PORT
            0.0.0.0/0    | ''              | 9.9.9.9   | 8080 | OWN_PORT
            0.0.0.0/0    | ''              | 9.9.9.9   | 80   | ALLOW_LIST
            0.0.0.0/0    | ''              | 8.8.8.8   | 8080 | ALLOW_LIST
            ''           | ''              | 9.9.9.9   | 8080 | OWN_PORT
            ''           | ''              | 9.9.9.9   | 80   | OWN_ADDRESS
            """)
    void decidesByTheFirstRuleThatMatches(String allow, String deny, String address, int port, Ground ground) {
        InetAddress own = InetAddress.ofLiteral("9.9.9.9");
        AddressPolicy policy = AddressPolicy.parse(allow, deny, own::equals).closing(asked -> asked == 8080);
        assertThat(policy.judge(InetAddress.ofLiteral(address), port).ground()).isEqualTo(ground);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            10.0.0.0/8,10.0.0.0/8           | ''                | 10.0.0.0/8' is given twice
            ''                              | ::1,[::1/128]     | ::1/128]' is given twice
            10.1.0.0/16                     | 10.0.0.0/8        | 10.1.0.0/16' is allowed but lies within '10.0.0.0/8'
            10.0.0.0/8:80                   | 10.0.0.0/8        | deny wins
            10.0.0.0/8:80                   | 10.0.0.0/8:80     | deny wins
            10.0.0.0/8                      | 10.0.0.1/8        | bits set
            x                               | y                 | not an IP address
            """)
    void saysWhichEntriesDoNotGoTogether(String allow, String deny, String reason) {
        assertThatThrownBy(() -> AddressPolicy.parse(allow, deny)).isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
        AddressPolicy.parse("10.0.0.0/8,10.0.0.0/8:80", "10.0.0.0/8:81,10.0.0.0/9,fd00::/8"); // narrower, or another port
    }

    @ParameterizedTest
    @CsvSource({"localhost,true", "a.b.localhost,true", "printer.local,true", "db.internal,true", "metadata.google.internal,true",
        "home.arpa,true", "nas.home.arpa,true", "intranet,true", "x.onion,true", "x.i2p,true", "arpa.test,false",
        "notlocal.test,false", "mylocalhost.test,false", "local.test,false", "a.xlocal,false", "onion.test,false"})
    void refusesInnerNamesUnlessTheOperatorHasNetworks(String host, boolean refused) {
        assertThat(PUBLIC.judgeName(host) != null).isEqualTo(refused);
        boolean foreign = host.endsWith(".onion") || host.endsWith(".i2p");
        assertThat(AddressPolicy.parse("10.0.0.0/8").judgeName(host) != null).isEqualTo(foreign);
        assertThat(AddressPolicy.parse("", "10.0.0.0/8").judgeName(host) != null).isEqualTo(refused);
    }

    private static Rule judge(String allow, String deny, String address, int port) {
        return AddressPolicy.parse(allow, deny, _ -> false).judge(InetAddress.ofLiteral(address), port);
    }

    @Test
    void trustsExactOriginsOnly() throws BadUrl {
        AddressPolicy policy = PUBLIC.trusting(List.of(Target.parse("http://localhost:3000/hooks?x")));
        assertThat(policy.trusts(Target.parse("http://localhost:3000/other"))).isTrue();
        assertThat(policy.trusts(Target.parse("https://localhost:3000/"))).isFalse();
        assertThat(policy.trusts(Target.parse("http://localhost:3001/"))).isFalse();
        assertThat(policy.trusts(Target.parse("http://127.0.0.1:3000/"))).isFalse();
        assertThat(PUBLIC.trusts(Target.parse("http://localhost:3000/"))).isFalse();
    }

    private static boolean expected(InetAddress address) {
        return MODEL.stream().noneMatch(cidr -> cidr.contains(address)) && !isMetadata(address);
    }

    /** A slow, plain model of a network. */
    private record Cidr(BigInteger first, BigInteger last, int bits) {
        static Cidr of(String text) {
            String[] parts = text.split("/");
            byte[] bytes = InetAddress.ofLiteral(parts[0]).getAddress();
            int bits = bytes.length * 8;
            BigInteger first = new BigInteger(1, bytes);
            return new Cidr(first, first.add(BigInteger.TWO.pow(bits - Integer.parseInt(parts[1]))).subtract(BigInteger.ONE),
                    bits);
        }

        boolean contains(InetAddress address) {
            BigInteger value = new BigInteger(1, address.getAddress());
            return address.getAddress().length * 8 == bits && value.compareTo(first) >= 0 && value.compareTo(last) <= 0;
        }

        InetAddress address(BigInteger value) throws UnknownHostException {
            byte[] bytes = new byte[bits / 8];
            byte[] raw = value.toByteArray();
            int length = Math.min(raw.length, bytes.length);
            System.arraycopy(raw, raw.length - length, bytes, bytes.length - length, length);
            return InetAddress.getByAddress(bytes);
        }
    }
}
