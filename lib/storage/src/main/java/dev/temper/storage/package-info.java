/**
 * Files on any store: the interface {@link dev.temper.storage.Store}, its local implementation, and leases on folders.
 */
package dev.temper.storage;
