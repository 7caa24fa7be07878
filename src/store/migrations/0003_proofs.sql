-- Orders that somebody who has not signed in has proven to hold, each open in one conversation and one matter of it.
CREATE TABLE opened_orders (
    shop         TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    order_id     TEXT NOT NULL,
    -- The conversation's episode: what people have closed is proven anew.
    episode      INTEGER NOT NULL,
    -- The browser that proved it, if it was known; only it goes on.
    visitor      TEXT,
    opened_at    INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    PRIMARY KEY (conversation, order_id)
) STRICT;
CREATE INDEX opened_orders_by_expiry ON opened_orders (expires_at);

-- Wrong proofs, counted by who tried ('visitor:…', 'conversation:…', 'address:…') and for what ('order:…', whether or
-- not there is such an order).
CREATE TABLE wrong_proofs (
    shop    TEXT NOT NULL,
    subject TEXT NOT NULL,
    wrong   INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    PRIMARY KEY (shop, subject)
) STRICT;
CREATE INDEX wrong_proofs_by_time ON wrong_proofs (last_at);
