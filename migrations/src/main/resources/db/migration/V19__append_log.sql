-- append_batch (V16) for a batch of nothing but rows of the log, which most are: what its other parts cost though they find nothing to do
-- was a sixth of what a batch of one message took. The planner's switches are those of the connection: nothing here joins.
-- status: 0 done, 1 the filter set has a newer version, 2 another owner or head.
CREATE FUNCTION append_log(
    p_lane integer, p_owner bigint, p_old bigint, p_new bigint, p_version bigint,
    l_filter bigint[], l_id bigint[], l_flags smallint[], l_expires bigint[], l_publisher bigint[], l_topic text[],
    l_properties bytea[], l_payload bytea[])
RETURNS integer LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    -- In a statement of its own: what follows sees every filter that was added before the lock was granted.
    PERFORM pg_advisory_xact_lock_shared(filter_set_lock());
    UPDATE lane l
       SET head = p_new, refused = '{}', last = CASE WHEN cardinality(l_id) > 0 THEN p_new ELSE l.last END
     WHERE l.lane_id = p_lane AND l.owner = p_owner AND l.head = p_old AND (SELECT f.version FROM filter_set f) <= p_version;
    IF NOT FOUND THEN
        PERFORM 1 FROM lane l WHERE l.lane_id = p_lane AND l.owner = p_owner AND l.head = p_old;
        RETURN CASE WHEN FOUND THEN 1 ELSE 2 END;
    END IF;
    INSERT INTO log (filter_id, id, flags, expires_at, publisher, topic, properties, payload)
    SELECT unnest(l_filter), unnest(l_id), unnest(l_flags), unnest(l_expires), unnest(l_publisher), unnest(l_topic),
           unnest(l_properties), unnest(l_payload);
    RETURN 0;
END $$;
