package dev.fetchback.architecture.wrong.process;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;

/** A worker that is reached over the network. */
public final class DistantWorker {
    private DistantWorker() {}

    static SocketChannel open() throws IOException {
        return SocketChannel.open(new InetSocketAddress(1));
    }
}
