/** Which files a location means, how they are packed, and where they are cut. */
package dev.temper.spark.source;
