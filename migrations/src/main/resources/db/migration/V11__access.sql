-- Who may connect, and what they may do. Rows may be changed by SQL as well as by commands: triggers count every change, all nodes look at the
-- counters several times a second (one row, by its key), and take over what has changed.
--   users, rules   rise with each statement that changes the table; changes of one table commit one after another, since they wait for this row
CREATE TABLE access_version (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    users    bigint NOT NULL DEFAULT 0,
    rules    bigint NOT NULL DEFAULT 0);
INSERT INTO access_version DEFAULT VALUES;

-- Users with a password.
--   password_hash   Argon2id in PHC's form; a plain password can't be stored by mistake
--   stamp           another one after each change of the password: connections that were let in by an older one end
CREATE SEQUENCE mqtt_user_stamp;
CREATE TABLE mqtt_user (
    name          text PRIMARY KEY CHECK (name <> '' AND octet_length(name) <= 256 AND name <> 'anonymous' AND name !~ '^\$'
                                          AND name !~ '[[:cntrl:]]'),
    password_hash text NOT NULL CHECK (password_hash ~ '^\$argon2id\$v=19\$m=[0-9]+,t=[0-9]+,p=[0-9]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$'),
    stamp         bigint NOT NULL DEFAULT 0);

CREATE FUNCTION stamp_mqtt_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.password_hash IS DISTINCT FROM OLD.password_hash OR NEW.name <> OLD.name THEN
        NEW.stamp := nextval('mqtt_user_stamp');
    ELSE
        NEW.stamp := OLD.stamp;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mqtt_user_stamp BEFORE INSERT OR UPDATE ON mqtt_user FOR EACH ROW EXECUTE FUNCTION stamp_mqtt_user();

-- Rules, looked at by position and then by age; the first one that fits decides. docs/security.md has their words.
--   actions     of publish, retain, subscribe, shared; or all
--   topic       a topic filter; %c stands for the client id, %u for the principal
--   principal   *, a name, or a beginning and *; client_id likewise
--   address     null = any
--   qos         the digits that it is about
CREATE TABLE acl_rule (
    rule_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    position  integer NOT NULL DEFAULT 0,
    allow     boolean NOT NULL,
    actions   text NOT NULL CHECK (actions ~ '^(all|(publish|retain|subscribe|shared)(,(publish|retain|subscribe|shared))*)$'),
    topic     text NOT NULL CHECK (topic <> '' AND octet_length(topic) <= 2048),
    principal text NOT NULL DEFAULT '*' CHECK (principal <> ''),
    client_id text NOT NULL DEFAULT '*' CHECK (client_id <> ''),
    address   cidr,
    qos       text NOT NULL DEFAULT '012' CHECK (qos ~ '^[012]{1,3}$'));
CREATE INDEX acl_rule_order ON acl_rule (position, rule_id);

CREATE FUNCTION count_access_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'mqtt_user' THEN
        UPDATE access_version SET users = users + 1;
    ELSE
        UPDATE access_version SET rules = rules + 1;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER mqtt_user_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON mqtt_user
    FOR EACH STATEMENT EXECUTE FUNCTION count_access_change();
CREATE TRIGGER acl_rule_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON acl_rule
    FOR EACH STATEMENT EXECUTE FUNCTION count_access_change();
