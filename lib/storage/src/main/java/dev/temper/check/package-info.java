/** Typed errors, argument checks, and what may be told: no secrets, and nothing that a terminal would obey. */
package dev.temper.check;
