package dev.temper.spark.source;

/**
 * Hash that identifies the content of a file.
 *
 * @param sha256 in hexadecimal digits
 * @param isOfPieces whether it is the hash of the hashes of the file's chunks of 64 MiB, and not of the file
 */
public record FileHash(String sha256, boolean isOfPieces) {}
