-- What happens in the shop, as its systems and its pages report it.
CREATE TABLE shop_events (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    shop         TEXT NOT NULL,
    -- The sender's own id: the same one is taken once.
    id           TEXT NOT NULL,
    type         TEXT NOT NULL,
    -- Whom it concerns: `customer:…` or `visitor:…`; NULL for what concerns a product alone.
    person       TEXT,
    product      TEXT,
    of_order     TEXT,
    conversation TEXT,
    detail       TEXT NOT NULL,
    at           INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    -- Whether it has not been looked at yet for what it begins.
    fresh        INTEGER NOT NULL DEFAULT 1,
    UNIQUE (shop, id)
) STRICT;
CREATE INDEX shop_events_fresh ON shop_events (shop, number) WHERE fresh = 1;
CREATE INDEX shop_events_by_person ON shop_events (shop, person, at) WHERE person IS NOT NULL;
CREATE INDEX shop_events_by_product ON shop_events (shop, product, at) WHERE type = 'product_viewed';

-- What the assistant says, or would say, without being asked: once for a person, a rule and a cause.
CREATE TABLE nudges (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    shop         TEXT NOT NULL,
    rule         TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    person       TEXT NOT NULL,
    cause        TEXT NOT NULL,
    -- The event that began it.
    event        INTEGER NOT NULL REFERENCES shop_events (number),
    product      TEXT,
    state        TEXT NOT NULL,
    reason       TEXT,
    due          INTEGER NOT NULL,
    expires      INTEGER NOT NULL,
    looks        INTEGER NOT NULL DEFAULT 0,
    planned_at   INTEGER NOT NULL,
    settled_at   INTEGER,
    conversation TEXT REFERENCES conversations (id),
    message      TEXT,
    text         TEXT,
    why          TEXT,
    shown_at     INTEGER,
    opened_at    INTEGER,
    answered_at  INTEGER,
    dismissed_at INTEGER,
    UNIQUE (shop, rule, person, cause)
) STRICT;
CREATE INDEX nudges_due ON nudges (shop, due) WHERE state = 'planned';
CREATE INDEX nudges_by_person ON nudges (shop, person, settled_at);
CREATE INDEX nudges_by_rule ON nudges (shop, rule, settled_at);
CREATE INDEX nudges_sent ON nudges (shop, settled_at) WHERE state = 'sent';
CREATE INDEX nudges_by_conversation ON nudges (conversation, number) WHERE conversation IS NOT NULL;

-- What people do not want to hear any more: everything but their own orders (rule is empty), or one rule.
CREATE TABLE nudge_refusals (
    shop   TEXT NOT NULL,
    person TEXT NOT NULL,
    rule   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (shop, person, rule)
) STRICT;

-- The price and stock of each product as they were last seen, by which a change is noticed.
CREATE TABLE product_watch (
    shop    TEXT NOT NULL,
    product TEXT NOT NULL,
    price   REAL,
    stock   INTEGER,
    PRIMARY KEY (shop, product)
) STRICT;
