package dev.fetchback.server.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.security.SecureRandom;
import java.util.List;
import java.util.SplittableRandom;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** {@code fetchback verify-durability}: proves to a user that a 202 is kept through kill -9. */
final class VerifyDurabilityCommand implements Command {
    private static final int ROUNDS_DEFAULT = 5;
    private static final int TASKS_DEFAULT = 2_000; // about a second of load
    private static final int ROUNDS_MAX = 10_000;
    private static final int TASKS_MAX = 1_000_000; // their ids are held in memory
    private static final String MAIN = "dev.fetchback.server.Main";

    @Override
    public CommandSpec spec() {
        CommandSpec spec = CommandSpec.wrapWithoutInspection(this);
        spec.usageMessage().description("Submits tasks under load, kills the server hard at random moments, "
                + "starts it again, and checks that everything acknowledged with 202 was delivered. "
                + "Uses a temporary folder and loopback only.");
        return spec.addOption(number("--rounds", ROUNDS_DEFAULT, "How often to kill."))
                .addOption(number("--tasks-per-round", TASKS_DEFAULT, "Most tasks submitted between two kills."))
                .addOption(OptionSpec.builder("--seed").type(long.class).paramLabel("N")
                        .description("Kill at the same counts as a run before.").build());
    }

    private static OptionSpec number(String name, int fallback, String description) {
        return OptionSpec.builder(name).type(int.class).paramLabel("N").description(description + " Default: " + fallback + ".")
                .build();
    }

    private static int bounded(ParseResult arguments, String name, int fallback, int max) throws CommandFailed {
        int value = arguments.matchedOptionValue(name, fallback);
        if (value < 1 || value > max) {
            throw new CommandFailed(CommandFailed.USAGE, name + " is " + value + "; allowed: 1 to " + max);
        }
        return value;
    }

    @Override
    public int run(ParseResult arguments, Terminal terminal) throws CommandFailed, IOException, InterruptedException {
        int rounds = bounded(arguments, "--rounds", ROUNDS_DEFAULT, ROUNDS_MAX);
        int tasks = bounded(arguments, "--tasks-per-round", TASKS_DEFAULT, TASKS_MAX);
        long seed = arguments.matchedOptionValue("--seed", new SecureRandom().nextLong());
        terminal.out().println("seed " + seed);
        DurabilityTrial.Plan plan = new DurabilityTrial.Plan(ServerProcess.likeThisOne(MAIN), rounds, tasks, new SplittableRandom(seed));
        try (DurabilityTrial trial = new DurabilityTrial(plan, terminal)) {
            return judge(trial.run(), 2L * DurabilityTrial.IN_FLIGHT * rounds, terminal.out());
        }
    }

    /** Prints the audit; 0 when it is in order. At most {@code repeatable} deliveries may have come twice. */
    static int judge(DurabilityTrial.Audit audit, long repeatable, PrintStream out) {
        out.println();
        out.println("submitted            " + audit.submitted());
        out.println("acknowledged (202)   " + audit.acknowledged());
        out.println("delivered            " + audit.delivered());
        out.println("lost                 " + audit.lost());
        out.println("repeated deliveries  " + audit.repeated() + "  (up to " + repeatable + " were in flight at the kills)");
        out.println("wrong signatures     " + audit.unverified());
        out.println("failure notices      " + audit.failures());
        out.println("exit after SIGTERM   " + (audit.exitCode() < 0 ? "none in time" : audit.exitCode()));
        out.println();
        boolean kept = audit.lost() == 0 && audit.unverified() == 0 && audit.failures() == 0;
        boolean tidy = audit.repeated() <= repeatable && audit.exitCode() == 0;
        out.println(!kept ? "FAILED: an acknowledged task did not arrive as it should" : tidy
                ? "PASSED: everything acknowledged was delivered"
                : "FAILED: everything arrived, but " + (audit.exitCode() == 0 ? "more came twice than was in flight"
                        : "SIGTERM did not end in exit 0"));
        return kept && tidy ? 0 : CommandFailed.FAILED;
    }
}
