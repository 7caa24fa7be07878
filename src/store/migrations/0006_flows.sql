-- Matters of several steps: returns, exchanges, changes of an order.
CREATE TABLE flows (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    shop         TEXT NOT NULL,
    -- The conversation in which it is spoken of: the latest one in which the customer has gone on with it.
    conversation TEXT NOT NULL REFERENCES conversations (id),
    customer     TEXT,
    kind         TEXT NOT NULL,
    scenario     TEXT NOT NULL,
    of_order     TEXT,
    -- What tells it from others: of the same one only one is open at a time.
    identity     TEXT NOT NULL,
    state        TEXT NOT NULL,
    step         TEXT NOT NULL,
    answers      TEXT NOT NULL,
    failures     INTEGER NOT NULL DEFAULT 0,
    -- The action of the present step.
    action       TEXT REFERENCES actions (id),
    reminded     INTEGER NOT NULL DEFAULT 0,
    -- How often it has moved; who saw it otherwise comes too late.
    moves        INTEGER NOT NULL DEFAULT 0,
    step_since   INTEGER NOT NULL,
    -- When it has to be looked at next: by its clock, because records of its order have changed, or because the result
    -- of its action is there. NULL if never.
    wake_at      INTEGER,
    opened_at    INTEGER NOT NULL,
    finished_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX flows_one_open ON flows (shop, identity) WHERE state = 'open';
CREATE INDEX flows_by_conversation ON flows (conversation, number);
CREATE INDEX flows_by_customer ON flows (shop, customer, number) WHERE customer IS NOT NULL AND state = 'open';
CREATE INDEX flows_by_order ON flows (shop, of_order) WHERE state = 'open' AND of_order IS NOT NULL;
CREATE INDEX flows_by_action ON flows (action) WHERE action IS NOT NULL AND state = 'open';
CREATE INDEX flows_by_waking ON flows (wake_at) WHERE wake_at IS NOT NULL;
