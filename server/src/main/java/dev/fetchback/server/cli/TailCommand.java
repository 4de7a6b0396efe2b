package dev.fetchback.server.cli;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/**
 * {@code fetchback tail}: finished tasks as they finish. Asks once a second, so that it costs the server nothing worth
 * mentioning.
 */
final class TailCommand implements Command {
    private static final String LIST = "/v1/tasks?state=succeeded,failed,dead,cancelled,expired&limit=200";
    private static final int SEEN_MAX = 10_000; // fifty pages; older ones are not on the first page any more

    private final Map<String, Boolean> seen = Collections.synchronizedMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > SEEN_MAX;
        }
    });
    private final long everyMillis;

    TailCommand() {
        this(1_000);
    }

    TailCommand(long everyMillis) {
        this.everyMillis = everyMillis;
    }

    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Shows tasks as they finish, until Ctrl-C: "
                + "of the 200 newest finished tasks, those not seen before.");
        return spec.addOption(OptionSpec.builder("--rounds").type(int.class).paramLabel("N").hidden(true)
                .description("Ask N times, then stop.").build());
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        int rounds = arguments.matchedOptionValue("--rounds", Integer.MAX_VALUE);
        boolean json = Api.json(arguments);
        try (Api api = Api.from(arguments, terminal)) {
            for (int round = 0; round < rounds; round++) {
                if (round > 0) {
                    TimeUnit.MILLISECONDS.sleep(everyMillis);
                }
                List<?> tasks = Json.list(Json.object(api.get(LIST).orFail().body()), "tasks");
                for (Object one : tasks.reversed()) {
                    Map<String, Object> task = Json.asObject(one);
                    if (seen.put(Json.text(task, "id").orElse("?"), true) == null) {
                        terminal.out().println(json ? Json.write(task) : Outline.row(task));
                    }
                }
            }
        }
        return 0;
    }
}
