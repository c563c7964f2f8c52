/** What lies on a store: files by Hadoop's file systems, tables in Parquet, copies on this machine. */
package dev.temper.spark.storage;
