package dev.fetchback.server;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.fetchback.server.wrong.Sockets;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Nothing that is shipped opens a socket past the guard, or looks a name up past it. */
final class SocketsTest {
    private static final Set<String> TYPES = Set.of(
            "java.net.Socket", "java.net.DatagramSocket", "java.net.MulticastSocket", "java.net.URLConnection",
            "java.net.HttpURLConnection", "java.nio.channels.SocketChannel", "java.nio.channels.DatagramChannel",
            "java.nio.channels.AsynchronousSocketChannel", "org.eclipse.jetty.io.ClientConnector");
    private static final List<String> PACKAGES = List.of(
            "java.net.http", "java.nio.channels.spi", "javax.net", "javax.naming", "java.rmi", "org.xbill.DNS",
            "org.eclipse.jetty.client", "org.apache.hc.client5", "org.apache.hc.core5.http.impl.bootstrap");

    private static final JavaClasses SHIPPED = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("-tests.jar")) // what the library's tests lend to those of the server
            .importPackages("dev.fetchback");
    private static final JavaClasses WRONG = new ClassFileImporter().importPackages(Sockets.class.getPackageName());

    /** The commands are clients of a server that their user names; the server itself does not use them. */
    private static final ArchRule CONNECTIONS = noClasses()
            .that().resideOutsideOfPackages("dev.fetchback.outbound", "dev.fetchback.server.cli")
            // To workers, by a Unix-domain socket: LayoutTest of the library holds that they can name no other address.
            .and().doNotHaveFullyQualifiedName("dev.fetchback.process.FrameChannel")
            .and().doNotHaveFullyQualifiedName("dev.fetchback.process.WorkerStart")
            .and().doNotHaveFullyQualifiedName("dev.fetchback.process.WorkerMain")
            .should().dependOnClassesThat(describe("open sockets", SocketsTest::opensSockets))
            .orShould().accessTargetWhere(to(
                    "java.net.URL.openConnection(", "java.net.URL.openStream(", "java.net.URL.getContent("));

    private static final ArchRule QUESTIONS = noClasses()
            .that().doNotHaveFullyQualifiedName("dev.fetchback.outbound.SystemResolver") // for names of trusted origins
            .and().doNotHaveFullyQualifiedName("dev.fetchback.server.intake.ApiServer") // for the name it listens on
            .and().resideOutsideOfPackage("dev.fetchback.server.cli")
            .should().accessTargetWhere(to("java.net.InetAddress.getByName(", "java.net.InetAddress.getAllByName(",
                    "java.net.InetAddress.getLocalHost(", "java.net.InetSocketAddress.<init>(java.lang.String"));

    /** Calls and method references to what begins like this. */
    private static DescribedPredicate<JavaAccess<?>> to(String... beginnings) {
        return describe("go to " + String.join(" or ", beginnings),
                access -> Arrays.stream(beginnings).anyMatch(access.getTarget().getFullName()::startsWith));
    }

    private static boolean opensSockets(JavaClass type) {
        String home = type.getPackageName();
        return TYPES.contains(type.getName())
                || PACKAGES.stream().anyMatch(one -> home.equals(one) || home.startsWith(one + "."));
    }

    @Test
    void onlyTheGuardOpensSockets() {
        assertThat(SHIPPED.contain("dev.fetchback.outbound.Connection") && SHIPPED.contain("dev.fetchback.server.Main")).isTrue();
        CONNECTIONS.check(SHIPPED);
        noClasses().that().resideInAnyPackage("dev.fetchback.server.intake", "dev.fetchback.server.ops").or()
                .haveFullyQualifiedName("dev.fetchback.Fetchback")
                .should().dependOnClassesThat().resideInAPackage("dev.fetchback.server.cli").check(SHIPPED);
    }

    @Test
    void onlyTheGuardLooksNamesUp() {
        QUESTIONS.check(SHIPPED);
        noClasses().that().doNotHaveFullyQualifiedName("dev.fetchback.outbound.Vetter")
                .should().accessTargetWhere(to("dev.fetchback.outbound.Resolver.resolve(")).check(SHIPPED);
        noClasses().that().doNotHaveFullyQualifiedName("dev.fetchback.outbound.Journey")
                .should().accessTargetWhere(to("dev.fetchback.outbound.Connector.open(")).check(SHIPPED);
    }

    @Test
    void everyWayPastTheGuardIsSeen() {
        assertThat(CONNECTIONS.evaluate(WRONG).getFailureReport().toString()).contains(
                "java.net.Socket.<init>", "DatagramSocket.<init>", "MulticastSocket.<init>", "channels.SocketChannel.open",
                "DatagramChannel.open", "AsynchronousSocketChannel.open", "SelectorProvider.provider", "SocketFactory.getDefault",
                "HttpClient.newHttpClient", "URL.openConnection", "URL.openStream", "SimpleResolver.<init>",
                "InitialDirContext.<init>");
        assertThat(QUESTIONS.evaluate(WRONG).getFailureReport().toString()).contains(
                "calls method <java.net.InetAddress.getByName", "calls method <java.net.InetAddress.getAllByName",
                "references method <java.net.InetAddress.getByName", "InetSocketAddress.<init>");
    }
}
