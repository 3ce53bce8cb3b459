-- How many retained messages there are and how many bytes, known without counting them: nodes look twice a second, and refuse more above
-- a limit. Kept by triggers, so that no writer forgets it, the release before this one included. One for each statement: a batch of a
-- thousand messages is one update. A row for each of 64 remainders of the server process' number: a lane has a process of its own, so
-- writers rarely meet in one, and hold it no longer than their commit.
CREATE TABLE retained_usage (
    slot     integer PRIMARY KEY CHECK (slot BETWEEN 0 AND 63),
    messages bigint NOT NULL,
    bytes    bigint NOT NULL
) WITH (fillfactor = 50);
-- Who writes retained messages meanwhile waits: what is counted here and what the triggers count is all there is, and nothing twice.
LOCK TABLE retained IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO retained_usage SELECT n, 0, 0 FROM generate_series(0, 63) AS n;
UPDATE retained_usage u SET messages = r.messages, bytes = r.bytes
  FROM (SELECT count(*) AS messages,
               coalesce(sum(octet_length(topic) + octet_length(payload) + coalesce(octet_length(properties), 0)), 0) AS bytes
          FROM retained) r
 WHERE u.slot = 0;

-- Of one slot they may be below 0: what one process added another one may delete. Only their sum says something.
CREATE FUNCTION retained_usage_add(p_messages bigint, p_bytes bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
    UPDATE retained_usage SET messages = messages + p_messages, bytes = bytes + p_bytes
     WHERE slot = pg_backend_pid() % 64 AND (p_messages <> 0 OR p_bytes <> 0)
$$;

CREATE FUNCTION retained_inserted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM retained_usage_add(
        count(*), coalesce(sum(octet_length(topic) + octet_length(payload) + coalesce(octet_length(properties), 0)), 0)::bigint)
      FROM added;
    RETURN NULL;
END $$;

CREATE FUNCTION retained_deleted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM retained_usage_add(
        -count(*), -coalesce(sum(octet_length(topic) + octet_length(payload) + coalesce(octet_length(properties), 0)), 0)::bigint)
      FROM gone;
    RETURN NULL;
END $$;

CREATE FUNCTION retained_updated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM retained_usage_add(
        0,
        (SELECT coalesce(sum(octet_length(payload) + coalesce(octet_length(properties), 0)), 0) FROM added)::bigint
            - (SELECT coalesce(sum(octet_length(payload) + coalesce(octet_length(properties), 0)), 0) FROM gone)::bigint);
    RETURN NULL;
END $$;

CREATE FUNCTION retained_truncated() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE retained_usage SET messages = 0, bytes = 0;
    RETURN NULL;
END $$;

CREATE TRIGGER retained_inserted AFTER INSERT ON retained
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION retained_inserted();
CREATE TRIGGER retained_deleted AFTER DELETE ON retained
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION retained_deleted();
-- (A column list would be of use, as the mark of a copy changes no size, but such triggers have no transition tables.)
CREATE TRIGGER retained_updated AFTER UPDATE ON retained
    REFERENCING OLD TABLE AS gone NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION retained_updated();
CREATE TRIGGER retained_truncated AFTER TRUNCATE ON retained FOR EACH STATEMENT EXECUTE FUNCTION retained_truncated();
