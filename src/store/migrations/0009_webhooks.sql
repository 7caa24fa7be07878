-- Other systems that are told what happens.
CREATE TABLE webhooks (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    shop         TEXT NOT NULL,
    url          TEXT NOT NULL,
    -- The names of the events it wants, as JSON; '*' among them is nearly all.
    events       TEXT NOT NULL,
    -- What its deliveries are signed with. It has to be readable to sign.
    secret       TEXT NOT NULL,
    description  TEXT,
    active       INTEGER NOT NULL,
    -- Why it was switched off by itself; NULL if it was not.
    ended        TEXT,
    -- The number of the newest event that was looked at for it.
    seen         INTEGER NOT NULL,
    -- Failed attempts in a row, and until when it is left alone because of them.
    failures     INTEGER NOT NULL DEFAULT 0,
    paused_until INTEGER,
    created_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX webhooks_by_shop ON webhooks (shop, active, seen);

-- What each of them is told, each once.
CREATE TABLE webhook_deliveries (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    shop         TEXT NOT NULL,
    webhook      TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    event        TEXT NOT NULL,
    -- The number of the event it tells of, and its conversation; NULL for a test.
    source       INTEGER,
    conversation TEXT REFERENCES conversations (id),
    body         TEXT NOT NULL,
    state        TEXT NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    -- When it is sent next; NULL once it is delivered or given up.
    next_at      INTEGER,
    -- What came of the latest attempt.
    status       INTEGER,
    answer       TEXT,
    error        TEXT,
    created_at   INTEGER NOT NULL,
    last_at      INTEGER,
    UNIQUE (webhook, source, event)
) STRICT;
CREATE INDEX webhook_deliveries_by_webhook ON webhook_deliveries (webhook, number);
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (webhook, state, number);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX webhook_deliveries_in_order ON webhook_deliveries (webhook, conversation, number)
    WHERE next_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_conversation ON webhook_deliveries (conversation)
    WHERE conversation IS NOT NULL;
