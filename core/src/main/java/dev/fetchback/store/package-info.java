/**
 * Durable tasks as one abstraction: changes are data, a commit is atomic and on disk when it returns; engines live in
 * subpackages.
 */
@NullMarked
package dev.fetchback.store;

import org.jspecify.annotations.NullMarked;
