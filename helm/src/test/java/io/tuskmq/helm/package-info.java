@NullMarked
package io.tuskmq.helm;

import org.jspecify.annotations.NullMarked;
