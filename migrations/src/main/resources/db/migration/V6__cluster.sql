-- Several nodes on one database: where they reach one another, how one of them is ended by the others, and what a heartbeat tells them.
-- Functions that the release before this one calls stay as they are to their callers: its nodes go on while this is applied.

-- Where other nodes reach this one: its links, and its Hazelcast member. A node that is alone has none.
ALTER TABLE node
    ADD COLUMN link_host   text COLLATE "C",
    ADD COLUMN link_port   integer CHECK (link_port BETWEEN 1 AND 65535),
    ADD COLUMN member_port integer CHECK (member_port BETWEEN 1 AND 65535),
    ADD CONSTRAINT node_address CHECK (num_nulls(link_host, link_port, member_port) IN (0, 3));

-- The head after the last batch that put rows in the log; head itself also rises so that cursors stay close to now. Where a node has
-- heard of a lane up to last, it has missed nothing of it. No index: it changes with each batch, which is a HOT update.
ALTER TABLE lane ADD COLUMN last bigint NOT NULL DEFAULT 0;
UPDATE lane SET last = head;
ALTER TABLE lane ADD CHECK (last <= head);

-- What nodes prove to each other that they know: who can read the database belongs to the cluster. Made here, once.
CREATE TABLE cluster_secret (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    secret bytea NOT NULL CHECK (length(secret) = 32)
);
INSERT INTO cluster_secret (secret)
SELECT sha256(string_agg(uuid_send(gen_random_uuid()), '')) FROM generate_series(1, 4);

-- One registration at a time. Not a lock on the table of lanes: appends would wait behind it, and it behind the end of a node.
CREATE FUNCTION register_lock() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT 7308332045003 $$;

-- Takes free lanes for a node, making new ones when there are too few. An address of nulls: the node is alone.
CREATE FUNCTION register_node(
    p_name text, p_lanes integer, p_lease_millis bigint, p_link_host text, p_link_port integer, p_member_port integer)
RETURNS TABLE (incarnation bigint, lane_id integer, head bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_incarnation bigint;
    v_missing     integer;
    v_free        integer[];
BEGIN
    -- New lanes are numbered without gaps, and no free one is taken twice.
    PERFORM pg_advisory_xact_lock(register_lock());
    INSERT INTO node (name, lease_until, link_host, link_port, member_port)
    VALUES (p_name, clock_timestamp() + p_lease_millis * interval '1 millisecond', p_link_host, p_link_port, p_member_port)
    RETURNING node.incarnation INTO v_incarnation;
    SELECT p_lanes - count(*) INTO v_missing FROM lane l WHERE l.owner IS NULL;
    INSERT INTO lane (lane_id, head, start)
    SELECT n, log_id(m.now, n), log_id(m.now, n)
      FROM (SELECT now_millis() AS now OFFSET 0) m,
           generate_series((SELECT coalesce(max(l.lane_id), 0) + 1 FROM lane l),
                           (SELECT coalesce(max(l.lane_id), 0) + v_missing FROM lane l)) AS n;
    v_free := ARRAY(SELECT l.lane_id FROM lane l WHERE l.owner IS NULL ORDER BY l.lane_id LIMIT p_lanes FOR UPDATE);
    RETURN QUERY
        UPDATE lane l SET owner = v_incarnation, head = greatest(l.head, log_id(now_millis(), l.lane_id))
         WHERE l.lane_id = ANY (v_free)
        RETURNING v_incarnation, l.lane_id, l.head;
END $$;

-- As the release before this one calls it.
CREATE OR REPLACE FUNCTION register_node(p_name text, p_lanes integer, p_lease_millis bigint)
RETURNS TABLE (incarnation bigint, lane_id integer, head bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT r.* FROM register_node(p_name, p_lanes, p_lease_millis, NULL, NULL, NULL) r;
END $$;

-- renew_node, and then what is so after it: all lanes, lane 1 first (owner 0: none), and all nodes with a valid lease, in one snapshot.
-- A lane is there without an owner only when its node is not there any more. No row: the lease was revoked.
CREATE FUNCTION heartbeat(p_incarnation bigint, p_lease_millis bigint)
RETURNS TABLE (lane_owners bigint[], lane_heads bigint[], lane_lasts bigint[], incarnations bigint[], names text[],
    link_hosts text[], link_ports integer[], member_ports integer[])
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    IF NOT renew_node(p_incarnation, p_lease_millis) THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT l.owners, l.heads, l.lasts, n.incarnations, n.names, n.link_hosts, n.link_ports, n.member_ports
          FROM (SELECT array_agg(coalesce(lane.owner, 0) ORDER BY lane.lane_id) AS owners,
                       array_agg(lane.head ORDER BY lane.lane_id) AS heads,
                       array_agg(lane.last ORDER BY lane.lane_id) AS lasts
                  FROM lane) l,
               (SELECT array_agg(node.incarnation ORDER BY node.incarnation) AS incarnations,
                       array_agg(node.name ORDER BY node.incarnation) AS names,
                       array_agg(node.link_host ORDER BY node.incarnation) AS link_hosts,
                       array_agg(node.link_port ORDER BY node.incarnation) AS link_ports,
                       array_agg(node.member_port ORDER BY node.incarnation) AS member_ports
                  FROM node WHERE node.lease_until > clock_timestamp()) n;
END $$;

-- Nodes that were ended and whose sessions and wills may still be theirs in name. Nobody asks them: a session whose owner has no row in
-- node is whoever's claims it.
CREATE TABLE ended_node (
    incarnation bigint PRIMARY KEY,
    ended_at    timestamptz NOT NULL DEFAULT now()
);

-- The first half of end_node, for which it does not matter how many sessions the node had: it writes no lane any more, renews and claims
-- nothing. settle_ended does the rest in small parts, while the sessions' clients are connecting elsewhere already.
CREATE FUNCTION fence_node(p_incarnation bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM node WHERE incarnation = p_incarnation FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM 1 FROM lane WHERE owner = p_incarnation ORDER BY lane_id FOR UPDATE;
    UPDATE lane SET owner = NULL WHERE owner = p_incarnation;
    INSERT INTO ended_node (incarnation) VALUES (p_incarnation);
    DELETE FROM node WHERE incarnation = p_incarnation;
    RETURN true;
END $$;

-- The same, if the lease has ended by now: its owner may be renewing it, then the row is locked or no longer ended.
CREATE FUNCTION fence_expired_node(p_incarnation bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM 1 FROM node WHERE incarnation = p_incarnation AND lease_until < clock_timestamp() FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    RETURN fence_node(p_incarnation);
END $$;

-- The second half: up to p_limit sessions of ended nodes go offline (epoch + 1: a late checkpoint must not come through; their expiry
-- starts), and their wills, and up to p_limit others, are due: after their delay, or when the session ends, whichever is first. Several
-- nodes may do it at once. What a claim has locked is left for later, if it is still the ended node's then.
--   handled   sessions, and wills without one
--   more      something is left: if none was handled, not before others have let go of it
CREATE FUNCTION settle_ended(p_limit integer, OUT handled integer, OUT more boolean) LANGUAGE plpgsql VOLATILE
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    v_ended    bigint[] := ARRAY(SELECT e.incarnation FROM ended_node e);
    v_sessions bigint[];
    v_wills    bigint[] := '{}';
BEGIN
    handled := 0;
    more := false;
    IF cardinality(v_ended) = 0 THEN
        RETURN;
    END IF;
    v_sessions := ARRAY(SELECT s.session_id FROM session s WHERE s.owner = ANY (v_ended) LIMIT p_limit FOR UPDATE SKIP LOCKED);
    -- (An owner in brackets is not looked for by index: that of their sessions finds few, that of the owner all that are left.)
    UPDATE will w
       SET owner = NULL,
           due_at = coalesce(w.due_at, clock_timestamp() + interval '1 second' * least(w.delay_seconds,
               (SELECT s.expiry_seconds FROM session s WHERE s.session_id = w.session_id)))
      FROM (SELECT x.will_id FROM will x WHERE x.session_id = ANY (v_sessions) AND (x.owner + 0) = ANY (v_ended)
             ORDER BY x.will_id FOR UPDATE) mine
     WHERE w.will_id = mine.will_id;
    UPDATE session s
       SET owner = NULL,
           epoch = s.epoch + 1,
           expires_at = CASE WHEN s.expiry_seconds < 4294967295
                             THEN clock_timestamp() + s.expiry_seconds * interval '1 second' END
     WHERE s.session_id = ANY (v_sessions);
    IF cardinality(v_sessions) < p_limit THEN
        v_wills := ARRAY(SELECT w.will_id FROM will w WHERE w.owner = ANY (v_ended) LIMIT p_limit FOR UPDATE SKIP LOCKED);
        UPDATE will w
           SET owner = NULL,
               due_at = coalesce(w.due_at, clock_timestamp() + interval '1 second' * least(w.delay_seconds, coalesce(
                   (SELECT s.expiry_seconds FROM session s WHERE s.session_id = w.session_id), 0)))
         WHERE w.will_id = ANY (v_wills);
    END IF;
    handled := cardinality(v_sessions) + cardinality(v_wills);
    DELETE FROM ended_node e
     WHERE e.incarnation = ANY (v_ended)
       AND NOT EXISTS (SELECT FROM session s WHERE s.owner = e.incarnation)
       AND NOT EXISTS (SELECT FROM will w WHERE w.owner = e.incarnation);
    more := EXISTS (SELECT FROM ended_node);
END $$;

-- fence_node on the word of another node, whose lease must be valid. Of two that revoke each other one comes first, and ends the other:
-- their rows are locked in one order, and whoever was waited for is looked at again. The caller's own row is only kept from being
-- ended: it can go on renewing and claiming.
-- 'ended' by this call, 'gone' before it, 'fenced': the caller is gone itself, 'late': its lease has run out.
CREATE FUNCTION revoke_node(me bigint, victim bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_until timestamptz;
BEGIN
    IF victim < me THEN
        PERFORM 1 FROM node WHERE incarnation = victim FOR UPDATE;
    END IF;
    SELECT lease_until INTO v_until FROM node WHERE incarnation = me FOR KEY SHARE;
    IF NOT FOUND THEN
        RETURN 'fenced';
    END IF;
    IF v_until <= clock_timestamp() THEN
        RETURN 'late';
    END IF;
    -- fence_node locks the victim's row, if it is not locked yet.
    RETURN CASE WHEN fence_node(victim) THEN 'ended' ELSE 'gone' END;
END $$;

-- Appends one batch as before (V5), and notes in last that the log has rows up to p_new.
CREATE OR REPLACE FUNCTION append_batch(
    p_lane integer, p_owner bigint, p_old bigint, p_new bigint, p_version bigint,
    l_filter bigint[], l_id bigint[], l_flags smallint[], l_expires bigint[], l_publisher bigint[], l_topic text[],
    l_properties bytea[], l_payload bytea[],
    c_id bigint[], c_session bigint[], c_epoch bigint[], c_packet integer[], c_number bigint[],
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

    UPDATE lane l
       SET head = p_new, refused = append_batch.refused, last = CASE WHEN cardinality(l_id) > 0 THEN p_new ELSE l.last END
     WHERE l.lane_id = p_lane;
    append_batch.head := p_new;
    status := 0;
END $$;
