/**
 * Collective operations of the workers of a run: all-reduce and barrier.
 *
 * <p>{@link dev.temper.collective.Ring} implements them over sockets. Peers authenticate each other with a secret of
 * the run, as do all connections that come through a {@link dev.temper.collective.AuthenticatedSocket}. The data that
 * follows is neither encrypted nor signed, so the network between the machines must be trusted.
 */
package dev.temper.collective;
