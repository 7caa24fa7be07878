-- Who should take a ticket, whoever has it; a name of the staff.
ALTER TABLE tickets ADD COLUMN assignee TEXT;
-- The resolved ticket whose matter this one takes up again.
ALTER TABLE tickets ADD COLUMN reopens TEXT;
-- When a snoozed ticket comes back by itself.
ALTER TABLE tickets ADD COLUMN snoozed_until INTEGER;
-- Since when the customer waits for a word of a person; NULL while nobody waits.
ALTER TABLE tickets ADD COLUMN waiting_since INTEGER;
-- When a person wrote for the first time.
ALTER TABLE tickets ADD COLUMN first_response_at INTEGER;
-- Who was told that nobody takes it: 0 nobody, 1 the group, 2 a lead.
ALTER TABLE tickets ADD COLUMN escalation INTEGER NOT NULL DEFAULT 0;

UPDATE tickets SET waiting_since = opened_at WHERE status = 'open';
UPDATE tickets SET first_response_at = claimed_at WHERE claimed_at IS NOT NULL;

-- A ticket that is snoozed is still the one that a person has.
DROP INDEX tickets_one_now;
CREATE UNIQUE INDEX tickets_one_now ON tickets (conversation)
    WHERE mode = 'now' AND status IN ('open', 'claimed', 'snoozed');
CREATE INDEX tickets_by_snooze ON tickets (snoozed_until) WHERE snoozed_until IS NOT NULL;

CREATE TABLE ticket_tags (
    shop   TEXT NOT NULL,
    ticket TEXT NOT NULL REFERENCES tickets (id),
    tag    TEXT NOT NULL,
    PRIMARY KEY (ticket, tag)
) STRICT;
CREATE INDEX ticket_tags_by_tag ON ticket_tags (shop, tag);

-- A ticket as it is read: its tags in one text, each on a line of its own.
CREATE VIEW tickets_with_tags AS
    SELECT tickets.*, (SELECT group_concat(tag, char(10)) FROM
        (SELECT tag FROM ticket_tags WHERE ticket = tickets.id ORDER BY tag)) AS tags
    FROM tickets;

-- Who has been at the desk lately.
CREATE INDEX audit_by_time ON audit (shop, at);

-- Conversations that were handed over and that nobody has taken, each with what was done about it.
CREATE TABLE waits (
    ticket       TEXT PRIMARY KEY REFERENCES tickets (id),
    shop         TEXT NOT NULL,
    conversation TEXT NOT NULL REFERENCES conversations (id),
    since        INTEGER NOT NULL,
    -- Words that told how the wait stands.
    updates      INTEGER NOT NULL DEFAULT 0,
    -- Whether a call-back was offered because the wait is longer than was announced.
    called_back  INTEGER NOT NULL DEFAULT 0,
    -- Whether it has become a message for the next business day.
    is_left      INTEGER NOT NULL DEFAULT 0,
    -- How often something was done; who saw it otherwise comes too late.
    steps        INTEGER NOT NULL DEFAULT 0,
    -- When it has to be looked at next; NULL if never.
    wake_at      INTEGER
) STRICT;
CREATE INDEX waits_by_waking ON waits (wake_at) WHERE wake_at IS NOT NULL;

INSERT INTO waits (ticket, shop, conversation, since, wake_at)
    SELECT id, shop, conversation, opened_at, opened_at FROM tickets WHERE mode = 'now' AND status = 'open';
