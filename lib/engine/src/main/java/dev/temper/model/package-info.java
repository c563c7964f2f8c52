/**
 * Model families: a map of weight names, a record of sizes and one program each; and the network that runs them,
 * forwards and, layer by layer, backwards.
 */
package dev.temper.model;
