package dev.fetchback.architecture.wrong;

/** A name that says nothing. */
final class ClockHelper {
    private ClockHelper() {}
}
