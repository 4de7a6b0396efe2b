package dev.fetchback.outbound;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Record;

/**
 * One question to one DNS server, over UDP and, when the answer does not fit, over TCP (RFC 1035 §4.2, RFC 7766). Each question
 * goes out with a random id from a socket, and so a port, of its own; whatever does not answer it is passed over (RFC 5452). On a
 * virtual thread an interrupt closes the socket.
 */
final class DnsClient {
    /** What is not asked for with EDNS has at most 512 bytes; a little more is taken. */
    private static final int DATAGRAM_MAX = 4096;

    private final LongSupplier nanos;

    DnsClient(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * The server's answer, whatever its code.
     *
     * @param until when to give up, by the same clock
     * @throws IOException when there is none in time
     */
    Message ask(InetSocketAddress server, Record question, long until) throws IOException {
        Message query = Message.newQuery(question);
        Message answer = overUdp(server, query, until);
        return answer.getHeader().getFlag(Flags.TC) ? overTcp(server, query, until) : answer;
    }

    private Message overUdp(InetSocketAddress server, Message query, long until) throws IOException {
        byte[] bytes = query.toWire();
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(server); // other senders are not heard, and a closed port is
            socket.send(new DatagramPacket(bytes, bytes.length));
            DatagramPacket packet = new DatagramPacket(new byte[DATAGRAM_MAX], DATAGRAM_MAX);
            while (true) {
                socket.setSoTimeout(millisLeft(until));
                packet.setLength(DATAGRAM_MAX);
                socket.receive(packet);
                byte[] received = new byte[packet.getLength()];
                System.arraycopy(packet.getData(), packet.getOffset(), received, 0, received.length);
                Message answer = answer(query, received);
                if (answer != null) {
                    return answer;
                }
            }
        }
    }

    private Message overTcp(InetSocketAddress server, Message query, long until) throws IOException {
        byte[] bytes = query.toWire();
        try (Socket socket = new Socket()) {
            socket.connect(server, millisLeft(until));
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            byte[] framed = new byte[bytes.length + 2];
            framed[0] = (byte) (bytes.length >> 8);
            framed[1] = (byte) bytes.length;
            System.arraycopy(bytes, 0, framed, 2, bytes.length);
            out.write(framed);
            DataInputStream in = new DataInputStream(new InTime(socket, until));
            byte[] received = new byte[in.readUnsignedShort()];
            in.readFully(received);
            Message answer = answer(query, received);
            if (answer == null) {
                throw new IOException("the DNS server answered another question");
            }
            return answer;
        }
    }

    /** The message, when it answers the query and nothing else. */
    private static @Nullable Message answer(Message query, byte[] received) {
        try {
            Message answer = new Message(received);
            boolean fits = answer.getHeader().getID() == query.getHeader().getID()
                    && answer.getHeader().getFlag(Flags.QR)
                    && query.getQuestion().equals(answer.getQuestion());
            return fits ? answer : null;
        } catch (IOException | RuntimeException e) {
            return null; // not a DNS message
        }
    }

    private int millisLeft(long until) throws SocketTimeoutException {
        long left = until - nanos.getAsLong();
        if (left <= 0) {
            throw new SocketTimeoutException("the DNS server did not answer in time");
        }
        return (int) Math.max(TimeUnit.NANOSECONDS.toMillis(left), 1);
    }

    /** Ends reading when the time is over, however slowly the bytes come. */
    private final class InTime extends FilterInputStream {
        private final Socket socket;
        private final long until;

        InTime(Socket socket, long until) throws IOException {
            super(socket.getInputStream());
            this.socket = socket;
            this.until = until;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            socket.setSoTimeout(millisLeft(until));
            return super.read(bytes, offset, length);
        }
    }
}
