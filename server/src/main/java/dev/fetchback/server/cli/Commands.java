package dev.fetchback.server.cli;

import dev.fetchback.Builder;
import dev.fetchback.Fetchback;
import dev.fetchback.server.config.Config;
import dev.fetchback.server.config.ConfigReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** All commands, and the way from arguments to an exit code. */
public final class Commands {
    private final Map<String, Command> commands = new LinkedHashMap<>();
    private final ServeCommand serve;
    private final Terminal terminal;

    /**
     * @param start starts the server
     * @param terminal of the process
     */
    public Commands(ServerStart start, Terminal terminal) {
        this(start, terminal, seen -> new ConfigReader(seen.environment(), seen.folder()), config -> Fetchback.builder());
    }

    /**
     * @param start starts the server
     * @param terminal of the process
     * @param reader makes the reader of settings, with the checks that other packages add to the table
     * @param wiring the library as configured
     */
    public Commands(ServerStart start, Terminal terminal, Function<Terminal, ConfigReader> reader, Function<Config, Builder> wiring) {
        this.terminal = terminal;
        serve = new ServeCommand(start, reader);
        commands.put("serve", serve);
        commands.put("demo", new DemoCommand(start));
        commands.put("submit", new SubmitCommand());
        commands.put("status", new StatusCommand());
        commands.put("tail", new TailCommand());
        commands.put("dead", new DeadCommand());
        commands.put("redrive", new RedriveCommand());
        commands.put("nodes", new NodesCommand());
        commands.put("migrate", new MigrateCommand(reader));
        commands.put("export", new TransferCommand(TransferCommand.Direction.EXPORT, reader, wiring));
        commands.put("import", new TransferCommand(TransferCommand.Direction.IMPORT, reader, wiring));
        commands.put("check", new CheckCommand());
        commands.put("verify-durability", new VerifyDurabilityCommand());
        commands.put("bench", new BenchCommand());
        commands.put("version", new VersionCommand());
    }

    /** Runs what {@code arguments} ask for; the exit code is 0 done, 1 failed, 2 asked for wrongly. */
    public int run(String... arguments) {
        try {
            if (arguments.length > 0 && arguments[0].equals("serve") && !asksForHelp(arguments)) {
                return serve.run(List.of(arguments).subList(1, arguments.length), terminal);
            }
            return parsed(arguments);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return CommandFailed.FAILED;
        } finally {
            terminal.out().flush();
        }
    }

    private static boolean asksForHelp(String[] arguments) {
        return Arrays.stream(arguments).anyMatch(one -> one.equals("--help") || one.equals("-h"));
    }

    private int parsed(String[] arguments) throws InterruptedException {
        CommandLine line = new CommandLine(spec(arguments));
        line.setColorScheme(CommandLine.Help.defaultColorScheme(Ansi.OFF));
        try {
            ParseResult root = line.parseArgs(arguments);
            ParseResult parsed = root.hasSubcommand() ? root.subcommand() : root;
            boolean nothing = !root.hasSubcommand() && !root.isUsageHelpRequested();
            if (nothing || parsed.isUsageHelpRequested()) {
                parsed.commandSpec().commandLine().usage(nothing ? terminal.err() : terminal.out(), Ansi.OFF);
                return nothing ? CommandFailed.USAGE : 0;
            }
            Command command = (Command) parsed.commandSpec().userObject();
            return command.run(parsed, terminal);
        } catch (ParameterException e) {
            return misused(e);
        } catch (CommandFailed e) {
            terminal.err().println("fetchback: " + e.getMessage());
            return e.exitCode();
        } catch (IOException e) {
            terminal.err().println("fetchback: " + (e.getMessage() == null ? e.toString() : e.getMessage()));
            return CommandFailed.FAILED;
        }
    }

    // Only the named command's options are built; all of them cost a client command 20 ms.
    private CommandSpec spec(String[] arguments) {
        CommandSpec root = CommandSpec.create().name("fetchback");
        root.usageMessage()
                .description("Fetches pages in the background and posts them to your receiver.")
                .footer("", "fetchback COMMAND --help says more. Client commands talk to --server, or FETCHBACK_SERVER,",
                        "or http://127.0.0.1:8080, with the token in FETCHBACK_TOKEN.");
        help(root);
        boolean known = arguments.length > 0 && commands.containsKey(arguments[0]);
        commands.forEach((name, command) -> {
            if (!known || name.equals(arguments[0])) {
                CommandSpec spec = command.spec();
                help(spec);
                root.addSubcommand(name, spec);
            }
        });
        return root;
    }

    private static void help(CommandSpec spec) {
        spec.usageMessage().width(110).sortOptions(false);
        spec.addOption(CommandLine.Model.OptionSpec.builder("-h", "--help").usageHelp(true).description("Show this help.")
                .build());
    }

    private int misused(ParameterException e) {
        PrintWriter err = new PrintWriter(terminal.err(), true);
        err.println("fetchback: " + e.getMessage());
        UnmatchedArgumentException.printSuggestions(e, err);
        String name = e.getCommandLine().getCommandSpec().qualifiedName();
        err.println(name + " --help says what it takes.");
        return CommandFailed.USAGE;
    }
}
