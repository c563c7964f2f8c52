/** Files wherever they live: the interface {@link dev.temper.storage.Store} and its form for local disks. */
package dev.temper.storage;
