/** The session rules under a seeded, deterministic simulation of clients, network, node and store (docs/simulation.md). */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.simulation;
