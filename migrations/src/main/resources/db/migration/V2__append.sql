-- What writes the log: one call of append_batch is one transaction and one batch of one lane. Below it the life of log partitions and
-- of nodes. Functions, because each statement inside one sees what was committed before the locks taken above it, which the snapshot
-- of a single statement does not (docs/design.md, "The filter set has a version").
--
-- Locks are always taken in this order: filter set, node, lanes, sessions (by id), wills (by id), retained (by topic).

-- The appends of the lane's last batch that were refused: after a lost answer its writer finds here what became of them.
ALTER TABLE lane ADD COLUMN refused bigint[] NOT NULL DEFAULT '{}';

-- The key of the filter set's advisory lock: shared by appends, exclusive for whoever adds or removes a filter.
CREATE FUNCTION filter_set_lock() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 7308332045001 $$;

-- Serializes those who make or drop partitions.
CREATE FUNCTION log_partition_lock() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 7308332045002 $$;

-- The lowest id of a lane at a time (milliseconds since 1970); LogId.first in the code.
CREATE FUNCTION log_id(millis bigint, lane_id integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (greatest(millis - 1577836800000, 0) << 21) | (lane_id::bigint << 12) $$;

CREATE FUNCTION now_millis() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL SAFE AS
$$ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint $$;

-- Appends one batch, all or nothing. Each append has an id; its rows repeat its content, one for each matched filter.
--   p_old, p_new      the head as the writer believes it, and after this batch
--   p_version         the version of the filter set that the batch was matched with; the greatest bigint = it depends on none
--   l_*               rows of the log
--   c_*               QoS 2 receipts: append, session, the epoch it must have, packet id
--   w_*               wills to consume: append, will
--   t_*               changes of retained messages, an empty payload deletes; the tags of each end at t_tag_end in t_tags
-- status: 0 done (refused: the appends that were not stored), 1 the filter set has a newer version, 2 another owner or head.
CREATE FUNCTION append_batch(
    p_lane integer, p_owner bigint, p_old bigint, p_new bigint, p_version bigint,
    l_filter bigint[], l_id bigint[], l_flags smallint[], l_expires bigint[], l_publisher bigint[], l_topic text[],
    l_properties bytea[], l_payload bytea[],
    c_id bigint[], c_session bigint[], c_epoch bigint[], c_packet integer[],
    w_id bigint[], w_will bigint[],
    t_id bigint[], t_qos smallint[], t_expires bigint[], t_topic text[], t_properties bytea[], t_payload bytea[],
    t_tag_end integer[], t_tags text[],
    OUT status integer, OUT version bigint, OUT owner bigint, OUT head bigint, OUT refused bigint[])
LANGUAGE plpgsql VOLATILE AS $$
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
         WHERE c.nth > 1
            OR NOT EXISTS (SELECT FROM session s WHERE s.session_id = c.session_id AND s.epoch = c.epoch)
            OR EXISTS (SELECT FROM receipt r WHERE r.session_id = c.session_id AND r.packet_id = c.packet_id);
        append_batch.refused := coalesce(v_more, '{}');
        INSERT INTO receipt (session_id, packet_id)
        SELECT c.session_id, c.packet_id
          FROM unnest(c_id, c_session, c_packet) AS c (id, session_id, packet_id)
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
               SET qos = last.qos, expires_at = last.expires_at, properties = last.properties, payload = last.payload
              FROM last
             WHERE r.topic = last.topic AND last.payload <> ''
        )
        INSERT INTO retained (topic, qos, expires_at, properties, payload, tags)
        SELECT last.topic, last.qos, last.expires_at, last.properties, last.payload,
               t_tags[last.tag_start + 1 : last.tag_end]
          FROM last
         WHERE last.payload <> '' AND NOT EXISTS (SELECT FROM retained r WHERE r.topic = last.topic)
         ORDER BY last.topic
        ON CONFLICT (topic) DO UPDATE
           SET qos = excluded.qos, expires_at = excluded.expires_at, properties = excluded.properties,
               payload = excluded.payload;
    END IF;

    UPDATE lane l SET head = p_new, refused = append_batch.refused WHERE l.lane_id = p_lane;
    append_batch.head := p_new;
    status := 0;
END $$;

-- Partitions of the log: tables log_<from>_<to> of ids from (inclusive) to (exclusive); the name is the record of the bounds.
CREATE VIEW log_partition AS
SELECT c.relname::text AS name,
       split_part(c.relname, '_', 2)::bigint AS lower,
       split_part(c.relname, '_', 3)::bigint AS upper,
       i.inhrelid IS NOT NULL AS attached,
       coalesce(i.inhdetachpending, false) AS detaching
  FROM pg_class c
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = 'log'::regclass
 WHERE c.relkind = 'r'
   AND c.relnamespace = (SELECT relnamespace FROM pg_class WHERE oid = 'log'::regclass)
   AND c.relname ~ '^log_[0-9]+_[0-9]+$';

-- Makes partitions so that every id given between the two times (milliseconds since 1970) has one, each at most p_width milliseconds
-- long. Attached, not created in place: that takes no lock that appends or readers would wait for. Returns how many were made.
CREATE FUNCTION ensure_log(p_from bigint, p_to bigint, p_width bigint) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_id    bigint := log_id(p_from, 0);
    v_lower bigint;
    v_upper bigint;
    v_made  integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(log_partition_lock());
    WHILE v_id <= log_id(p_to, 0) LOOP
        SELECT p.upper INTO v_upper FROM log_partition p WHERE p.attached AND p.lower <= v_id AND v_id < p.upper;
        IF NOT FOUND THEN
            v_lower := log_id((v_id >> 21) + 1577836800000 - ((v_id >> 21) % p_width), 0);
            v_upper := v_lower + (p_width << 21);
            SELECT greatest(v_lower, max(p.upper)) INTO v_lower FROM log_partition p WHERE p.upper <= v_id;
            SELECT least(v_upper, min(p.lower)) INTO v_upper FROM log_partition p WHERE p.lower > v_id;
            EXECUTE format('CREATE TABLE log_%s_%s (LIKE log INCLUDING STORAGE)'
                           ' WITH (autovacuum_vacuum_insert_threshold = 20000, autovacuum_vacuum_insert_scale_factor = 0.05)',
                           v_lower, v_upper);
            EXECUTE format('ALTER TABLE log ATTACH PARTITION log_%s_%s FOR VALUES FROM (%s) TO (%s)',
                           v_lower, v_upper, v_lower, v_upper);
            v_made := v_made + 1;
        END IF;
        v_id := v_upper;
    END LOOP;
    RETURN v_made;
END $$;

-- The lowest id that a session may still read: its cursor's smallest entry, or the oldest message in flight if that is lower. (What is
-- in flight begins with the lowest id in it, 8 bytes big-endian; the rest is the session's own affair.)
CREATE FUNCTION session_low(cursor bigint[], inflight bytea) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT least((SELECT min(c) FROM unnest(cursor) c),
                 CASE WHEN length(inflight) >= 8
                      THEN ('x' || encode(substr(inflight, 1, 8), 'hex'))::bit(64)::bigint END)
$$;

-- Takes free lanes for a node, making new ones when there are too few.
CREATE FUNCTION register_node(p_name text, p_lanes integer, p_lease_millis bigint)
RETURNS TABLE (incarnation bigint, lane_id integer, head bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_incarnation bigint;
    v_missing     integer;
BEGIN
    INSERT INTO node (name, lease_until)
    VALUES (p_name, clock_timestamp() + p_lease_millis * interval '1 millisecond')
    RETURNING node.incarnation INTO v_incarnation;
    -- New lanes are numbered without gaps; this also keeps two nodes from making the same one.
    LOCK TABLE lane IN SHARE ROW EXCLUSIVE MODE;
    SELECT p_lanes - count(*) INTO v_missing FROM lane l WHERE l.owner IS NULL;
    INSERT INTO lane (lane_id, head, start)
    SELECT n, log_id(m.now, n), log_id(m.now, n)
      FROM (SELECT now_millis() AS now OFFSET 0) m,
           generate_series((SELECT coalesce(max(l.lane_id), 0) + 1 FROM lane l),
                           (SELECT coalesce(max(l.lane_id), 0) + v_missing FROM lane l)) AS n;
    RETURN QUERY
        UPDATE lane l SET owner = v_incarnation, head = greatest(l.head, log_id(now_millis(), l.lane_id))
         WHERE l.lane_id IN (SELECT free.lane_id FROM lane free WHERE free.owner IS NULL ORDER BY free.lane_id LIMIT p_lanes)
        RETURNING v_incarnation, l.lane_id, l.head;
END $$;

-- Prolongs a lease and keeps the heads of ownerless lanes near to now, so that no cursor stays behind because of them. False when the
-- lease was revoked.
CREATE FUNCTION renew_node(p_incarnation bigint, p_lease_millis bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE node SET lease_until = clock_timestamp() + p_lease_millis * interval '1 millisecond'
     WHERE incarnation = p_incarnation;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE lane l SET head = log_id(now_millis(), l.lane_id)
      FROM (SELECT lane_id FROM lane
             WHERE owner IS NULL AND head < log_id(now_millis() - 1000, lane_id)
             ORDER BY lane_id FOR UPDATE SKIP LOCKED) idle
     WHERE l.lane_id = idle.lane_id;
    RETURN true;
END $$;

-- Ends a node: its lanes are free, its sessions offline (epoch + 1: a late checkpoint must not come through; their expiry starts), its
-- wills due: after their delay, or when the session ends, whichever is first.
CREATE FUNCTION end_node(p_incarnation bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM node WHERE incarnation = p_incarnation FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM 1 FROM lane WHERE owner = p_incarnation ORDER BY lane_id FOR UPDATE;
    UPDATE lane SET owner = NULL WHERE owner = p_incarnation;
    PERFORM 1 FROM session WHERE owner = p_incarnation ORDER BY session_id FOR UPDATE;
    UPDATE will w
       SET owner = NULL,
           due_at = coalesce(w.due_at, clock_timestamp() + interval '1 second' * least(w.delay_seconds, coalesce(
               (SELECT s.expiry_seconds FROM session s WHERE s.session_id = w.session_id), 0)))
      FROM (SELECT will_id FROM will WHERE owner = p_incarnation ORDER BY will_id FOR UPDATE) mine
     WHERE w.will_id = mine.will_id;
    UPDATE session
       SET owner = NULL,
           epoch = epoch + 1,
           expires_at = CASE WHEN expiry_seconds < 4294967295
                             THEN clock_timestamp() + expiry_seconds * interval '1 second' END
     WHERE owner = p_incarnation;
    DELETE FROM node WHERE incarnation = p_incarnation;
    RETURN true;
END $$;

-- The same, if the lease has ended by now: its owner may be renewing it, then the row is locked or no longer ended.
CREATE FUNCTION end_expired_node(p_incarnation bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM node WHERE incarnation = p_incarnation AND lease_until < clock_timestamp() FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    RETURN end_node(p_incarnation);
END $$;

-- Removes filters that no subscription needs: the candidates are looked for without the lock, and looked at again under it.
CREATE FUNCTION remove_unused_filters(p_limit integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_candidates bigint[];
    v_removed    integer;
BEGIN
    -- Kept for a day so that each node hears of it; a node that was away for longer starts anew.
    DELETE FROM filter WHERE removed_version IS NOT NULL AND removed_at < clock_timestamp() - interval '1 day';
    SELECT array_agg(c.filter_id) INTO v_candidates FROM (
        SELECT f.filter_id FROM filter f
         WHERE f.removed_version IS NULL
           AND NOT EXISTS (SELECT FROM subscription s WHERE s.filter_id = f.filter_id)
         LIMIT p_limit) c;
    IF v_candidates IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM pg_advisory_xact_lock(filter_set_lock());
    UPDATE filter f
       SET removed_version = (SELECT version + 1 FROM filter_set), removed_at = clock_timestamp()
     WHERE f.filter_id = ANY (v_candidates)
       AND f.removed_version IS NULL
       AND NOT EXISTS (SELECT FROM subscription s WHERE s.filter_id = f.filter_id);
    GET DIAGNOSTICS v_removed = ROW_COUNT;
    IF v_removed > 0 THEN
        UPDATE filter_set SET version = version + 1;
    END IF;
    RETURN v_removed;
END $$;
