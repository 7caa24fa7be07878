-- Questions that nothing answered, each row one group of them.
CREATE TABLE gaps (
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    shop        TEXT NOT NULL,
    question    TEXT NOT NULL,
    -- What the question means, as 32-bit numbers; NULL without an embedder.
    vector      BLOB,
    reason      TEXT NOT NULL,
    scenario    TEXT,
    topic       TEXT,
    product     TEXT,
    state       TEXT NOT NULL,
    answered_by TEXT,
    settled_by  TEXT,
    times       INTEGER NOT NULL,
    first_at    INTEGER NOT NULL,
    last_at     INTEGER NOT NULL,
    -- The newest change of a record when it was last asked: what comes after it may answer it.
    change      INTEGER NOT NULL
) STRICT;
CREATE INDEX gaps_by_state ON gaps (shop, state, times DESC, number);

-- Each asking, as far as it is kept.
CREATE TABLE gap_askings (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    gap          TEXT NOT NULL REFERENCES gaps (id),
    conversation TEXT NOT NULL REFERENCES conversations (id),
    question     TEXT NOT NULL
) STRICT;
CREATE INDEX gap_askings_by_gap ON gap_askings (gap, number);
