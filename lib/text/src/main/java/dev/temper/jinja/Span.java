package dev.temper.jinja;

/**
 * A part of a Java string.
 *
 * @param start index of the first UTF-16 unit
 * @param end index after the last one
 */
public record Span(int start, int end) {}
