-- Times are milliseconds since 1970. Every row carries its shop. JSON stands in text columns.

CREATE TABLE records (
    number       INTEGER PRIMARY KEY,
    shop         TEXT NOT NULL,
    kind         TEXT NOT NULL,
    id           TEXT NOT NULL,
    -- The customer it belongs to; for a private kind nobody else ever sees it.
    customer     TEXT,
    private      INTEGER NOT NULL,
    -- What orders the writes of one record: the shop's own version, or when the shop changed it.
    version      INTEGER,
    updated_at   INTEGER,
    -- Where it came from: 'api', or the name of an indexed file.
    source       TEXT NOT NULL,
    -- When the thing itself happened (an order placed, a case opened), for "newest first".
    happened_at  INTEGER,
    body         TEXT NOT NULL,
    -- Whether the parcels of an order were reported by themselves, so that an order without them keeps them.
    parcels_kept INTEGER NOT NULL DEFAULT 0,
    -- NULL while it is in force, else 'asked' (deleted by name) or 'gone' (no longer in its file).
    withdrawn    TEXT,
    changed_at   INTEGER NOT NULL,
    -- Grows with every change in the store, so that an index can catch up.
    change       INTEGER NOT NULL,
    UNIQUE (shop, kind, id)
) STRICT;
CREATE INDEX records_by_customer ON records (shop, customer, kind) WHERE customer IS NOT NULL;
CREATE INDEX records_by_source ON records (shop, source) WHERE withdrawn IS NULL;
CREATE INDEX records_by_change ON records (change);

CREATE TABLE conversations (
    id         TEXT PRIMARY KEY,
    shop       TEXT NOT NULL,
    customer   TEXT,
    visitor    TEXT,
    state      TEXT NOT NULL,
    channel    TEXT NOT NULL,
    memory     TEXT NOT NULL,
    episode    INTEGER NOT NULL,
    last_event INTEGER NOT NULL,
    opened_at  INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX conversations_by_customer ON conversations (shop, customer, updated_at) WHERE customer IS NOT NULL;
CREATE INDEX conversations_by_visitor ON conversations (shop, visitor, updated_at) WHERE visitor IS NOT NULL;

CREATE TABLE messages (
    number        INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT NOT NULL UNIQUE,
    shop          TEXT NOT NULL,
    conversation  TEXT NOT NULL REFERENCES conversations (id),
    author        TEXT NOT NULL,
    name          TEXT,
    text          TEXT NOT NULL,
    attachments   TEXT NOT NULL DEFAULT '[]',
    at            INTEGER NOT NULL,
    -- The sender's own id of the message; the same one is stored once.
    client_id     TEXT,
    -- For the assistant: the customer's message it answers, which has one reply.
    reply_to      TEXT UNIQUE,
    -- For a customer's message of a burst: the later message that took it over.
    superseded_by TEXT,
    -- For a customer's message: whether the assistant still owes an answer.
    owed          INTEGER NOT NULL DEFAULT 0,
    -- For the assistant: whether the reply is finished.
    complete      INTEGER NOT NULL DEFAULT 1,
    sentences     TEXT NOT NULL DEFAULT '[]',
    handoff       TEXT,
    commitments   TEXT NOT NULL DEFAULT '[]',
    trace         TEXT,
    UNIQUE (conversation, client_id)
) STRICT;
CREATE INDEX messages_by_conversation ON messages (conversation, number);
CREATE INDEX messages_by_client ON messages (shop, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX messages_owed ON messages (shop, number) WHERE owed = 1;
CREATE INDEX messages_begun ON messages (shop, number) WHERE complete = 0;

CREATE TABLE events (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    shop         TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    seq          INTEGER NOT NULL,
    type         TEXT NOT NULL,
    -- Whether the customer may see it; people always may.
    shown        INTEGER NOT NULL,
    body         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    UNIQUE (conversation, seq)
) STRICT;
CREATE INDEX events_by_shop ON events (shop, number);

CREATE TABLE tickets (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    shop         TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    status       TEXT NOT NULL,
    reason       TEXT NOT NULL,
    detail       TEXT,
    mode         TEXT NOT NULL,
    agent        TEXT,
    -- 0 normal, 1 high, 2 urgent: sorted by number.
    priority     INTEGER NOT NULL,
    opened_at    INTEGER NOT NULL,
    due          INTEGER NOT NULL,
    -- How many waited before it when it was opened, and when it was claimed: what honest waiting times rest on.
    ahead        INTEGER NOT NULL,
    claimed_at   INTEGER,
    closed_at    INTEGER,
    note         TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX tickets_one_now ON tickets (conversation) WHERE mode = 'now' AND status IN ('open', 'claimed');
CREATE INDEX tickets_by_conversation ON tickets (conversation, number);
CREATE INDEX tickets_by_status ON tickets (shop, status, priority DESC, number);
CREATE INDEX tickets_by_claim ON tickets (shop, claimed_at) WHERE claimed_at IS NOT NULL;

CREATE TABLE agent_notes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    shop   TEXT NOT NULL,
    ticket TEXT NOT NULL REFERENCES tickets (id),
    agent  TEXT NOT NULL,
    text   TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT;
CREATE INDEX agent_notes_by_ticket ON agent_notes (ticket, number);

CREATE TABLE audit (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    shop    TEXT NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX audit_by_subject ON audit (shop, subject, number);

CREATE TABLE api_keys (
    number     INTEGER PRIMARY KEY AUTOINCREMENT,
    shop       TEXT NOT NULL,
    name       TEXT NOT NULL,
    -- The beginning of a key made here, by which people recognise it; empty for one that was given.
    prefix     TEXT NOT NULL,
    -- The first eight bytes of the hash, by which the row is found; the whole is compared in constant time.
    lookup     TEXT NOT NULL,
    sha256     BLOB NOT NULL UNIQUE,
    scopes     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_used  INTEGER,
    revoked_at INTEGER
) STRICT;
CREATE INDEX api_keys_by_lookup ON api_keys (lookup);

CREATE TABLE settings (
    shop  TEXT NOT NULL,
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    at    INTEGER NOT NULL,
    PRIMARY KEY (shop, name)
) STRICT;

CREATE TABLE sessions (
    sha256       BLOB PRIMARY KEY,
    shop         TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    visitor      TEXT NOT NULL,
    customer     TEXT,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
