-- A subscriber must not end with an older retained value than the last one. What was published between SUBACK and the reading of its
-- topic came twice, live and as a copy; and a copy, or an older message, could have a higher id than what replaced it by another lane,
-- whose clock or batch was behind: who reads the log sees them in the order of ids. Now a message that comes live is not copied, and on
-- each topic retained messages and their copies have rising ids, in the order of their commits.

-- id: of the append that the message came with, 0 for those of before; copied: the highest id of a copy. No index: HOT updates.
ALTER TABLE retained
    ADD COLUMN id     bigint NOT NULL DEFAULT 0,
    ADD COLUMN copied bigint NOT NULL DEFAULT 0;

-- The heads when the subscription was last made, while retained messages are to be handed over: start is kept when it is made again.
-- null: of before, nothing is known.
ALTER TABLE subscription ADD COLUMN heads bigint[];

-- As before (V5), and notes the heads.
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
          LEFT JOIN filter f ON f.filter = d.filter AND f.removed_version IS NULL
               AND (d.qos > 0 OR EXISTS (SELECT FROM subscription o
                                          WHERE o.session_id = d.session_id AND o.filter = d.filter AND o.share = d.share
                                            AND o.filter_id IS NOT NULL))
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

-- As before (V6), and notes the ids of retained messages. By keys alone whatever statistics say: the table of receipts is nearly empty when
-- it is looked at, and full of dead rows; one scan of it for each message took a millisecond.
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
        INSERT INTO receipt (session_id, packet_id, epoch, number)
        SELECT c.session_id, c.packet_id, c.epoch, c.number
          FROM unnest(c_id, c_session, c_packet, c_epoch, c_number) AS c (id, session_id, packet_id, epoch, number)
         WHERE c.id <> ALL (append_batch.refused);
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

    INSERT INTO log (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
    SELECT u.filter_id, u.id, u.flags, u.expires_at, u.publisher, u.topic, u.properties, u.payload
      FROM unnest(l_filter, l_id, l_flags, l_expires, l_publisher, l_topic, l_properties, l_payload)
           AS u (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
     WHERE append_batch.refused = '{}' OR u.id <> ALL (append_batch.refused);

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

-- As before (V7), but copies nothing that comes to the subscription anyway, and notes the ids of copies.
CREATE OR REPLACE FUNCTION append_with_retained(
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
        SELECT h.*, CASE WHEN x.filter_id IS NOT NULL THEN x.heads END AS heads
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
         -- What was appended after the subscription comes to it as it is. (A lane that the vector has not began after it.)
         WHERE d.heads IS NULL OR r.qos = 0 OR r.id <= coalesce(d.heads[(r.id >> 12) & 511], 0)
        RETURNING id, topic
    ), marked AS (
        UPDATE retained r SET copied = c.id
          FROM (SELECT topic, max(id) AS id FROM copied GROUP BY topic) c
         WHERE r.topic = c.topic AND r.copied < c.id)
    SELECT coalesce(array_agg(d.id), '{}') INTO v_as_read
      FROM copied c JOIN due d ON d.id = c.id JOIN retained r ON r.topic = d.topic
     WHERE r.qos = d.qos AND r.payload = d.payload AND r.expires_at IS NOT DISTINCT FROM d.expires_at
       AND r.properties IS NOT DISTINCT FROM d.properties;
    append_with_retained.refused := append_with_retained.refused
        || ARRAY(SELECT h.id FROM unnest(h_id) AS h (id) WHERE h.id <> ALL (v_as_read));
    UPDATE lane l SET refused = append_with_retained.refused WHERE l.lane_id = p_lane;
END $$;

-- append_with_retained for batches that change retained messages: first it is seen to it that their ids are higher than those of
-- what they replace, and of its copies. The release before this one calls append_batch and append_with_retained, and is not told.
-- status 3: nothing was done, the batch needs ids above head.
CREATE FUNCTION append_retained(
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
    v_floor bigint;
BEGIN
    -- All locks that append_with_retained takes, in the same order.
    PERFORM pg_advisory_xact_lock_shared(filter_set_lock());
    PERFORM 1 FROM lane l WHERE l.lane_id = p_lane FOR UPDATE;
    PERFORM 1 FROM session s WHERE s.session_id = ANY (c_session || h_session) ORDER BY s.session_id FOR SHARE;
    PERFORM 1 FROM will w WHERE w.will_id = ANY (w_will) ORDER BY w.will_id FOR UPDATE;
    PERFORM 1 FROM retained r WHERE r.topic = ANY (t_topic || h_topic) ORDER BY r.topic FOR UPDATE;
    SELECT max(greatest(r.id, r.copied)) INTO v_floor
      FROM unnest(t_id, t_topic COLLATE "C") AS t (id, topic) JOIN retained r ON r.topic = t.topic
     WHERE greatest(r.id, r.copied) >= t.id;
    -- (A batch that is not this lane's next is answered as ever.)
    IF v_floor IS NOT NULL AND EXISTS (
            SELECT FROM lane l WHERE l.lane_id = p_lane AND l.owner = p_owner AND l.head = p_old) THEN
        status := 3;
        head := v_floor;
        RETURN;
    END IF;
    SELECT a.status, a.version, a.owner, a.head, a.refused
      INTO append_retained.status, append_retained.version, append_retained.owner, append_retained.head, append_retained.refused
      FROM append_with_retained(p_lane, p_owner, p_old, p_new, p_version, l_filter, l_id, l_flags, l_expires,
                          l_publisher, l_topic, l_properties, l_payload, c_id, c_session, c_epoch, c_packet,
                          c_number, w_id, w_will, t_id, t_qos, t_expires, t_topic, t_properties, t_payload,
                          t_tag_end, t_tags, h_id, h_session, h_epoch, h_number, h_filter, h_qos_max, h_added,
                          h_topic, h_qos, h_expires, h_properties, h_payload) a;
END $$;
