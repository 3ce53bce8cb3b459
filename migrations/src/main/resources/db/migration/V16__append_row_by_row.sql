-- Rows go from the arrays into the log one by one. unnest() in FROM writes all of them into a store of its own first, which was nearly
-- half of what an append cost. In the select list it can't be filtered, so batches of which something is refused go the old way.
-- As before (V9) otherwise.
CREATE OR REPLACE FUNCTION append_batch(
    p_lane integer, p_owner bigint, p_old bigint, p_new bigint, p_version bigint,
    l_filter bigint[], l_id bigint[], l_flags smallint[], l_expires bigint[], l_publisher bigint[], l_topic text[],
    l_properties bytea[], l_payload bytea[],
    c_id bigint[], c_session bigint[], c_epoch bigint[], c_packet integer[], c_number bigint[],
    w_id bigint[], w_will bigint[],
    t_id bigint[], t_qos smallint[], t_expires bigint[], t_topic text[], t_properties bytea[], t_payload bytea[],
    t_tag_end integer[], t_tags text[],
    OUT status integer, OUT version bigint, OUT owner bigint, OUT head bigint, OUT refused bigint[])
LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_more bigint[];
BEGIN
    -- In a statement of its own: what follows sees every filter that was added before the lock was granted.
    PERFORM pg_advisory_xact_lock_shared(filter_set_lock());
    SELECT l.owner, l.head INTO append_batch.owner, append_batch.head FROM lane l WHERE l.lane_id = p_lane FOR UPDATE;
    IF append_batch.owner IS DISTINCT FROM p_owner OR append_batch.head IS DISTINCT FROM p_old THEN
        status := 2;
        RETURN;
    END IF;
    SELECT f.version INTO append_batch.version FROM filter_set f;
    IF append_batch.version > p_version THEN
        status := 1;
        RETURN;
    END IF;
    append_batch.refused := '{}';

    IF cardinality(c_id) > 0 THEN
        PERFORM 1 FROM session s WHERE s.session_id = ANY (c_session) ORDER BY s.session_id FOR SHARE;
        SELECT array_agg(c.id) INTO v_more
          FROM (SELECT *, row_number() OVER (PARTITION BY session_id, packet_id ORDER BY id) AS nth
                  FROM unnest(c_id, c_session, c_epoch, c_packet) AS u (id, session_id, epoch, packet_id)) c
          LEFT JOIN session s ON s.session_id = c.session_id AND s.epoch = c.epoch
          LEFT JOIN receipt r ON r.session_id = c.session_id AND r.packet_id = c.packet_id
         WHERE c.nth > 1 OR s.session_id IS NULL OR r.session_id IS NOT NULL;
        append_batch.refused := coalesce(v_more, '{}');
        IF append_batch.refused = '{}' THEN
            INSERT INTO receipt (session_id, packet_id, epoch, number)
            SELECT unnest(c_session), unnest(c_packet), unnest(c_epoch), unnest(c_number);
        ELSE
            INSERT INTO receipt (session_id, packet_id, epoch, number)
            SELECT c.session_id, c.packet_id, c.epoch, c.number
              FROM unnest(c_id, c_session, c_packet, c_epoch, c_number) AS c (id, session_id, packet_id, epoch, number)
             WHERE c.id <> ALL (append_batch.refused);
        END IF;
    END IF;

    IF cardinality(w_id) > 0 THEN
        PERFORM 1 FROM will w WHERE w.will_id = ANY (w_will) ORDER BY w.will_id FOR UPDATE;
        SELECT array_agg(c.id) INTO v_more
          FROM (SELECT *, row_number() OVER (PARTITION BY will_id ORDER BY id) AS nth
                  FROM unnest(w_id, w_will) AS u (id, will_id)) c
         WHERE c.nth > 1 OR NOT EXISTS (SELECT FROM will w WHERE w.will_id = c.will_id);
        append_batch.refused := append_batch.refused || coalesce(v_more, '{}');
        DELETE FROM will w
         USING (SELECT DISTINCT u.will_id FROM unnest(w_id, w_will) AS u (id, will_id)
                 WHERE u.id <> ALL (append_batch.refused)) c
         WHERE w.will_id = c.will_id;
    END IF;

    IF append_batch.refused = '{}' THEN
        INSERT INTO log (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
        SELECT unnest(l_filter), unnest(l_id), unnest(l_flags), unnest(l_expires), unnest(l_publisher), unnest(l_topic),
               unnest(l_properties), unnest(l_payload);
    ELSE
        INSERT INTO log (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
        SELECT u.filter_id, u.id, u.flags, u.expires_at, u.publisher, u.topic, u.properties, u.payload
          FROM unnest(l_filter, l_id, l_flags, l_expires, l_publisher, l_topic, l_properties, l_payload)
               AS u (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
         WHERE u.id <> ALL (append_batch.refused);
    END IF;

    IF cardinality(t_id) > 0 THEN
        PERFORM 1 FROM retained r WHERE r.topic = ANY (t_topic) ORDER BY r.topic FOR UPDATE;
        -- Tags are only computed into rows that are new: a repeated topic's update stays HOT.
        WITH last AS MATERIALIZED (
            SELECT DISTINCT ON (u.topic) u.*
              FROM (SELECT n.*, lag(n.tag_end, 1, 0) OVER (ORDER BY n.nth) AS tag_start
                      FROM unnest(t_id, t_qos, t_expires, t_topic COLLATE "C", t_properties, t_payload, t_tag_end)
                           WITH ORDINALITY AS n (id, qos, expires_at, topic, properties, payload, tag_end, nth)) u
             WHERE u.id <> ALL (append_batch.refused)
             ORDER BY u.topic, u.id DESC
        ), gone AS (
            DELETE FROM retained r USING last WHERE r.topic = last.topic AND last.payload = ''
        ), kept AS (
            UPDATE retained r
               SET qos = last.qos, expires_at = last.expires_at, properties = last.properties, payload = last.payload,
                   id = last.id
              FROM last
             WHERE r.topic = last.topic AND last.payload <> ''
        )
        INSERT INTO retained (topic, qos, expires_at, properties, payload, tags, id)
        SELECT last.topic, last.qos, last.expires_at, last.properties, last.payload,
               t_tags[last.tag_start + 1 : last.tag_end], last.id
          FROM last
         WHERE last.payload <> '' AND NOT EXISTS (SELECT FROM retained r WHERE r.topic = last.topic)
         ORDER BY last.topic
        ON CONFLICT (topic) DO UPDATE
           SET qos = excluded.qos, expires_at = excluded.expires_at, properties = excluded.properties,
               payload = excluded.payload, id = excluded.id;
    END IF;

    UPDATE lane l
       SET head = p_new, refused = append_batch.refused, last = CASE WHEN cardinality(l_id) > 0 THEN p_new ELSE l.last END
     WHERE l.lane_id = p_lane;
    append_batch.head := p_new;
    status := 0;
END $$;
