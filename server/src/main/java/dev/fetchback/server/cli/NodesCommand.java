package dev.fetchback.server.cli;

import java.util.List;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback nodes}: who shares the database. */
final class NodesCommand implements Command {
    private static final String ROW = "%-24s %-26s %-18s %7s  %s";
    private static final int MILLIS_IN_TENTH = 100;

    @Override
    public CommandSpec spec() {
        CommandSpec spec = Api.options(CommandSpec.wrapWithoutInspection(this));
        spec.usageMessage().description("Lists the nodes that share the database: since when they run, what program, how many of the",
                "64 shards of the work are theirs, and what is left of their lease.");
        return spec;
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, InterruptedException {
        try (Api api = Api.from(arguments, terminal)) {
            Api.Answer answer = api.get("/v1/nodes").orFail();
            if (Api.json(arguments)) {
                terminal.out().println(answer.body());
                return 0;
            }
            List<?> nodes = Json.list(Json.object(answer.body()), "nodes");
            if (nodes.isEmpty()) {
                terminal.out().println("one node: tasks are in its data folder, which no other can share");
                return 0;
            }
            terminal.out().println(ROW.formatted("node", "since", "program", "shards", "lease"));
            nodes.forEach(node -> terminal.out().println(row(Json.asObject(node))));
        }
        return 0;
    }

    private static String row(Map<String, Object> node) {
        long lease = ((Number) node.getOrDefault("lease_ms", 0)).longValue();
        String left = lease < 0 ? "over" : lease / MILLIS_IN_TENTH / 10.0 + " s";
        return ROW.formatted(Json.text(node, "name").orElse("?"), Json.text(node, "since").orElse("?"), Json.text(node, "program").orElse("?"),
                node.get("shards"), left);
    }
}
