package dev.fetchback.work;

import dev.fetchback.task.Stage;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Function;
import java.util.function.LongSupplier;

/** The lanes of all stages, each driven by a thread of its own. */
final class Lanes {
    /** How many places a receiver usually has. */
    private static final int RECEIVER_PLACES = 32;

    private final Map<Stage, Lane> lanes = new EnumMap<>(Stage.class);
    private final Map<Stage, LaneThread> threads = new EnumMap<>(Stage.class);
    private final Worker.Parts parts;
    private final Lane.Starter starter;
    private final LaneThread rounds;

    /**
     * @param unsettled called with each turn of the fetch lane; returns when to be called again, Unix milliseconds
     * @param rounds called on a thread of its own; returns the same
     */
    Lanes(WorkSettings settings, Worker.Parts parts, Lane.Starter starter, LongSupplier unsettled, LongSupplier rounds) {
        this.parts = parts;
        this.starter = starter;
        LongSupplier clock = parts.surroundings().clock();
        this.rounds = new LaneThread("fetchback-rounds", clock, rounds);
        threads.put(Stage.FETCH, new LaneThread("fetchback-fetch-lane", clock,
                () -> Math.min(unsettled.getAsLong(), of(Stage.FETCH).turn())));
        threads.put(Stage.PROCESS, new LaneThread("fetchback-process-lane", clock, () -> of(Stage.PROCESS).turn()));
        threads.put(Stage.DELIVER, new LaneThread("fetchback-deliver-lane", clock, () -> of(Stage.DELIVER).turn()));
        Worker.HostRules rules = parts.hosts();
        add(Stage.FETCH, LaneSettings.of(settings.fetchConcurrency()),
                host -> new HostPace(() -> rules.policies().of(host), rules.addresses(), parts.surroundings().random(),
                        () -> parts.store().heldMillis(host)));
        int pages = parts.steps().process().stored();
        Pace open = new OpenPace(pages);
        add(Stage.PROCESS, LaneSettings.of(pages), host -> open);
        add(Stage.DELIVER, LaneSettings.of(settings.deliverConcurrency()).sharing(RECEIVER_PLACES), parts.receivers()::pace);
    }

    private void add(Stage stage, LaneSettings settings, Function<String, Pace> paces) {
        LaneThread thread = threads.get(stage);
        Lane.Wiring wiring = new Lane.Wiring(
                paces, parts.store(), parts.committer(), starter, parts.surroundings().clock(), thread::wake);
        lanes.put(stage, new Lane(stage, settings, wiring));
    }

    Lane of(Stage stage) {
        return lanes.get(stage);
    }

    void start() {
        threads.values().forEach(LaneThread::start);
        rounds.start();
    }

    /** Has somebody look soon at what other owners have stored. */
    void goRound() {
        rounds.wake();
    }

    /** Has the fetch lane's thread look soon at what is unsettled. */
    void wake() {
        threads.get(Stage.FETCH).wake();
    }

    /** Has all lanes look for what is due, whatever they know. */
    void lookAgain() {
        lanes.forEach((stage, lane) -> {
            lane.lookAgain();
            threads.get(stage).wake();
        });
    }

    int running() {
        return lanes.values().stream().mapToInt(Lane::running).sum();
    }

    /** Starts nothing any more. */
    void stop() throws InterruptedException {
        lanes.values().forEach(Lane::stop);
        rounds.stop();
        for (LaneThread thread : threads.values()) {
            thread.stop();
        }
    }
}
