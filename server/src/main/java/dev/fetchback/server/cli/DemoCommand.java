package dev.fetchback.server.cli;

import com.sun.net.httpserver.HttpExchange;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigException;
import dev.fetchback.server.config.ConfigReader;
import dev.fetchback.server.config.Settings.LogFormat;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Level;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback demo}: the whole way of a task in one process: pages, server, receiver. */
final class DemoCommand implements Command {
    private static final long PATIENCE_MILLIS = 20_000; // loopback takes milliseconds; a machine under load some more
    private static final int BODY_LINES_SHOWN = 8;
    private static final int VALUE_SHOWN = 76; // a line of a terminal
    private static final List<String> PAGES = List.of("/hello", "/numbers", "/farewell");
    private static final Map<String, String> TEXTS = Map.of(
            "/hello", "<!doctype html>\n<title>Hello</title>\n<h1>Hello</h1>\n<p>This page was fetched in the background.\n",
            "/numbers", "<!doctype html>\n<title>Numbers</title>\n<ol>\n<li>one\n<li>two\n<li>three\n</ol>\n",
            "/farewell", "<!doctype html>\n<title>Farewell</title>\n<p>Good bye, grüezi, さようなら.\n");

    private final ServerStart start;
    private final Map<String, Long> fetched = new ConcurrentHashMap<>();

    DemoCommand(ServerStart start) {
        this.start = start;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.wrapWithoutInspection(this);
        spec.usageMessage().description("Shows the whole way of a task on this machine: sample pages, the server and a receiver "
                + "start, tasks run, everything is removed again.");
        return spec.addOption(OptionSpec.builder("--tasks").type(int.class).paramLabel("N")
                .description("Run N more tasks after the three that are shown.").build());
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, IOException, InterruptedException {
        int more = arguments.matchedOptionValue("--tasks", 0);
        Logging.configure(LogFormat.TEXT, Level.WARNING, terminal.err());
        String secret = Receiver.newSecret(new SecureRandom());
        try (TempFolder folder = TempFolder.create("fetchback-demo-");
                Loopback pages = new Loopback((request, body) -> page(request));
                Receiver receiver = new Receiver(secret, true);
                RunningServer server = start.start(config(folder, receiver, secret));
                Api api = Api.at("http://127.0.0.1:" + server.port(), "demo", null)) {
            PrintStream out = terminal.out();
            out.println("Three pages, a server and a receiver, all on this machine:");
            out.println("  pages     " + pages.origin() + "  " + String.join(" ", PAGES));
            out.println("  server    http://127.0.0.1:" + server.port() + "  (data in a temporary folder)");
            out.println("  receiver  " + receiver.url());
            for (int i = 0; i < PAGES.size(); i++) {
                play(pages.origin() + PAGES.get(i), PAGES.get(i), i == PAGES.size() - 1, new Stage(api, receiver, out));
            }
            runMore(more, pages.origin(), new Stage(api, receiver, out));
            out.println();
            out.println("Done: every page arrived, every signature was right. Now for real: ./fetchback serve --deliver-to URL");
        }
        return 0;
    }

    private static Config config(TempFolder folder, Receiver receiver, String secret) throws CommandFailed {
        List<String> flags = List.of(
                "--port", "0",
                "--data-dir", folder.path().resolve("data").toString(),
                "--deliver-to", receiver.url(),
                "--fetch-allow-networks", "127.0.0.0/8",
                "--fetch-per-host-gap", "0s",
                "--fetch-per-host-concurrency", "32",
                "--fetch-per-address-concurrency", "32",
                "--drain", "2s");
        try {
            return new ConfigReader(Map.of("FETCHBACK_DELIVER_SECRET", secret), folder.path()).read(flags);
        } catch (ConfigException e) {
            throw new CommandFailed(CommandFailed.FAILED, "the demo's own settings are wrong, which is a bug: " + e.getMessage());
        }
    }

    private Loopback.Answer page(HttpExchange request) {
        String text = TEXTS.get(request.getRequestURI().getPath());
        if (text == null) {
            return Loopback.Answer.NOT_FOUND; // robots.txt among others
        }
        fetched.put(request.getRequestURI().toString(), System.nanoTime());
        return new Loopback.Answer(200, "text/html; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    private record Stage(Api api, Receiver receiver, PrintStream out) {}

    private void play(String url, String path, boolean show, Stage stage) throws CommandFailed, InterruptedException {
        PrintStream out = stage.out();
        String request = "{\"url\":" + Json.quote(url) + "}";
        long from = System.nanoTime();
        Api.Answer answer = stage.api().post("/v1/tasks", request).orFail();
        long accepted = System.nanoTime();
        String id = Json.text(Json.object(answer.body()), "id").orElse("?");
        Receiver.Delivery delivery = delivered(id, stage);
        out.println();
        out.println("POST /v1/tasks " + request);
        List<Step> steps = new ArrayList<>(List.of(
                new Step(accepted, "accepted ", answer.status() + ", on disk, " + Visible.only(id)),
                new Step(fetched.getOrDefault(path, accepted), "fetched  ", "the page's server was asked"),
                new Step(delivery.nanos(), "delivered", "signature verified, attempt " + Visible.only(delivery.attempt()))));
        steps.sort(Comparator.comparingLong(Step::at)); // the page may be asked for while the 202 is on its way
        for (Step step : steps) {
            out.println(String.format(Locale.ROOT, "%8.1f ms  %s  %s", (step.at() - from) / 1e6, step.what(), step.note()));
        }
        if (show) {
            show(delivery, out);
        }
    }

    private record Step(long at, String what, String note) {}

    private static Receiver.Delivery delivered(String id, Stage stage) throws CommandFailed, InterruptedException {
        Optional<Receiver.Delivery> delivery = stage.receiver().await(id, PATIENCE_MILLIS);
        if (delivery.isEmpty()) {
            String status = stage.api().get(StatusCommand.path(id)).body();
            throw new CommandFailed(CommandFailed.FAILED, "nothing was delivered within " + PATIENCE_MILLIS / 1000
                    + " s; the task: " + status);
        }
        if (!delivery.get().verified()) {
            throw new CommandFailed(CommandFailed.FAILED, "the signature of " + id + " is wrong");
        }
        if (!delivery.get().body().contains("\"task.succeeded\"")) {
            throw new CommandFailed(CommandFailed.FAILED, "a failure was delivered instead of a page: " + delivery.get().body());
        }
        return delivery.get();
    }

    private static void show(Receiver.Delivery delivery, PrintStream out) throws CommandFailed {
        Map<String, Object> envelope = Json.object(delivery.body());
        Map<String, Object> data = Json.asObject(envelope.get("data"));
        out.println();
        out.println("What the receiver got");
        out.println("  webhook-id         " + Visible.only(delivery.webhookId()));
        out.println("  type               " + Visible.only(Json.text(envelope, "type").orElse("?")));
        for (String name : List.of("url", "status", "content_type", "bytes", "sha256")) {
            out.println(String.format("  %-18s %s", "data." + name, cut(Json.text(data, name).orElse(""))));
        }
        out.println("  data.body");
        Json.text(data, "body").orElse("").lines().limit(BODY_LINES_SHOWN).forEach(line -> out.println("    " + cut(line)));
    }

    private static String cut(String text) {
        String visible = Visible.only(text);
        return visible.length() <= VALUE_SHOWN ? visible : visible.substring(0, VALUE_SHOWN - 1) + "…";
    }

    // Also what the launcher trains the start-up cache with: enough of the real work for useful profiles.
    private static void runMore(int more, String origin, Stage stage) throws CommandFailed, InterruptedException {
        if (more <= 0) {
            return;
        }
        long from = System.nanoTime();
        String[] ids = new String[more];
        for (int i = 0; i < more; i++) {
            String url = origin + PAGES.get(i % PAGES.size()) + "?n=" + i;
            Api.Answer answer = stage.api().post("/v1/tasks", "{\"url\":" + Json.quote(url) + "}").orFail();
            ids[i] = Json.text(Json.object(answer.body()), "id").orElse("?");
        }
        for (String id : ids) {
            delivered(id, stage);
        }
        stage.out().println();
        stage.out().println(String.format(Locale.ROOT, "%d more tasks, one after the other: %.1f s", more,
                (System.nanoTime() - from) / 1e9));
    }
}
