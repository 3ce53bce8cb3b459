-- The readers of a filter are gone through page by page (the look for waiting messages), by session. Made while subscribe() and append_batch()
-- go on: so not in a transaction, and a half-made one that an earlier try left goes first. V17 drops the index that this one replaces.
DROP INDEX CONCURRENTLY IF EXISTS subscription_reader;
CREATE INDEX CONCURRENTLY subscription_reader ON subscription (filter_id, session_id) WHERE filter_id IS NOT NULL;
