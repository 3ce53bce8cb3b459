-- A call that timed out at the node may be carried out later, after a newer one of the same epoch: by a server that was frozen and thaws,
-- or behind a lock. So calls are numbered by their callers, rising within a claim, the same for each attempt; what is older than what is
-- in changes nothing. And a claim has a token by which its node undoes it when it can't know whether it was carried out, or will be.

-- checkpoint_number: of the last checkpoint; change_number: of the last change of subscriptions. Both are of the session's last claim,
-- which sets them to 0: between claims no epoch lets anything through. No index: they change with each write, which is a HOT update.
ALTER TABLE session
    ADD COLUMN checkpoint_number bigint NOT NULL DEFAULT 0,
    ADD COLUMN change_number     bigint NOT NULL DEFAULT 0,
    ADD COLUMN claim_token       bigint NOT NULL DEFAULT 0,
    -- What expiry_seconds was before the last claim: a connection that is not accepted changes nothing.
    ADD COLUMN expiry_before     bigint;

-- The epoch and the number of the call that made the row, or last changed it.
ALTER TABLE subscription
    ADD COLUMN epoch  bigint NOT NULL DEFAULT 0,
    ADD COLUMN number bigint NOT NULL DEFAULT 0;
ALTER TABLE receipt
    ADD COLUMN epoch  bigint NOT NULL DEFAULT 0,
    ADD COLUMN number bigint NOT NULL DEFAULT 0;

ALTER TABLE will ADD COLUMN claim_token bigint NOT NULL DEFAULT 0;

-- Claims that were given up: one that comes after that does nothing. An ended node's claims do nothing anyway.
CREATE TABLE abandoned_claim (
    token        bigint PRIMARY KEY,
    incarnation  bigint NOT NULL REFERENCES node ON DELETE CASCADE,
    abandoned_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX abandoned_claim_incarnation ON abandoned_claim (incarnation);
CREATE INDEX abandoned_claim_at ON abandoned_claim (abandoned_at);

-- Held by a claim and by whoever abandons it: one of the two comes first, and the other one sees what it did. Taken before all other
-- locks. The keys of other advisory locks are positive.
CREATE FUNCTION lock_claims(p_token bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(-t.token) FROM (SELECT u.token FROM unnest(p_token) AS u (token) ORDER BY u.token) t;
END $$;

-- Undoes claims: their wills are gone, their sessions offline if no other claim followed. Whatever comes of them later does nothing.
CREATE FUNCTION abandon_claims(p_client text[], p_incarnation bigint[], p_token bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    v_nodes bigint[];
BEGIN
    PERFORM lock_claims(p_token);
    v_nodes := ARRAY(SELECT n.incarnation FROM node n WHERE n.incarnation = ANY (p_incarnation)
                      ORDER BY n.incarnation FOR KEY SHARE);
    PERFORM 1 FROM session s WHERE s.client_id = ANY (p_client) ORDER BY s.session_id FOR UPDATE;
    -- Nothing stays on its way for a day.
    DELETE FROM abandoned_claim a
     USING (SELECT o.token FROM abandoned_claim o WHERE o.abandoned_at < now() - interval '1 day'
             ORDER BY o.abandoned_at LIMIT 1000 FOR UPDATE SKIP LOCKED) old
     WHERE a.token = old.token;
    INSERT INTO abandoned_claim (token, incarnation)
    SELECT d.token, d.incarnation FROM unnest(p_token, p_incarnation) AS d (token, incarnation)
     WHERE d.incarnation = ANY (v_nodes)
     ORDER BY d.token
    ON CONFLICT DO NOTHING;
    DELETE FROM will w
     USING (SELECT x.will_id FROM will x JOIN unnest(p_client, p_token) AS d (client_id, token)
                ON x.client_id = d.client_id AND x.claim_token = d.token
             ORDER BY x.will_id FOR UPDATE OF x) theirs
     WHERE w.will_id = theirs.will_id;
    UPDATE session s
       SET owner = NULL,
           epoch = s.epoch + 1,
           expiry_seconds = coalesce(s.expiry_before, s.expiry_seconds),
           expires_at = CASE WHEN coalesce(s.expiry_before, s.expiry_seconds) < 4294967295
                             THEN clock_timestamp() + coalesce(s.expiry_before, s.expiry_seconds) * interval '1 second' END
      FROM unnest(p_client, p_token) AS d (client_id, token)
     WHERE s.client_id = d.client_id AND s.claim_token = d.token AND s.owner IS NOT NULL;
END $$;

DROP FUNCTION claim_sessions(
    text[], text[], bigint[], boolean[], bigint[], boolean[], text[], smallint[], boolean[], bytea[], bytea[], bigint[], bigint[]);

-- Claims one session for each CONNECT; client ids in one call are distinct.
--   p_expiry          session expiry in seconds; 0 = it ends with the connection, and no row is made for it
--   p_will_topic      null = no will
--   p_token           one of its own for each claim; when a claim is repeated, the will of its first time goes without a trace
-- outcome: 'owned' (session_id 0: nothing is stored), 'principal' (it is another's), 'elsewhere' (owner, a node with a valid lease, has
-- it and p_force is false), 'fenced' (the claiming node's lease was revoked), 'abandoned'. due: wills of this client are due now.
CREATE FUNCTION claim_sessions(
    p_client text[], p_principal text[], p_incarnation bigint[], p_clean boolean[], p_expiry bigint[], p_force boolean[],
    p_will_topic text[], p_will_qos smallint[], p_will_retain boolean[], p_will_properties bytea[], p_will_payload bytea[],
    p_will_delay bigint[], p_will_expiry bigint[], p_token bigint[])
RETURNS TABLE (nth integer, outcome text, owner bigint, session_id bigint, epoch bigint, present boolean,
    cursor bigint[], inflight bytea, will_id bigint, due boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_nodes      bigint[];
    v_abandoned  bigint[];
    v_heads      bigint[];
    v_with_wills text[];
    s            session%ROWTYPE;
BEGIN
    PERFORM lock_claims(p_token);
    v_abandoned := ARRAY(SELECT a.token FROM abandoned_claim a WHERE a.token = ANY (p_token));
    -- A node that is being ended waits for this, or this finds it gone: no session is left with an owner that nobody will ever end.
    v_nodes := ARRAY(SELECT n.incarnation FROM node n WHERE n.incarnation = ANY (p_incarnation)
                      ORDER BY n.incarnation FOR KEY SHARE);
    PERFORM 1 FROM session x WHERE x.client_id = ANY (p_client) ORDER BY x.session_id FOR UPDATE;
    v_heads := lane_heads();
    v_with_wills := ARRAY(SELECT w.client_id FROM will w WHERE w.client_id = ANY (p_client));

    FOR nth IN SELECT c.n FROM unnest(p_client) WITH ORDINALITY AS c (id, n) ORDER BY c.id COLLATE "C" LOOP
        outcome := 'owned';
        owner := NULL;
        present := false;
        will_id := 0;
        s := NULL;
        IF NOT p_incarnation[nth] = ANY (v_nodes) THEN
            outcome := 'fenced';
            RETURN NEXT;
            CONTINUE;
        END IF;

        IF p_token[nth] = ANY (v_abandoned) THEN
            outcome := 'abandoned';
            RETURN NEXT;
            CONTINUE;
        END IF;

        -- Repeated only when another node makes the row between the look and the insert.
        LOOP
            SELECT x.* INTO s FROM session x WHERE x.client_id = p_client[nth] FOR UPDATE;
            IF FOUND THEN
                IF NOT coalesce(s.expires_at <= now(), false) THEN
                    IF s.principal <> p_principal[nth] THEN
                        outcome := 'principal';
                        EXIT;
                    ELSIF s.owner <> p_incarnation[nth] AND NOT p_force[nth] AND EXISTS (
                            SELECT FROM node n WHERE n.incarnation = s.owner AND n.lease_until > clock_timestamp()) THEN
                        outcome := 'elsewhere';
                        owner := s.owner;
                        EXIT;
                    ELSIF NOT p_clean[nth] THEN
                        present := true;
                        UPDATE session x
                           SET epoch = x.epoch + 1, owner = p_incarnation[nth], expiry_before = CASE WHEN x.claim_token = p_token[nth] THEN x.expiry_before ELSE x.expiry_seconds END,
                               expiry_seconds = p_expiry[nth],
                               expires_at = NULL,
                               checkpoint_number = 0, change_number = 0, claim_token = p_token[nth]
                         WHERE x.session_id = s.session_id
                        RETURNING x.* INTO s;
                        EXIT;
                    END IF;
                END IF;
                PERFORM end_sessions(ARRAY[s.session_id]);
                s := NULL;
            END IF;
            EXIT WHEN p_expiry[nth] = 0;
            INSERT INTO session AS x (client_id, principal, epoch, owner, expiry_seconds, cursor, claim_token)
            VALUES (p_client[nth], p_principal[nth], 1, p_incarnation[nth], p_expiry[nth], v_heads, p_token[nth])
            ON CONFLICT (client_id) DO NOTHING
            RETURNING x.* INTO s;
            EXIT WHEN FOUND;
        END LOOP;
        IF outcome <> 'owned' THEN
            RETURN NEXT;
            CONTINUE;
        END IF;

        due := p_client[nth] = ANY (v_with_wills);
        IF due THEN
            DELETE FROM will w WHERE w.client_id = p_client[nth] AND w.claim_token = p_token[nth];
            -- A delayed will is called off by the return of its session; all others of this client are due.
            DELETE FROM will w
             WHERE w.client_id = p_client[nth] AND present AND w.session_id = s.session_id
               AND w.delay_seconds > 0 AND NOT coalesce(w.due_at <= now(), false);
            UPDATE will w SET due_at = least(w.due_at, clock_timestamp()), owner = NULL WHERE w.client_id = p_client[nth];
        END IF;
        IF p_will_topic[nth] IS NOT NULL THEN
            INSERT INTO will AS w (client_id, session_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain,
                                   properties, payload, claim_token)
            VALUES (p_client[nth], s.session_id, p_incarnation[nth], p_will_delay[nth], p_will_expiry[nth], p_will_topic[nth],
                    p_will_qos[nth], p_will_retain[nth], p_will_properties[nth], p_will_payload[nth], p_token[nth])
            RETURNING w.will_id INTO will_id;
        END IF;
        session_id := coalesce(s.session_id, 0);
        epoch := coalesce(s.epoch, 0);
        cursor := coalesce(s.cursor, v_heads);
        inflight := coalesce(s.inflight, '');
        RETURN NEXT;
    END LOOP;
END $$;

DROP FUNCTION checkpoint_sessions(bigint[], bigint[], integer[], integer[], bigint[], bytea[]);

-- Writes cursors and what is in flight: row n's cursor is p_cursors[p_first[n] : p_last[n]]. Sessions in one call are distinct and in the
-- order of their ids; they are updated in that order (a nested loop, not a hash join), so that two batches can't wait for each other.
--   p_number          one that is not above the stored number is in already, or is too late: it changes nothing
CREATE FUNCTION checkpoint_sessions(
    p_session bigint[], p_epoch bigint[], p_first integer[], p_last integer[], p_cursors bigint[], p_inflight bytea[],
    p_number bigint[])
RETURNS SETOF bigint LANGUAGE sql VOLATILE SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
    UPDATE session s
       SET cursor = CASE WHEN d.number > s.checkpoint_number THEN p_cursors[d.first : d.last] ELSE s.cursor END,
           inflight = CASE WHEN d.number > s.checkpoint_number THEN d.inflight ELSE s.inflight END,
           checkpoint_number = greatest(d.number, s.checkpoint_number)
      FROM unnest(p_session, p_epoch, p_first, p_last, p_inflight, p_number) AS d (session_id, epoch, first, last, inflight, number)
     WHERE s.session_id = d.session_id AND s.epoch = d.epoch
    RETURNING s.session_id
$$;

DROP FUNCTION subscribe(
    bigint[], bigint[], text[], text[], smallint[], boolean[], boolean[], smallint[], integer[], text[]);

-- Stores or replaces subscriptions (distinct by session, filter and share) of sessions whose epoch holds, and returns them. A filter
-- that no append knows yet is added under the filter set's lock, so that every append that commits after this knows it; the heads are
-- read after that, so that nothing lies between (I7). A subscription that goes on reading its filter keeps its start.
--   p_number          of the change. A lower one than the stored is too late and does nothing; the stored one again only reads
--   p_after           how far retained messages were handed over; null = nothing to hand over
CREATE FUNCTION subscribe(
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
                                         retain_handling, subscription_id, start, retained_after, epoch, number)
        SELECT d.session_id, d.filter, d.share, f.filter_id, d.qos, d.no_local, d.as_published, d.handling, d.subscription,
               v_heads, d.after, d.epoch, d.number
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
               epoch = excluded.epoch, number = excluded.number,
               start = CASE WHEN old.filter_id = excluded.filter_id THEN old.start ELSE excluded.start END
        RETURNING old.*;
    IF cardinality(v_again) > 0 THEN
        RETURN QUERY
            SELECT x.* FROM subscription x JOIN unnest(p_session, p_filter, p_share) AS d (session_id, filter, share)
                ON x.session_id = d.session_id AND x.filter = d.filter AND x.share = d.share
             WHERE d.session_id = ANY (v_again);
    END IF;
END $$;

-- Deletes subscriptions of sessions whose epoch holds. Returns those sessions, each with the subscriptions that are gone, or with nulls
-- when none is. again: this change is in already (an earlier attempt was carried out), so what is gone is not known.
--   p_session, p_epoch, p_number    sessions, each once; numbers as in subscribe
--   p_of, p_filter, p_share         the subscriptions
CREATE FUNCTION unsubscribe(
    p_session bigint[], p_epoch bigint[], p_number bigint[], p_of bigint[], p_filter text[], p_share text[])
RETURNS TABLE (session_id bigint, again boolean, filter text, share text) LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    v_held  bigint[];
    v_again bigint[];
BEGIN
    SELECT coalesce(array_agg(h.session_id) FILTER (WHERE h.change_number < h.number), '{}'),
           coalesce(array_agg(h.session_id) FILTER (WHERE h.change_number = h.number), '{}')
      INTO v_held, v_again
      FROM (SELECT s.session_id, s.change_number, d.number
              FROM session s JOIN unnest(p_session, p_epoch, p_number) AS d (id, epoch, number)
                ON s.session_id = d.id AND s.epoch = d.epoch
             ORDER BY s.session_id FOR NO KEY UPDATE OF s) h;
    UPDATE session s SET change_number = d.number FROM unnest(p_session, p_number) AS d (session_id, number)
     WHERE s.session_id = d.session_id AND s.session_id = ANY (v_held);
    RETURN QUERY
        WITH gone AS (
            DELETE FROM subscription x USING unnest(p_of, p_filter, p_share) AS d (session_id, filter, share)
             WHERE x.session_id = d.session_id AND x.filter = d.filter AND x.share = d.share AND d.session_id = ANY (v_held)
            RETURNING x.session_id, x.filter, x.share)
        SELECT h.id, false, gone.filter, gone.share FROM unnest(v_held) AS h (id) LEFT JOIN gone ON gone.session_id = h.id
        UNION ALL
        SELECT a.id, true, NULL, NULL FROM unnest(v_again) AS a (id);
END $$;

DROP FUNCTION append_batch(
    integer, bigint, bigint, bigint, bigint, bigint[], bigint[], smallint[], bigint[], bigint[], text[], bytea[], bytea[],
    bigint[], bigint[], bigint[], integer[], bigint[], bigint[], bigint[], smallint[], bigint[], text[], bytea[], bytea[],
    integer[], text[]);

-- Appends one batch, all or nothing. Each append has an id; its rows repeat its content, one for each matched filter.
--   p_old, p_new      the head as the writer believes it, and after this batch
--   p_version         the version of the filter set that the batch was matched with; the greatest bigint = it depends on none
--   l_*               rows of the log
--   c_*               QoS 2 receipts: append, session, the epoch it must have, packet id, number
--   w_*               wills to consume: append, will
--   t_*               changes of retained messages, an empty payload deletes; the tags of each end at t_tag_end in t_tags
-- status: 0 done (refused: the appends that were not stored), 1 the filter set has a newer version, 2 another owner or head.
CREATE FUNCTION append_batch(
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

    UPDATE lane l SET head = p_new, refused = append_batch.refused WHERE l.lane_id = p_lane;
    append_batch.head := p_new;
    status := 0;
END $$;
