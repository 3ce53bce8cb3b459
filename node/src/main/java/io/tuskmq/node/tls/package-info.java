/** Certificates: read from files, looked at before they are used, and watched for new ones. */
@org.jspecify.annotations.NullMarked
package io.tuskmq.node.tls;
