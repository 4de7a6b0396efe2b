package dev.fetchback.server.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback check URL}: what would become of a URL, without a task. */
final class CheckCommand implements Command {
    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Tells what would become of a URL, by the code that would fetch it, "
                + "without making a task.");
        return spec.addPositional(PositionalParamSpec.builder().index("0").arity("1").type(String.class).required(true)
                .paramLabel("URL").description("The page.").build());
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        String url = arguments.matchedPositionalValue(0, "");
        try (Api api = Api.from(arguments, terminal)) {
            Api.Answer answer = api.post("/v1/check", "{\"url\":" + Json.quote(url) + "}");
            if (answer.code().equals("not_supported")) {
                throw new CommandFailed(CommandFailed.FAILED,
                        "this server cannot check URLs yet; it comes with the next version");
            }
            answer.orFail();
            if (Api.json(arguments)) {
                terminal.out().println(answer.body());
            } else {
                Outline.print(terminal.out(), Json.object(answer.body()));
            }
        }
        return 0;
    }
}
