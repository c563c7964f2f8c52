/** Whole runs, timed beside what a user would run instead; {@code lib/bench/compare.py} runs both in turn. */
package dev.temper.bench;
