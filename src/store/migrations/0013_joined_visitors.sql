-- The customers that visitors turned out to be: one request showed the token of the visitor's session and the customer's proof.
CREATE TABLE joined_visitors (
    shop      TEXT NOT NULL,
    visitor   TEXT NOT NULL,
    -- The first one for good: a browser that two customers use is nobody's.
    customer  TEXT NOT NULL,
    -- What the visitor did until then is the customer's; what comes later may be somebody else's.
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (shop, visitor)
) STRICT;
CREATE INDEX joined_visitors_by_customer ON joined_visitors (shop, customer);

-- Whether a visit has shown a conversation, and which one a customer's page has open.
CREATE INDEX sessions_by_conversation ON sessions (conversation, created_at);
CREATE INDEX sessions_by_customer ON sessions (shop, customer, created_at) WHERE customer IS NOT NULL;
