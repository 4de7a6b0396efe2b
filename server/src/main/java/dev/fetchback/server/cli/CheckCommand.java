package dev.fetchback.server.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback check URL}: what would become of a URL, without a task. */
final class CheckCommand implements Command {
    private static final int DENIED = 1;

    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Tells whether a server would connect to a URL, to which addresses, and by which rules, "
                + "by the code that would fetch it, without connecting. Exits with 1 when it would not.");
        return spec.addPositional(PositionalParamSpec.builder().index("0").arity("1").type(String.class).required(true)
                        .paramLabel("URL").description("The page, or the receiver.").build())
                .addOption(OptionSpec.builder("--for").type(String.class).paramLabel("fetch|deliver")
                        .description("What the URL is for. Default: fetch.").build());
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        String url = arguments.matchedPositionalValue(0, "");
        String purpose = arguments.matchedOptionValue("--for", "fetch");
        try (Api api = Api.from(arguments, terminal)) {
            String request = "{\"url\":" + Json.quote(url) + ",\"for\":" + Json.quote(purpose) + "}";
            Api.Answer answer = api.post("/v1/check", request).orFail();
            Map<String, Object> verdict = Json.object(answer.body());
            if (Api.json(arguments)) {
                terminal.out().println(answer.body());
            } else {
                print(terminal, verdict);
            }
            return Boolean.TRUE.equals(verdict.get("allowed")) ? 0 : DENIED;
        }
    }

    private static void print(Terminal terminal, Map<String, Object> verdict) {
        Map<String, Object> rest = new LinkedHashMap<>(verdict);
        List<?> addresses = Json.list(verdict, "addresses");
        rest.remove("addresses");
        Outline.print(terminal.out(), rest);
        for (Object one : addresses) {
            Map<String, Object> address = Json.asObject(one);
            String allowed = Boolean.TRUE.equals(address.get("allowed")) ? "allowed" : "denied ";
            String rule = Json.text(address, "rule").orElse("") + Json.text(address, "entry").map(text -> " " + text).orElse("");
            terminal.out().println(Visible.only(allowed + "  " + Json.text(address, "address").orElse("?") + "  " + rule));
        }
    }
}
