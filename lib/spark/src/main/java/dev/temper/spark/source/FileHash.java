package dev.temper.spark.source;

/**
 * What tells the bytes of a file.
 *
 * @param sha256 in hexadecimal digits
 * @param isOfPieces of the hashes of the file's pieces of 64 MiB, and not of the file
 */
public record FileHash(String sha256, boolean isOfPieces) {}
