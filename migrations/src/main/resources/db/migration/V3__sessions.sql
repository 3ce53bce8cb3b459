-- What writes sessions and what they own. Each function takes a batch and is one transaction: its statements see what was committed
-- before the locks taken above them. All but claim_sessions are guarded by the session's epoch and say whose epoch still held.
--
-- Locks are taken in the order that V2 names: filter set, node, sessions (by id), wills (by id).

-- The start vector of whatever begins now. Lanes are numbered from 1 without gaps.
CREATE FUNCTION lane_heads() RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(l.head ORDER BY l.lane_id), '{}') FROM lane l
$$;

-- Deletes sessions (whose rows the caller has locked) with all they own; their wills are due: a will goes off when the delay has passed
-- or the session ends, whichever is first.
CREATE FUNCTION end_sessions(p_session bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    UPDATE will w
       SET due_at = least(w.due_at, clock_timestamp()), owner = NULL
      FROM (SELECT will_id FROM will WHERE session_id = ANY (p_session) ORDER BY will_id FOR UPDATE) theirs
     WHERE w.will_id = theirs.will_id;
    DELETE FROM session WHERE session_id = ANY (p_session);
END $$;

-- Claims one session for each CONNECT; client ids in one call are distinct.
--   p_expiry          session expiry in seconds; 0 = it ends with the connection, and no row is made for it
--   p_will_topic      null = no will
-- outcome: 'owned' (session_id 0: nothing is stored), 'principal' (it is another's), 'elsewhere' (owner, a node with a valid lease, has
-- it and p_force is false), 'fenced' (the claiming node's lease was revoked). due: wills of this client are due now.
CREATE FUNCTION claim_sessions(
    p_client text[], p_principal text[], p_incarnation bigint[], p_clean boolean[], p_expiry bigint[], p_force boolean[],
    p_will_topic text[], p_will_qos smallint[], p_will_retain boolean[], p_will_properties bytea[], p_will_payload bytea[],
    p_will_delay bigint[], p_will_expiry bigint[])
RETURNS TABLE (nth integer, outcome text, owner bigint, session_id bigint, epoch bigint, present boolean,
    cursor bigint[], inflight bytea, will_id bigint, due boolean)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    v_nodes      bigint[];
    v_heads      bigint[];
    v_with_wills text[];
    s            session%ROWTYPE;
BEGIN
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
                           SET epoch = x.epoch + 1, owner = p_incarnation[nth], expiry_seconds = p_expiry[nth], expires_at = NULL
                         WHERE x.session_id = s.session_id
                        RETURNING x.* INTO s;
                        EXIT;
                    END IF;
                END IF;
                PERFORM end_sessions(ARRAY[s.session_id]);
                s := NULL;
            END IF;
            EXIT WHEN p_expiry[nth] = 0;
            INSERT INTO session AS x (client_id, principal, epoch, owner, expiry_seconds, cursor)
            VALUES (p_client[nth], p_principal[nth], 1, p_incarnation[nth], p_expiry[nth], v_heads)
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
            -- A delayed will is called off by the return of its session; all others of this client are due.
            DELETE FROM will w
             WHERE w.client_id = p_client[nth] AND present AND w.session_id = s.session_id
               AND w.delay_seconds > 0 AND NOT coalesce(w.due_at <= now(), false);
            UPDATE will w SET due_at = least(w.due_at, clock_timestamp()), owner = NULL WHERE w.client_id = p_client[nth];
        END IF;
        IF p_will_topic[nth] IS NOT NULL THEN
            INSERT INTO will AS w (client_id, session_id, owner, delay_seconds, message_expiry_seconds, topic, qos, retain,
                                   properties, payload)
            VALUES (p_client[nth], s.session_id, p_incarnation[nth], p_will_delay[nth], p_will_expiry[nth], p_will_topic[nth],
                    p_will_qos[nth], p_will_retain[nth], p_will_properties[nth], p_will_payload[nth])
            RETURNING w.will_id INTO will_id;
        END IF;
        session_id := coalesce(s.session_id, 0);
        epoch := coalesce(s.epoch, 0);
        cursor := coalesce(s.cursor, v_heads);
        inflight := coalesce(s.inflight, '');
        RETURN NEXT;
    END LOOP;
END $$;

-- Writes cursors and what is in flight: row n's cursor is p_cursors[p_first[n] : p_last[n]]. Sessions in one call are distinct and in the
-- order of their ids; they are updated in that order (a nested loop, not a hash join), so that two batches can't wait for each other.
CREATE FUNCTION checkpoint_sessions(
    p_session bigint[], p_epoch bigint[], p_first integer[], p_last integer[], p_cursors bigint[], p_inflight bytea[])
RETURNS SETOF bigint LANGUAGE sql VOLATILE SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
    UPDATE session s
       SET cursor = p_cursors[d.first : d.last], inflight = d.inflight
      FROM unnest(p_session, p_epoch, p_first, p_last, p_inflight) AS d (session_id, epoch, first, last, inflight)
     WHERE s.session_id = d.session_id AND s.epoch = d.epoch
    RETURNING s.session_id
$$;

-- The end of connections: last checkpoint, no owner, expiry starts (0: the session ends). The epoch moves on, so that nothing that is
-- still on its way comes after this.
--   p_will, p_action  'drop' deletes the will, 'schedule' lets it become due after p_delay seconds or with the session's end
CREATE FUNCTION release_sessions(
    p_session bigint[], p_epoch bigint[], p_first integer[], p_last integer[], p_cursors bigint[], p_inflight bytea[],
    p_expiry bigint[], p_will bigint[], p_action text[], p_delay bigint[])
RETURNS SETOF bigint LANGUAGE plpgsql VOLATILE SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    v_held bigint[];
BEGIN
    WITH held AS (
        UPDATE session s
           SET cursor = p_cursors[d.first : d.last], inflight = d.inflight, owner = NULL, epoch = s.epoch + 1,
               expiry_seconds = d.expiry,
               expires_at = CASE WHEN d.expiry < 4294967295 THEN clock_timestamp() + d.expiry * interval '1 second' END
          FROM unnest(p_session, p_epoch, p_first, p_last, p_inflight, p_expiry)
               AS d (session_id, epoch, first, last, inflight, expiry)
         WHERE s.session_id = d.session_id AND s.epoch = d.epoch
        RETURNING s.session_id)
    SELECT coalesce(array_agg(held.session_id), '{}') INTO v_held FROM held;
    PERFORM apply_wills(
        ARRAY(SELECT d.will FROM unnest(p_session, p_will) AS d (session_id, will)
               WHERE d.session_id = ANY (v_held) ORDER BY d.will),
        ARRAY(SELECT d.action FROM unnest(p_session, p_will, p_action) AS d (session_id, will, action)
               WHERE d.session_id = ANY (v_held) ORDER BY d.will),
        ARRAY(SELECT d.delay FROM unnest(p_session, p_will, p_delay) AS d (session_id, will, delay)
               WHERE d.session_id = ANY (v_held) ORDER BY d.will));
    IF 0 = ANY (p_expiry) THEN
        PERFORM end_sessions(ARRAY(SELECT d.session_id FROM unnest(p_session, p_expiry) AS d (session_id, expiry)
                                    WHERE d.expiry = 0 AND d.session_id = ANY (v_held)));
    END IF;
    RETURN QUERY SELECT unnest(v_held);
END $$;

-- What becomes of wills when their connections end; wills in one call are distinct and in the order of their ids.
CREATE FUNCTION apply_wills(p_will bigint[], p_action text[], p_delay bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
BEGIN
    IF 'drop' = ANY (p_action) THEN
        DELETE FROM will w USING unnest(p_will, p_action) AS d (will_id, action)
         WHERE w.will_id = d.will_id AND d.action = 'drop';
    END IF;
    IF 'schedule' = ANY (p_action) THEN
        UPDATE will w
           SET owner = NULL,
               due_at = least(w.due_at, clock_timestamp() + d.delay * interval '1 second',
                              CASE WHEN w.session_id IS NULL THEN clock_timestamp()
                                   ELSE (SELECT s.expires_at FROM session s WHERE s.session_id = w.session_id) END)
          FROM unnest(p_will, p_action, p_delay) AS d (will_id, action, delay)
         WHERE w.will_id = d.will_id AND d.action = 'schedule';
    END IF;
END $$;

-- Ends sessions whose expiry has passed; several nodes may do it at once.
CREATE FUNCTION end_expired_sessions(p_limit integer) RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    v_expired bigint[];
BEGIN
    v_expired := ARRAY(SELECT s.session_id FROM session s WHERE s.expires_at <= now()
                        ORDER BY s.expires_at LIMIT p_limit FOR UPDATE SKIP LOCKED);
    IF cardinality(v_expired) > 0 THEN
        PERFORM end_sessions(v_expired);
    END IF;
    RETURN cardinality(v_expired);
END $$;

-- Stores or replaces subscriptions (distinct by session, filter and share) of sessions whose epoch holds, and returns them. A filter
-- that no append knows yet is added under the filter set's lock, so that every append that commits after this knows it; the heads are
-- read after that, so that nothing lies between (I7). A subscription that goes on reading its filter keeps its start.
--   p_after           how far retained messages were handed over; null = nothing to hand over
CREATE FUNCTION subscribe(
    p_session bigint[], p_epoch bigint[], p_filter text[], p_share text[], p_qos smallint[], p_no_local boolean[],
    p_as_published boolean[], p_handling smallint[], p_subscription integer[], p_after text[])
RETURNS SETOF subscription LANGUAGE plpgsql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
DECLARE
    v_logged  text[] := ARRAY(SELECT DISTINCT d.filter FROM unnest(p_filter, p_qos) AS d (filter, qos) WHERE d.qos > 0);
    v_missing text[] := missing_filters(v_logged);
    v_held    bigint[];
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
    v_held := ARRAY(SELECT s.session_id FROM session s JOIN (SELECT DISTINCT * FROM unnest(p_session, p_epoch)) AS d (id, epoch)
                        ON s.session_id = d.id AND s.epoch = d.epoch
                     ORDER BY s.session_id FOR SHARE OF s);
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
                                         retain_handling, subscription_id, start, retained_after)
        SELECT d.session_id, d.filter, d.share, f.filter_id, d.qos, d.no_local, d.as_published, d.handling, d.subscription,
               v_heads, d.after
          FROM unnest(p_session, p_filter, p_share, p_qos, p_no_local, p_as_published, p_handling, p_subscription, p_after)
               AS d (session_id, filter, share, qos, no_local, as_published, handling, subscription, after)
          LEFT JOIN filter f ON f.filter = d.filter AND f.removed_version IS NULL AND d.qos > 0
         WHERE d.session_id = ANY (v_held)
         ORDER BY d.session_id, d.filter COLLATE "C", d.share COLLATE "C"
        ON CONFLICT (session_id, filter, share) DO UPDATE
           SET filter_id = excluded.filter_id, qos = excluded.qos, no_local = excluded.no_local,
               retain_as_published = excluded.retain_as_published, retain_handling = excluded.retain_handling,
               subscription_id = excluded.subscription_id, retained_after = excluded.retained_after,
               start = CASE WHEN old.filter_id = excluded.filter_id THEN old.start ELSE excluded.start END
        RETURNING old.*;
END $$;

-- Those of the filters that have no live row.
CREATE FUNCTION missing_filters(p_filter text[]) RETURNS text[] LANGUAGE sql VOLATILE
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
    SELECT ARRAY(SELECT DISTINCT d.filter FROM unnest(p_filter) AS d (filter)
                  WHERE NOT EXISTS (SELECT FROM filter f WHERE f.filter = d.filter AND f.removed_version IS NULL))
$$;

-- Retained messages that have all the tags, in the order of their topics. They are found by their tags first, whatever the planner
-- thinks of reading the key in order until enough are found, or all of a table whose statistics it has not got; planned anew for each
-- call, since tags differ in how many messages have them.
CREATE FUNCTION retained_with_tags(
    p_tags text[], p_after text, p_from text, p_to text, p_dollar boolean, p_limit integer)
RETURNS TABLE (topic text, qos smallint, expires_at bigint, properties bytea, payload bytea) LANGUAGE plpgsql STABLE
SET enable_seqscan = off SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH tagged AS MATERIALIZED (
            SELECT r.topic, r.qos, r.expires_at, r.properties, r.payload FROM retained r WHERE r.tags @> p_tags)
        SELECT t.* FROM tagged t
         WHERE t.topic > p_after AND t.topic >= p_from AND t.topic < p_to AND (p_dollar OR t.topic < '$' OR t.topic >= '%')
           AND (t.expires_at IS NULL OR t.expires_at > now_millis())
         ORDER BY t.topic LIMIT p_limit;
END $$;
