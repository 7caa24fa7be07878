-- People who work at the desk.
CREATE TABLE staff (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    shop          TEXT NOT NULL,
    name          TEXT NOT NULL,
    -- The name as it is compared: in lower case.
    lookup        TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    role          TEXT NOT NULL,
    -- Its argon2id hash as a PHC string.
    password      TEXT NOT NULL,
    active        INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    last_login_at INTEGER,
    UNIQUE (shop, lookup)
) STRICT;

-- Browsers in which they have signed in. A session that is revoked is deleted.
CREATE TABLE staff_sessions (
    sha256     BLOB PRIMARY KEY,
    staff      INTEGER NOT NULL REFERENCES staff (number),
    created_at INTEGER NOT NULL,
    -- When it was last used, to the minute.
    seen_at    INTEGER NOT NULL,
    -- When it ends however much it is used.
    ends_at    INTEGER NOT NULL
) STRICT;
CREATE INDEX staff_sessions_by_staff ON staff_sessions (staff);

CREATE INDEX audit_by_actor ON audit (shop, actor, number);
