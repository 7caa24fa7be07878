-- Pictures that customers have sent. The bytes stand in DATA/pictures/<two digits of sha256>/<id>.<extension>.
CREATE TABLE pictures (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    shop         TEXT NOT NULL,
    -- Who has sent it: a verified customer or, without one, a browser.
    customer     TEXT,
    visitor      TEXT,
    -- Where it was sent, as far as that is known.
    conversation TEXT REFERENCES conversations (id),
    kind         TEXT NOT NULL,
    bytes        INTEGER NOT NULL,
    sha256       TEXT NOT NULL,
    at           INTEGER NOT NULL,
    CHECK ((customer IS NULL) <> (visitor IS NULL))
) STRICT;
-- Counting what was sent today reads nothing but this.
CREATE INDEX pictures_by_time ON pictures (shop, at, bytes, customer, visitor);
CREATE INDEX pictures_by_customer ON pictures (shop, customer) WHERE customer IS NOT NULL;

-- What customers thought of the people who have resolved their matters: one word a ticket.
CREATE TABLE ratings (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    shop         TEXT NOT NULL,
    ticket       TEXT NOT NULL UNIQUE REFERENCES tickets (id),
    conversation TEXT NOT NULL REFERENCES conversations (id),
    score        INTEGER NOT NULL CHECK (score BETWEEN 1 AND 5),
    text         TEXT,
    at           INTEGER NOT NULL
) STRICT;
CREATE INDEX ratings_by_time ON ratings (shop, at);
