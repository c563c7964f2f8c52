/** What tests of several modules need: clusters and servers as processes, readers of reference data. */
package dev.temper.testkit;
