package dev.fetchback.server.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback status ID}: how far one task, or one batch, is. */
final class StatusCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Shows how far a task (tsk_…) or a batch (bat_…) is.");
        return spec.addPositional(id("The id that submit printed.").required(true).build());
    }

    static PositionalParamSpec.Builder id(String description) {
        return PositionalParamSpec.builder().index("0").arity("0..1").type(String.class).paramLabel("ID")
                .description(description);
    }

    /** The path of a task or batch; an id goes into a path, so nothing but letters, digits and underscores is let in. */
    static String path(String id) throws CommandFailed {
        if (!id.matches("(tsk|bat)_[0-9A-Za-z]{1,64}")) {
            String message = "\"" + Visible.only(id) + "\" is not an id; ids begin with tsk_ or bat_, submit prints them";
            throw new CommandFailed(CommandFailed.USAGE, message);
        }
        return (id.startsWith("bat_") ? "/v1/batches/" : "/v1/tasks/") + id;
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        String path = path(arguments.matchedPositionalValue(0, ""));
        try (Api api = Api.from(arguments, terminal)) {
            Api.Answer answer = api.get(path).orFail();
            if (Api.json(arguments)) {
                terminal.out().println(answer.body());
            } else {
                Outline.print(terminal.out(), Json.object(answer.body()));
            }
        }
        return 0;
    }
}
