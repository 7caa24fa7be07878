-- What is looked for again and again is found without reading the whole table.

-- The action of a flow's step, in the transaction of the turn that begins it. It does not begin with the shop, for it would then be
-- taken for whatever is asked of a shop's actions.
CREATE INDEX actions_by_identity ON actions (identity, number);
-- The flows of one customer: the open ones in a turn, all when it is erased.
DROP INDEX flows_by_customer;
CREATE INDEX flows_by_customer ON flows (shop, customer, state, number) WHERE customer IS NOT NULL;
-- Conversations that have come to rest since the last look.
CREATE INDEX conversations_by_change ON conversations (updated_at);
-- Tickets that were put off. While the index had no shop, they were looked for among all tickets of the shop.
DROP INDEX tickets_by_snooze;
CREATE INDEX tickets_by_snooze ON tickets (shop, snoozed_until) WHERE snoozed_until IS NOT NULL;
-- When a person has last closed what was said first, by its rule.
CREATE INDEX nudges_dismissed ON nudges (shop, person, rule, dismissed_at) WHERE dismissed_at IS NOT NULL;
