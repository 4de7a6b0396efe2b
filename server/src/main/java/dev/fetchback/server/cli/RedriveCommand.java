package dev.fetchback.server.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback redrive}: sends dead outcomes again. */
final class RedriveCommand implements Command {
    private static final String PATH = "/v1/dead/redrive";
    private static final long LIMIT = 10_000; // the most that one call may ask for

    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Sends the outcome of dead tasks to their receivers again: "
                + "of one, or of all with --all.");
        return spec
                .addPositional(StatusCommand.id("A dead task's id.").build())
                .addOption(OptionSpec.builder("--all").type(boolean.class).arity("0").description("All dead tasks.").build())
                .addOption(OptionSpec.builder("--dry-run").type(boolean.class).arity("0").description("Only count them.")
                        .build());
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        String id = arguments.matchedPositionalValue(0, "");
        boolean all = arguments.matchedOptionValue("--all", false);
        boolean dryRun = arguments.matchedOptionValue("--dry-run", false);
        if (all != id.isEmpty() || dryRun && !all) {
            throw new CommandFailed(CommandFailed.USAGE, "redrive takes the id of one dead task, or --all, or --all --dry-run");
        }
        try (Api api = Api.from(arguments, terminal)) {
            if (all) {
                all(api, dryRun, Api.json(arguments), terminal);
            } else {
                Api.Answer answer = api.post(StatusCommand.path(id) + "/redrive", "").orFail();
                terminal.out().println(Api.json(arguments) ? answer.body().strip() : id + " will be sent again");
            }
        }
        return 0;
    }

    // One call does a bounded amount of work. What is dead again by then is not sent a third time: the first count is the end of
    // it.
    private static void all(Api api, boolean dryRun, boolean json, Terminal terminal) throws CommandFailed, InterruptedException {
        Api.Answer counted = api.post(PATH, "{\"dry_run\":true}").orFail();
        long matched = Json.number(Json.object(counted.body()), "matched");
        long redriven = 0;
        if (dryRun && json) {
            terminal.out().println(counted.body().strip());
        }
        while (!dryRun && redriven < matched) {
            long limit = Math.min(matched - redriven, LIMIT);
            Api.Answer answer = api.post(PATH, "{\"dry_run\":false,\"limit\":" + limit + "}").orFail();
            if (json) {
                terminal.out().println(answer.body().strip());
            }
            long more = Json.number(Json.object(answer.body()), "redriven");
            redriven += more;
            if (more == 0) {
                break; // others took them
            }
        }
        if (!json) {
            long count = dryRun ? matched : redriven;
            terminal.out().println(count + (count == 1 ? " task" : " tasks")
                    + (dryRun ? " would be sent again" : " will be sent again"));
        }
    }
}
