-- What is done for customers: by the shop's own system or by a person with a ticket.
CREATE TABLE actions (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    id              TEXT NOT NULL UNIQUE,
    shop            TEXT NOT NULL,
    conversation    TEXT NOT NULL REFERENCES conversations (id),
    customer        TEXT,
    kind            TEXT NOT NULL,
    args            TEXT NOT NULL,
    -- What tells it from others: of the same one only one is open at a time.
    identity        TEXT NOT NULL,
    requested_by    TEXT NOT NULL,
    executor        TEXT NOT NULL,
    state           TEXT NOT NULL,
    due             INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    -- When the shop's system is asked next; NULL while it is not its turn.
    next_attempt_at INTEGER,
    -- Until when the attempt that is being made has it to itself.
    leased_until    INTEGER,
    ticket          TEXT REFERENCES tickets (id),
    result          TEXT,
    requested_at    INTEGER NOT NULL,
    finished_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX actions_one_open ON actions (shop, identity)
    WHERE state IN ('requested', 'confirmed', 'running', 'overdue');
CREATE INDEX actions_by_conversation ON actions (conversation, number);
CREATE INDEX actions_by_customer ON actions (shop, customer, number) WHERE customer IS NOT NULL;
CREATE INDEX actions_by_ticket ON actions (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX actions_by_attempt ON actions (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

-- Words that were given to customers, each with a time.
CREATE TABLE promises (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    shop         TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    kind         TEXT NOT NULL,
    promised_by  TEXT NOT NULL,
    action       TEXT REFERENCES actions (id),
    ticket       TEXT REFERENCES tickets (id),
    state        TEXT NOT NULL,
    due          INTEGER NOT NULL,
    first_due    INTEGER NOT NULL,
    reminded     INTEGER NOT NULL DEFAULT 0,
    -- Whether it waits for the person who has the conversation.
    with_person  INTEGER NOT NULL DEFAULT 0,
    -- When it has to be looked at next: to remind, because it is due, or because the result is there. NULL if never.
    wake_at      INTEGER,
    made_at      INTEGER NOT NULL,
    settled_at   INTEGER
) STRICT;
CREATE INDEX promises_by_conversation ON promises (conversation, number);
CREATE INDEX promises_by_ticket ON promises (ticket) WHERE ticket IS NOT NULL;
CREATE INDEX promises_by_action ON promises (action) WHERE action IS NOT NULL;
CREATE INDEX promises_by_waking ON promises (wake_at) WHERE wake_at IS NOT NULL;
