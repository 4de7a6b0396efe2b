package dev.fetchback.server.cli;

import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback dead}: tasks whose receiver would not take the outcome. */
final class DeadCommand implements Command {
    private static final int LIMIT_DEFAULT = 50; // about a screen

    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Lists tasks whose receiver would not take the outcome, "
                + "newest first. redrive sends them again.");
        return spec.addOption(OptionSpec.builder("--limit").type(int.class).paramLabel("N")
                .description("Show at most N, 1 to 1000. Default: " + LIMIT_DEFAULT + ".").build());
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        int limit = arguments.matchedOptionValue("--limit", LIMIT_DEFAULT);
        try (Api api = Api.from(arguments, terminal)) {
            Api.Answer answer = api.get("/v1/dead?limit=" + limit).orFail();
            if (Api.json(arguments)) {
                terminal.out().println(answer.body());
                return 0;
            }
            Map<String, Object> page = Json.object(answer.body());
            List<?> tasks = Json.list(page, "tasks");
            tasks.forEach(task -> terminal.out().println(Outline.row(Json.asObject(task))));
            if (tasks.isEmpty()) {
                terminal.out().println("no dead tasks");
            } else if (Json.text(page, "next_cursor").isPresent()) {
                terminal.out().println("… and more; --limit shows up to 1000");
            }
        }
        return 0;
    }
}
