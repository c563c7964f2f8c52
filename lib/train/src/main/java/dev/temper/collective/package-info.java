/**
 * Sums over all workers of a run.
 *
 * <p>{@link dev.temper.collective.Ring} is the one over sockets. Its peers prove to each other that they know the
 * secret of the run, as all do that come through a {@link dev.temper.collective.Door}; but what they send afterwards is
 * neither encrypted nor signed: it is for networks whose packets one trusts.
 */
package dev.temper.collective;
