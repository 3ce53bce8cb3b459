package io.tuskmq.cluster.rules;

/** What a {@link RouteNode} has below it by name: another node when there is one, a map when there are several. */
sealed interface RouteChildren<R> permits RouteNode, RouteNode.Many {}
