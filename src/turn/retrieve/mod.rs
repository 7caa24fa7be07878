//! Which facts bear on it: orders inside the customer's scope, products, policies and knowledge.
