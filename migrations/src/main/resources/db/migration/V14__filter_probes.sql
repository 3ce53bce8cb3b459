-- Filters are looked up one by one. In a join PostgreSQL may read all of them once instead, which it takes for cheaper while its count of
-- the table is of a time when there were few: a subscriber of one filter then read all that there were, four times. LIMIT keeps the
-- look-up from becoming a join.
CREATE OR REPLACE FUNCTION missing_filters(p_filter text[]) RETURNS text[] LANGUAGE sql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
    SELECT ARRAY(SELECT DISTINCT d.filter
                   FROM unnest(p_filter) AS d (filter)
                   LEFT JOIN LATERAL (SELECT l.filter_id FROM filter l
                                       WHERE l.filter = d.filter AND l.removed_version IS NULL LIMIT 1) f ON true
                  WHERE f.filter_id IS NULL)
$$;

-- As before (V9), by such probes.
CREATE OR REPLACE FUNCTION subscribe(
    p_session bigint[], p_epoch bigint[], p_filter text[], p_share text[], p_qos smallint[], p_no_local boolean[],
    p_as_published boolean[], p_handling smallint[], p_subscription integer[], p_after text[],
    p_number bigint[])
RETURNS SETOF subscription LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    v_logged  text[] := ARRAY(SELECT DISTINCT d.filter FROM unnest(p_filter, p_qos) AS d (filter, qos) WHERE d.qos > 0);
    v_missing text[] := missing_filters(v_logged);
    v_held    bigint[];
    v_again   bigint[];
    v_version bigint;
    v_heads   bigint[];
BEGIN
    IF cardinality(v_missing) > 0 THEN
        PERFORM pg_advisory_xact_lock(filter_set_lock());
    ELSIF cardinality(v_logged) > 0 THEN
        -- Keeps the filters from being removed as unused before this is committed.
        PERFORM pg_advisory_xact_lock_shared(filter_set_lock());
        IF cardinality(missing_filters(v_logged)) > 0 THEN
            RAISE EXCEPTION 'a filter was removed meanwhile' USING ERRCODE = 'serialization_failure';
        END IF;
    END IF;
    SELECT coalesce(array_agg(h.session_id) FILTER (WHERE h.change_number < h.number), '{}'),
           coalesce(array_agg(h.session_id) FILTER (WHERE h.change_number = h.number), '{}')
      INTO v_held, v_again
      FROM (SELECT s.session_id, s.change_number, d.number
              FROM session s JOIN (SELECT DISTINCT * FROM unnest(p_session, p_epoch, p_number)) AS d (id, epoch, number)
                ON s.session_id = d.id AND s.epoch = d.epoch
             ORDER BY s.session_id FOR NO KEY UPDATE OF s) h;
    UPDATE session s SET change_number = d.number
      FROM (SELECT DISTINCT * FROM unnest(p_session, p_number)) AS d (session_id, number)
     WHERE s.session_id = d.session_id AND s.session_id = ANY (v_held);
    -- Looked for again: another subscriber may have added them while the lock was waited for.
    v_missing := missing_filters(ARRAY(SELECT d.filter FROM unnest(p_session, p_filter, p_qos) AS d (session_id, filter, qos)
                                        WHERE d.session_id = ANY (v_held) AND d.qos > 0));
    IF cardinality(v_missing) > 0 THEN
        UPDATE filter_set SET version = version + 1 RETURNING version INTO v_version;
        INSERT INTO filter (filter, added_version) SELECT unnest(v_missing), v_version;
    END IF;
    v_heads := lane_heads();
    RETURN QUERY
        INSERT INTO subscription AS old (session_id, filter, share, filter_id, qos, no_local, retain_as_published,
                                         retain_handling, subscription_id, start, retained_after, epoch, number, heads)
        SELECT d.session_id, d.filter, d.share, f.filter_id, d.qos, d.no_local, d.as_published, d.handling, d.subscription,
               v_heads, d.after, d.epoch, d.number, CASE WHEN d.after IS NOT NULL THEN v_heads END
          FROM unnest(p_session, p_filter, p_share, p_qos, p_no_local, p_as_published, p_handling, p_subscription, p_after,
                      p_epoch, p_number)
               AS d (session_id, filter, share, qos, no_local, as_published, handling, subscription, after, epoch, number)
          -- One that is lowered to QoS 0 reads on: messages that were appended for it are still to come [MQTT-3.8.4-3].
          LEFT JOIN LATERAL (
               SELECT l.filter_id FROM filter l
                WHERE l.filter = d.filter AND l.removed_version IS NULL
                  AND (d.qos > 0 OR EXISTS (SELECT FROM subscription o
                                             WHERE o.session_id = d.session_id AND o.filter = d.filter AND o.share = d.share
                                               AND o.filter_id IS NOT NULL))
                LIMIT 1) f ON true
         WHERE d.session_id = ANY (v_held)
         ORDER BY d.session_id, d.filter COLLATE "C", d.share COLLATE "C"
        ON CONFLICT (session_id, filter, share) DO UPDATE
           SET filter_id = excluded.filter_id, qos = excluded.qos, no_local = excluded.no_local,
               retain_as_published = excluded.retain_as_published, retain_handling = excluded.retain_handling,
               subscription_id = excluded.subscription_id, retained_after = excluded.retained_after,
               epoch = excluded.epoch, number = excluded.number, heads = excluded.heads,
               start = CASE WHEN old.filter_id = excluded.filter_id THEN old.start ELSE excluded.start END
        RETURNING old.*;
    IF cardinality(v_again) > 0 THEN
        RETURN QUERY
            SELECT x.* FROM subscription x JOIN unnest(p_session, p_filter, p_share) AS d (session_id, filter, share)
                ON x.session_id = d.session_id AND x.filter = d.filter AND x.share = d.share
             WHERE d.session_id = ANY (v_again);
    END IF;
END $$;
