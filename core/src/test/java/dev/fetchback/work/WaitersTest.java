package dev.fetchback.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.fetchback.task.TaskId;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

final class WaitersTest {
    private static final TaskId ID = new TaskId(1, 2);

    private final Waiters waiters = new Waiters();

    @Test
    void allOfATaskAreToldWhenItIsFinished() {
        CompletableFuture<Void> one = waiters.of(ID);
        CompletableFuture<Void> other = waiters.of(ID);
        waiters.finished(ID);
        assertThat(one).isDone();
        assertThat(other).isDone();
    }

    @Test
    void oneThatGivesUpEndsTheWaitOfNoOther() {
        CompletableFuture<Void> hasty = waiters.of(ID);
        CompletableFuture<Void> patient = waiters.of(ID);
        waiters.forget(ID, hasty);
        assertThat(patient).isNotDone();
        waiters.finished(ID);
        assertThat(patient).isDone();
        waiters.forget(ID, patient);
    }
}
