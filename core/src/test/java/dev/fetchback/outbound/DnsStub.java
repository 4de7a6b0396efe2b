package dev.fetchback.outbound;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.xbill.DNS.AAAARecord;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;
import org.xbill.DNS.Type;

/** A DNS server on loopback, over UDP and TCP on one port, that says whatever a test wants. */
final class DnsStub implements AutoCloseable {
    /** Gives the messages to send back, in this order; none to keep silent. */
    @FunctionalInterface
    interface Zone {
        List<byte[]> answer(Question question) throws Exception;
    }

    /**
     * One question as it came.
     *
     * @param number counts from 1
     */
    record Question(Message query, boolean tcp, int sourcePort, int number) {
        String name() {
            return query.getQuestion().getName().toString(true);
        }

        boolean wants(int type) {
            return query.getQuestion().getType() == type;
        }

        /** An answer with these records; those of the other family are left out. */
        List<byte[]> reply(Record... records) {
            return List.of(message(records).toWire());
        }

        Message message(Record... records) {
            Message message = new Message(query.getHeader().getID());
            message.getHeader().setFlag(Flags.QR);
            message.getHeader().setFlag(Flags.RD);
            message.getHeader().setFlag(Flags.RA);
            message.addRecord(query.getQuestion(), Section.QUESTION);
            for (Record record : records) {
                boolean address = record.getType() == Type.A || record.getType() == Type.AAAA;
                if (!address || wants(record.getType())) {
                    message.addRecord(record, Section.ANSWER);
                }
            }
            return message;
        }

        List<byte[]> code(int rcode) {
            Message message = message();
            message.getHeader().setRcode(rcode);
            return List.of(message.toWire());
        }
    }

    static Record address(String name, long ttl, String address) throws Exception {
        InetAddress parsed = InetAddress.ofLiteral(address);
        return address.contains(":")
                ? new AAAARecord(Name.fromString(name + "."), DClass.IN, ttl, raw(parsed))
                : new ARecord(Name.fromString(name + "."), DClass.IN, ttl, parsed);
    }

    /** Java makes an IPv4 address of a mapped one; on the wire it is a whole one. */
    private static byte[] raw(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 16 ? bytes : ByteBuffer.allocate(16).putShort(10, (short) -1).put(12, bytes).array();
    }

    static Record alias(String name, long ttl, String target) throws Exception {
        return new CNAMERecord(Name.fromString(name + "."), DClass.IN, ttl, Name.fromString(target + "."));
    }

    private final DatagramSocket udp;
    private final ServerSocket tcp;
    private final Zone zone;
    private final Queue<Question> questions = new ConcurrentLinkedQueue<>();
    private int asked; // the queue would count itself through

    DnsStub(Zone zone) throws IOException {
        this.zone = zone;
        InetAddress loopback = InetAddress.ofLiteral("127.0.0.1");
        ServerSocket listening = null;
        DatagramSocket datagrams = null;
        while (datagrams == null) {
            listening = new ServerSocket(0, 50, loopback);
            try {
                datagrams = new DatagramSocket(listening.getLocalPort(), loopback);
            } catch (BindException e) {
                listening.close(); // taken over UDP
            }
        }
        this.tcp = listening;
        this.udp = datagrams;
        Thread.ofVirtual().start(this::datagrams);
        Thread.ofVirtual().start(this::connections);
    }

    InetSocketAddress server() {
        return (InetSocketAddress) udp.getLocalSocketAddress();
    }

    /** A resolver that asks this server only, with short times. */
    DnsResolver resolver() {
        return new DnsResolver(DnsServers.of(server()), SHORT, System::nanoTime);
    }

    static final DnsResolver.Times SHORT = new DnsResolver.Times(200_000_000, 200_000_000, 1_000_000_000);

    List<Question> questions() {
        return List.copyOf(questions);
    }

    long asked(int type) {
        return questions.stream().filter(question -> question.wants(type)).count();
    }

    private List<byte[]> answer(byte[] bytes, boolean overTcp, SocketAddress from) throws Exception {
        Question question;
        synchronized (this) {
            question = new Question(new Message(bytes), overTcp, ((InetSocketAddress) from).getPort(), ++asked);
            questions.add(question);
        }
        return zone.answer(question);
    }

    private void datagrams() {
        while (!udp.isClosed()) {
            try {
                DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
                udp.receive(packet);
                byte[] bytes = Arrays.copyOf(packet.getData(), packet.getLength());
                Thread.ofVirtual().start(() -> {
                    try {
                        for (byte[] answer : answer(bytes, false, packet.getSocketAddress())) {
                            udp.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                        }
                    } catch (Exception e) {
                        // The test is over, or the answer was not wanted any more.
                    }
                });
            } catch (IOException e) {
                // closed
            }
        }
    }

    private void connections() {
        while (!tcp.isClosed()) {
            try {
                Socket socket = tcp.accept();
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        DataInputStream in = new DataInputStream(socket.getInputStream());
                        byte[] bytes = in.readNBytes(in.readUnsignedShort());
                        for (byte[] answer : answer(bytes, true, socket.getRemoteSocketAddress())) {
                            OutputStream out = socket.getOutputStream();
                            out.write(new byte[] {(byte) (answer.length >> 8), (byte) answer.length});
                            out.write(answer);
                        }
                        in.read(); // until the other side closes
                    } catch (Exception e) {
                        // The test is over, or the answer was not wanted any more.
                    }
                });
            } catch (IOException e) {
                // closed
            }
        }
    }

    @Override
    public void close() throws IOException {
        udp.close();
        tcp.close();
    }
}
