package dev.fetchback.architecture.wrong.task;

import dev.fetchback.architecture.wrong.work.HttpWork;
import java.io.File;

/** A task that does I/O, and one half of a cycle. */
public final class ImpureTask {
    File file = new File("x");
    HttpWork work = new HttpWork();
}
