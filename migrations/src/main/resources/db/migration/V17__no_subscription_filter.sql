-- V15's index does its work.
DROP INDEX CONCURRENTLY IF EXISTS subscription_filter;
