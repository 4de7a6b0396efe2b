package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.task.Event;
import dev.fetchback.task.Problem;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskId;
import dev.fetchback.task.TaskMachine;
import dev.fetchback.work.WaitingOn.Kind;
import org.junit.jupiter.api.Test;

final class WaitingOnTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final WaitingOn TURN = new WaitingOn(Kind.TURN, 0);

    private final TaskMachine machine = new TaskMachine(RetryPolicy.DEFAULT);

    private static Task submitted(long readyAt) {
        return Task.submitted(new TaskId(1, 2), new Task.Plan("h:80", null, 5, 3, 10, 0, 0), readyAt, 7);
    }

    private Task after(Event event) {
        Task started = machine.next(submitted(NOW), new Event.Start(7), NOW, 0.5).orElseThrow();
        return machine.next(started, event, NOW, 0.5).orElseThrow();
    }

    private static WaitingOn of(Task task, WaitingOn queue) {
        return WaitingOn.of(task, queue, false, NOW);
    }

    @Test
    void aTaskWhoseTimeHasComeWaitsForWhatItsQueueWaitsFor() {
        WaitingOn gap = new WaitingOn(Kind.HOST_GAP, NOW + 5);
        assertThat(of(submitted(NOW), gap)).isEqualTo(gap);
    }

    @Test
    void aTimeThatNobodyTriedBeforeIsItsCallers() {
        assertThat(of(submitted(NOW + 9), TURN)).isEqualTo(new WaitingOn(Kind.DELAY, NOW + 9));
    }

    @Test
    void aTimeAfterAFailureOrAfterItWasPutOffIsItsNextTry() {
        Problem problem = new Problem("host_busy", "a redirect leads to a busy host", 0);
        Task failed = after(new Event.FetchFailed(problem, true, NOW + 60_000));
        assertThat(of(failed, TURN)).isEqualTo(new WaitingOn(Kind.RETRY, failed.readyAt()));
        Task putOff = after(new Event.PutOff(problem, NOW + 9));
        assertThat(putOff.progress().fetchAttempts()).isZero();
        assertThat(of(putOff, TURN)).as("its caller set no time").isEqualTo(new WaitingOn(Kind.RETRY, NOW + 9));
    }

    @Test
    void aTimeWithinItsHostsPauseIsTheHosts() {
        WaitingOn paused = new WaitingOn(Kind.HOST_BACKOFF, NOW + 90_000);
        assertThat(of(submitted(NOW + 9), paused)).isEqualTo(paused);
        WaitingOn shorter = new WaitingOn(Kind.HOST_BACKOFF, NOW + 5);
        assertThat(of(submitted(NOW + 9), shorter)).isEqualTo(new WaitingOn(Kind.DELAY, NOW + 9));
    }
}
