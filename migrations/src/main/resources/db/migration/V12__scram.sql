-- Keys for SCRAM-SHA-256 (RFC 5802, RFC 7677) beside the hash of each password: with them a client proves that it knows the password without sending
-- it. Nobody can compute them from the hash: users from before have none until their password is set anew.
--   scram_salt, scram_iterations   what the client needs to compute the same; told to whoever asks
--   scram_stored_key               checks a proof, and can't make one
--   scram_server_key               proves to the client that the broker knows its user
-- A password that is changed without them (by SQL, or by the commands of the release before) leaves none: the old one must not let anybody in.
ALTER TABLE mqtt_user
    ADD COLUMN scram_salt       bytea   CHECK (octet_length(scram_salt) BETWEEN 8 AND 64),
    ADD COLUMN scram_iterations integer CHECK (scram_iterations BETWEEN 4096 AND 10000000),
    ADD COLUMN scram_stored_key bytea   CHECK (octet_length(scram_stored_key) = 32),
    ADD COLUMN scram_server_key bytea   CHECK (octet_length(scram_server_key) = 32),
    ADD CONSTRAINT mqtt_user_scram_whole
        CHECK (num_nulls(scram_salt, scram_iterations, scram_stored_key, scram_server_key) IN (0, 4));

CREATE OR REPLACE FUNCTION stamp_mqtt_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.password_hash IS DISTINCT FROM OLD.password_hash
       AND NEW.scram_stored_key IS NOT DISTINCT FROM OLD.scram_stored_key THEN
        NEW.scram_salt := NULL;
        NEW.scram_iterations := NULL;
        NEW.scram_stored_key := NULL;
        NEW.scram_server_key := NULL;
    END IF;
    IF TG_OP = 'INSERT' OR NEW.password_hash IS DISTINCT FROM OLD.password_hash OR NEW.name <> OLD.name
       OR NEW.scram_stored_key IS DISTINCT FROM OLD.scram_stored_key THEN
        NEW.stamp := nextval('mqtt_user_stamp');
    ELSE
        NEW.stamp := OLD.stamp;
    END IF;
    RETURN NEW;
END $$;

-- Of it and a name the salt is made that a name without keys is answered with: the same one each time, by all nodes, so that nobody learns who is a
-- user. Made here, once.
CREATE TABLE scram_secret (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    secret bytea NOT NULL CHECK (octet_length(secret) = 32)
);
INSERT INTO scram_secret (secret)
SELECT sha256(string_agg(uuid_send(gen_random_uuid()), '')) FROM generate_series(1, 4);
