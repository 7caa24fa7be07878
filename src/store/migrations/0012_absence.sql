-- Whether whoever has the ticket has had the desk open since they took it: only of those it is noticed that they are gone.
ALTER TABLE tickets ADD COLUMN watched INTEGER NOT NULL DEFAULT 0;
-- Whether it comes before the others of its priority: it was taken before, and whoever had it is gone.
ALTER TABLE tickets ADD COLUMN goes_first INTEGER NOT NULL DEFAULT 0;
CREATE INDEX tickets_watched ON tickets (shop) WHERE watched = 1 AND status = 'claimed';

-- How many were before the customer when they last had a word of it; NULL while that is not known.
ALTER TABLE waits ADD COLUMN told_ahead INTEGER;
-- Words that told that they have moved up.
ALTER TABLE waits ADD COLUMN moved_up INTEGER NOT NULL DEFAULT 0;
-- From when on they may hear that they have moved up; NULL if never.
ALTER TABLE waits ADD COLUMN place_at INTEGER;
