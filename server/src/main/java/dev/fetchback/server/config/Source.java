package dev.fetchback.server.config;

/**
 * One value as it was given.
 *
 * @param setting which one
 * @param where for complaints: {@code --port}, {@code FETCHBACK_PORT}, {@code fetchback.yaml:4 port}
 * @param text as written, without surrounding white space
 */
record Source(Setting<?> setting, String where, String text) {}
