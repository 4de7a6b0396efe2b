package dev.fetchback.server.wrong;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.Socket;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.nio.channels.AsynchronousSocketChannel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Hashtable;
import java.util.List;
import javax.naming.NamingException;
import javax.naming.directory.InitialDirContext;
import javax.net.SocketFactory;
import org.xbill.DNS.SimpleResolver;

/** Every way past the guard, one each. */
public final class Sockets {
    private Sockets() {}

    static List<Object> ways(URI uri) throws IOException, NamingException {
        URL url = uri.toURL();
        return List.of(
                new Socket(), new DatagramSocket(), new MulticastSocket(), SocketChannel.open(), DatagramChannel.open(),
                AsynchronousSocketChannel.open(), SelectorProvider.provider().openSocketChannel(), SocketFactory.getDefault(),
                HttpClient.newHttpClient(), url.openConnection(), url.openStream(), new SimpleResolver("127.0.0.1"),
                new InitialDirContext(new Hashtable<>()));
    }

    static List<Object> names(String host) throws IOException {
        return List.of(InetAddress.getByName(host), InetAddress.getAllByName(host), new InetSocketAddress(host, 80));
    }

    /** By reference, which is not a call. */
    interface Names {
        Names SYSTEM = InetAddress::getByName;

        InetAddress find(String host) throws IOException;
    }
}
