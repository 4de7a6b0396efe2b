package dev.fetchback.work;

/**
 * Hosts that are kept waiting.
 *
 * @param paused those that asked to be left alone
 * @param slowed those that are asked less often as they are slow
 */
public record HostCounts(int paused, int slowed) {}
