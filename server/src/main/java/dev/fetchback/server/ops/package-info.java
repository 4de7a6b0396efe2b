/** What an operator's tools ask for: health and metrics, as plain answers that know no HTTP server. */
@NullMarked
package dev.fetchback.server.ops;

import org.jspecify.annotations.NullMarked;
