-- The readers of a filter are gone through page by page (the look for waiting messages), by session. Who subscribes waits while it is made.
CREATE INDEX subscription_reader ON subscription (filter_id, session_id) WHERE filter_id IS NOT NULL;
DROP INDEX subscription_filter;
