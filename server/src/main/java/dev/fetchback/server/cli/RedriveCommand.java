package dev.fetchback.server.cli;

import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback redrive}: sends dead outcomes again. */
final class RedriveCommand implements Command {
    private static final String PATH = "/v1/dead/redrive";

    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Sends the outcome of dead tasks to their receivers again: of one, or of all with --all.");
        return spec
                .addPositional(StatusCommand.id("A dead task's id.").build())
                .addOption(OptionSpec.builder("--all").type(boolean.class).arity("0").description("All dead tasks.").build())
                .addOption(OptionSpec.builder("--dry-run").type(boolean.class).arity("0").description("Only count them.").build());
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        String id = arguments.matchedPositionalValue(0, "");
        boolean all = arguments.matchedOptionValue("--all", false);
        if (all != id.isEmpty()) {
            throw new CommandFailed(CommandFailed.USAGE, "redrive takes the id of one dead task, or --all");
        }
        if (!all) {
            StatusCommand.path(id); // only for its check
        }
        boolean dryRun = arguments.matchedOptionValue("--dry-run", false);
        String request = "{" + (all ? "" : "\"ids\":[" + Json.quote(id) + "],") + "\"dry_run\":" + dryRun + "}";
        try (Api api = Api.from(arguments, terminal)) {
            Api.Answer answer = api.post(PATH, request).orFail();
            Map<String, Object> told = Json.object(answer.body());
            long count = Json.number(told, dryRun ? "matched" : "redriven");
            if (Api.json(arguments)) {
                terminal.out().println(answer.body());
            } else {
                terminal.out().println(count + (count == 1 ? " task" : " tasks") + (dryRun ? " would be sent again" : " will be sent again"));
            }
            if (!all && count == 0) {
                throw new CommandFailed(CommandFailed.FAILED, id + " is not dead; fetchback status " + id + " says what it is");
            }
        }
        return 0;
    }
}
