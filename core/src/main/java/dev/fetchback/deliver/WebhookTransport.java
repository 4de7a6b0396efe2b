package dev.fetchback.deliver;

import dev.fetchback.deliver.Letters.Stamp;
import dev.fetchback.deliver.Letters.Written;
import dev.fetchback.outbound.RetryAfter;
import dev.fetchback.task.DeliverOptions;
import dev.fetchback.task.Outcome;
import dev.fetchback.task.Problem;
import dev.fetchback.task.RetryPolicy;
import dev.fetchback.task.Task;
import dev.fetchback.task.TaskSpec;
import dev.fetchback.work.Parcel;
import java.io.IOException;

/** Posts signed letters and reads what the status of the answer means. */
final class WebhookTransport implements Transport {
    private final Post post;
    private final Letters letters;
    private final DeliverStep.Surroundings surroundings;

    WebhookTransport(Post post, Letters letters, DeliverStep.Surroundings surroundings) {
        this.post = post;
        this.letters = letters;
        this.surroundings = surroundings;
    }

    @Override
    public boolean links(DeliverOptions deliver, Outcome outcome) {
        return letters.linked(deliver, outcome);
    }

    @Override
    public long estimate(DeliverOptions deliver, Parcel parcel) {
        return letters.estimate(deliver, parcel);
    }

    @Override
    public Exchange prepare(Task task, TaskSpec spec, DeliverOptions deliver, Parcel parcel) throws IOException {
        Stamp stamp = new Stamp(Math.floorDiv(surroundings.millis().getAsLong(), 1000), surroundings.random().nextLong());
        Written written = letters.write(task, spec, deliver, parcel, stamp);
        return () -> reply(post.send(written.letter()), written);
    }

    private Reply reply(Post.Reply reply, Written written) {
        return switch (reply) {
            case Post.Reply.Answer answer -> {
                letters.release(written); // not after a failure: something may still be sending it
                yield answered(answer, written.linked());
            }
            case Post.Reply.NoAnswer(Problem problem) -> new Reply.NoAnswer(problem);
        };
    }

    private Reply answered(Post.Reply.Answer answer, boolean linked) {
        int status = answer.status();
        if (status / 100 == 2) {
            return new Reply.Taken(linked);
        }
        long hint = status == 429 || status == 503
                ? RetryAfter.until(answer.retryAfter(), surroundings.millis().getAsLong(), RetryPolicy.DELIVER_HINT_CAP)
                : 0;
        Verdict verdict = status == 410
                ? new Verdict.Gone("It answered 410 Gone.")
                : hint > 0 ? new Verdict.Delayed(hint) : new Verdict.Failed("it answered " + status);
        String advice = status / 100 == 3 ? "; redirects are not followed, so give the URL that it points to" : "";
        Problem problem = new Problem(Problem.HTTP_STATUS, "The receiver answered " + status + advice + ".", status);
        return new Reply.Refused(problem, verdict, hint);
    }
}
