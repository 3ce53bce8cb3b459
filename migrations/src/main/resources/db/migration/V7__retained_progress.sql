-- Retained messages come into the private queue of a new subscription once, and never older than what follows them. Their copies were
-- appended as they had been read, and how far they had come was noted afterwards: a crash in between handed them over again, and a copy
-- of what had been replaced meanwhile came after the newer message. Now one transaction copies from the retained message as it is then,
-- and notes the progress.

-- append_batch, and with it copies of retained messages for new subscriptions of stored sessions (docs/decisions, 0002). A copy is made
-- while the session has its epoch, and while its subscription, not made anew since (number), waits for this topic. What is copied is the
-- topic's retained message after this batch: whoever replaces it later waits until this is committed.
--   h_*   copies: append, session, epoch, number, filter and maximum QoS of the subscription, what it adds to the properties, the topic,
--         and the message as its reader believes it to be
-- refused also has the copies that were not made, and those of other messages than their reader believes: the session reads them.
CREATE FUNCTION append_with_retained(
    p_lane integer, p_owner bigint, p_old bigint, p_new bigint, p_version bigint,
    l_filter bigint[], l_id bigint[], l_flags smallint[], l_expires bigint[], l_publisher bigint[], l_topic text[],
    l_properties bytea[], l_payload bytea[],
    c_id bigint[], c_session bigint[], c_epoch bigint[], c_packet integer[], c_number bigint[],
    w_id bigint[], w_will bigint[],
    t_id bigint[], t_qos smallint[], t_expires bigint[], t_topic text[], t_properties bytea[], t_payload bytea[],
    t_tag_end integer[], t_tags text[],
    h_id bigint[], h_session bigint[], h_epoch bigint[], h_number bigint[], h_filter text[], h_qos_max smallint[], h_added bytea[],
    h_topic text[], h_qos smallint[], h_expires bigint[], h_properties bytea[], h_payload bytea[],
    OUT status integer, OUT version bigint, OUT owner bigint, OUT head bigint, OUT refused bigint[])
LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_as_read bigint[];
BEGIN
    -- All locks that append_batch takes, in the same order, each kind for both.
    PERFORM pg_advisory_xact_lock_shared(filter_set_lock());
    PERFORM 1 FROM lane l WHERE l.lane_id = p_lane FOR UPDATE;
    PERFORM 1 FROM session s WHERE s.session_id = ANY (c_session || h_session) ORDER BY s.session_id FOR SHARE;
    PERFORM 1 FROM will w WHERE w.will_id = ANY (w_will) ORDER BY w.will_id FOR UPDATE;
    PERFORM 1 FROM retained r WHERE r.topic = ANY (t_topic || h_topic) ORDER BY r.topic FOR UPDATE;
    SELECT a.status, a.version, a.owner, a.head, a.refused
      INTO append_with_retained.status, append_with_retained.version, append_with_retained.owner, append_with_retained.head,
           append_with_retained.refused
      FROM append_batch(p_lane, p_owner, p_old, p_new, p_version, l_filter, l_id, l_flags, l_expires, l_publisher, l_topic,
                        l_properties, l_payload, c_id, c_session, c_epoch, c_packet, c_number, w_id, w_will, t_id, t_qos, t_expires,
                        t_topic, t_properties, t_payload, t_tag_end, t_tags) a;
    IF append_with_retained.status <> 0 THEN
        RETURN;
    END IF;
    WITH due AS MATERIALIZED (
        SELECT h.*
          FROM unnest(h_id, h_session, h_epoch, h_number, h_filter COLLATE "C", h_qos_max, h_added, h_topic COLLATE "C", h_qos,
                      h_expires, h_properties, h_payload)
               AS h (id, session_id, epoch, number, filter, qos_max, added, topic, qos, expires_at, properties, payload)
          JOIN session s ON s.session_id = h.session_id AND s.epoch = h.epoch
          JOIN subscription x ON x.session_id = h.session_id AND x.filter = h.filter AND x.share = ''
         WHERE x.retained_after COLLATE "C" < h.topic AND (x.epoch, x.number) < (h.epoch, h.number)
    ), progress AS (
        UPDATE subscription x SET retained_after = d.topic
          FROM (SELECT session_id, filter, max(topic) AS topic FROM due GROUP BY session_id, filter) d
         WHERE x.session_id = d.session_id AND x.filter = d.filter AND x.share = ''
    ), copied AS (
        INSERT INTO log (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
        SELECT -d.session_id, d.id, least(r.qos, d.qos_max) | 4, r.expires_at, NULL, r.topic,
               nullif(coalesce(r.properties, '') || d.added, ''), r.payload
          FROM due d JOIN retained r ON r.topic = d.topic
        RETURNING id)
    SELECT coalesce(array_agg(d.id), '{}') INTO v_as_read
      FROM copied c JOIN due d ON d.id = c.id JOIN retained r ON r.topic = d.topic
     WHERE r.qos = d.qos AND r.payload = d.payload AND r.expires_at IS NOT DISTINCT FROM d.expires_at
       AND r.properties IS NOT DISTINCT FROM d.properties;
    append_with_retained.refused := append_with_retained.refused
        || ARRAY(SELECT h.id FROM unnest(h_id) AS h (id) WHERE h.id <> ALL (v_as_read));
    UPDATE lane l SET refused = append_with_retained.refused WHERE l.lane_id = p_lane;
END $$;
