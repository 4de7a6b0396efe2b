package dev.fetchback.server.cli;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringReader;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback submit}: one URL, some, or a stream of them. */
final class SubmitCommand implements Command {
    private static final int SINGLES_MAX = 20; // more ids than that are not read by anyone; they go as one batch
    private static final int ERRORS_SHOWN = 10;
    private static final long TICK_MILLIS = 200;
    private static final long POLL_MILLIS = 500;

    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Submits pages to fetch and prints their ids. With - it reads standard input, "
                + "a URL or a task object ({\"url\":…}) a line, and sends it as one batch while it reads.");
        return spec
                .addPositional(PositionalParamSpec.builder().index("0..*").arity("1..*").type(List.class)
                        .auxiliaryTypes(String.class)
                        .required(true).paramLabel("URL").description("Pages to fetch, or - for standard input.").build())
                .addOption(text("--deliver-to", "URL",
                        "The receiver. Default: the server's --deliver-to; without both, the page is kept."))
                .addOption(text("--delay", "TIME", "Start that much later, such as 30s or 2h."))
                .addOption(text("--keep", "TIME", "Keep the page that long for pick-up."))
                .addOption(OptionSpec.builder("--priority").type(Integer.class).paramLabel("0-9").description("Higher first.")
                        .build())
                .addOption(OptionSpec.builder("--label").type(List.class).auxiliaryTypes(String.class).arity("1")
                        .paramLabel("LABEL")
                        .description("Label for lists; may be given several times.").build())
                .addOption(OptionSpec.builder("--follow").type(boolean.class).arity("0").negatable(true)
                        .description("Wait for a batch and show how far it is; on by default when a human watches.").build());
    }

    private static OptionSpec text(String name, String label, String description) {
        return OptionSpec.builder(name).type(String.class).paramLabel(label).description(description).build();
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        List<String> urls = arguments.matchedPositionalValue(0, List.of());
        boolean stream = urls.contains("-");
        if (stream && urls.size() > 1) {
            throw new CommandFailed(CommandFailed.USAGE, "- stands for standard input and cannot be mixed with URLs");
        }
        try (Api api = Api.from(arguments, terminal)) {
            if (!stream && urls.size() <= SINGLES_MAX) {
                return singles(api, urls, arguments, terminal);
            }
            Reader lines = stream
                    ? new InputStreamReader(terminal.in(), StandardCharsets.UTF_8)
                    : new StringReader(String.join("\n", urls));
            return batch(api, new BufferedReader(lines), arguments, terminal);
        }
    }

    private static String task(String url, ParseResult arguments) {
        StringBuilder json = new StringBuilder("{\"url\":").append(Json.quote(url));
        if (arguments.hasMatchedOption("--deliver-to")) {
            json.append(",\"deliver\":{\"to\":").append(Json.quote(arguments.matchedOptionValue("--deliver-to", ""))).append('}');
        }
        for (String name : List.of("delay", "keep")) {
            if (arguments.hasMatchedOption("--" + name)) {
                json.append(",\"").append(name).append("\":").append(Json.quote(arguments.matchedOptionValue("--" + name, "")));
            }
        }
        if (arguments.hasMatchedOption("--priority")) {
            json.append(",\"priority\":").append(arguments.matchedOptionValue("--priority", 0));
        }
        if (arguments.hasMatchedOption("--label")) {
            json.append(",\"labels\":").append(Json.write(arguments.matchedOptionValue("--label", List.of())));
        }
        return json.append('}').toString();
    }

    private static int singles(Api api, List<String> urls, ParseResult arguments, Terminal terminal)
            throws CommandFailed, InterruptedException {
        int exitCode = 0;
        for (String url : urls) {
            Api.Answer answer = api.post("/v1/tasks", task(url, arguments));
            if (answer.status() / 100 != 2) {
                terminal.err().println("fetchback: " + answer.complaint()); // the others are none the worse for it
                exitCode = CommandFailed.FAILED;
                continue;
            }
            Map<String, Object> task = Json.object(answer.body());
            terminal.out().println(Api.json(arguments)
                    ? answer.body().strip()
                    : Visible.only(Json.text(task, "id").orElse("?") + "  " + Json.text(task, "state").orElse("?") + "  " + url));
        }
        return exitCode;
    }

    private static int batch(Api api, BufferedReader lines, ParseResult arguments, Terminal terminal)
            throws CommandFailed, InterruptedException {
        AtomicLong sent = new AtomicLong();
        TaskLines body = new TaskLines(lines, url -> task(url, arguments), sent);
        CompletableFuture<HttpResponse<String>> upload = api.upload("/v1/batches", BodyPublishers.ofInputStream(() -> body));
        Progress progress = new Progress(terminal);
        while (!done(upload)) {
            progress.show(sent.get() + " sent");
        }
        progress.clear();
        Api.Answer answer = api.wait(upload);
        Map<String, Object> batch = Json.object(answer.body());
        long accepted = Json.number(batch, "accepted");
        long rejected = Json.number(batch, "rejected");
        if (answer.status() / 100 != 2 && !answer.code().equals("batch_rejected")) {
            answer.orFail();
        }
        String id = Json.text(batch, "id").orElse("");
        if (Api.json(arguments)) {
            terminal.out().println(answer.body().strip());
        } else {
            String first = id.isEmpty() ? "" : Visible.only(id) + "  ";
            long known = Json.number(batch, "deduplicated");
            terminal.out().println(first + accepted + " accepted, " + rejected + " rejected"
                    + (known == 0 ? "" : ", " + known + " known already"));
            Json.list(batch, "errors").stream().limit(ERRORS_SHOWN).map(Json::asObject)
                    .forEach(error -> complain(error, terminal));
        }
        if (accepted > 0 && arguments.matchedOptionValue("--follow", terminal.interactive())) {
            follow(api, StatusCommand.path(id), accepted, progress);
            terminal.err().println("all finished; fetchback status " + id + " says how");
        }
        return rejected > 0 ? CommandFailed.FAILED : 0;
    }

    private static boolean done(CompletableFuture<?> upload) throws InterruptedException {
        try {
            upload.get(TICK_MILLIS, TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            return true;
        }
    }

    private static void complain(Map<String, Object> error, Terminal terminal) {
        String reason = Json.text(error, "detail").or(() -> Json.text(error, "title")).or(() -> Json.text(error, "code"))
                .orElse("?");
        terminal.err().println(Visible.only("  item " + (Json.number(error, "index") + 1) + ": " + reason));
    }

    private static void follow(Api api, String path, long total, Progress progress) throws CommandFailed, InterruptedException {
        long finished = 0;
        while (finished < total) {
            Map<String, Object> batch = Json.object(api.get(path).orFail().body());
            Map<String, Object> states = Json.asObject(batch.get("states"));
            finished = Json.number(batch, "finished");
            long bad = Json.number(states, "failed") + Json.number(states, "dead") + Json.number(states, "expired");
            progress.bar(finished, total, bad == 0 ? "finished" : "finished, " + bad + " without a page delivered");
            if (finished < total) {
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
        }
        progress.clear();
    }
}
