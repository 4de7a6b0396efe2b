/** The engine on PostgreSQL, which many nodes share: it alone says who owns what. */
@NullMarked
package dev.fetchback.store.postgres;

import org.jspecify.annotations.NullMarked;
