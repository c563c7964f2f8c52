/** Storage by way of Hadoop: files on any file system, Parquet tables, local copies. */
package dev.temper.spark.storage;
