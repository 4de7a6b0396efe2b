package dev.fetchback.outbound;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.UnknownHostException;
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

    private static final AddressPolicy PUBLIC = AddressPolicy.parse("", _ -> false);

    static List<String> denied() {
        return DENIED;
    }

    @ParameterizedTest
    @MethodSource("denied")
    void closesEveryNetworkFromItsFirstToItsLastAddress(String cidr) throws UnknownHostException {
        Cidr network = Cidr.of(cidr);
        for (BigInteger inside : List.of(network.first, network.first.add(BigInteger.ONE).min(network.last), network.last)) {
            assertThat(PUBLIC.allows(network.address(inside), 80)).as("%s of %s", network.address(inside), cidr).isFalse();
        }
        for (BigInteger outside : List.of(network.first.subtract(BigInteger.ONE), network.last.add(BigInteger.ONE))) {
            if (outside.signum() < 0 || outside.bitLength() > network.bits) {
                continue;
            }
            InetAddress address = network.address(outside);
            assertThat(PUBLIC.allows(address, 80)).as("%s beside %s", address, cidr).isEqualTo(expected(address));
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
            if (PUBLIC.allows(address, 80) != expected(address)) {
                throw new AssertionError(address + " is allowed: " + !expected(address) + ", seed " + seed);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
            "223.255.255.255",
        "168.63.129.15", "168.63.129.17", "2606:4700::1111", "2a00:1450::1", "2001:200::1", "3ffe::1", "::ffff:8.8.8.8"})
    void opensPublicAddresses(String address) {
        assertThat(PUBLIC.allows(InetAddress.ofLiteral(address), 80)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
            "fd00:ec2::254"})
    void closesEmbeddedAddresses(String address) {
        assertThat(PUBLIC.allows(InetAddress.ofLiteral(address), 80)).isFalse();
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
        assertThat(AddressPolicy.parse(allow, _ -> false).allows(InetAddress.ofLiteral(address), port)).isEqualTo(allowed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            10.0.0.0/33          | from 0 to 32
            10.0.0.0/            | prefix is ''
            10.0.0.0/8:0         | from 1 to 65535
            10.0.0.0/8:99999     | from 1 to 65535
            10.0.0.0/8:http      | 'http'
            10.0.0.1/8           | bits set
            fd00::1/64           | bits set
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
        assertThat(AddressPolicy.parse("", own::equals).allows(own, 80)).isFalse();
        assertThat(AddressPolicy.parse("8.8.4.4", own::equals).allows(own, 80)).isTrue();
        for (InetAddress address : NetworkInterface.networkInterfaces().flatMap(NetworkInterface::inetAddresses).toList()) {
            assertThat(AddressPolicy.publicOnly().allows(address, 80)).as("%s", address).isFalse();
        }
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
        return MODEL.stream().noneMatch(cidr -> cidr.contains(address));
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
