-- How many were before the customer when they last had a word of it; NULL while that is not known.
ALTER TABLE waits ADD COLUMN told_ahead INTEGER;
-- Words that told that they have moved up.
ALTER TABLE waits ADD COLUMN moved_up INTEGER NOT NULL DEFAULT 0;
-- From when on they may hear that they have moved up; NULL if never.
ALTER TABLE waits ADD COLUMN place_at INTEGER;
