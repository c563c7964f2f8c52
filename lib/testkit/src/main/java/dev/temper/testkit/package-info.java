/** Test support for several modules: clusters and servers as processes, readers of reference data. */
package dev.temper.testkit;
