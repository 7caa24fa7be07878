//! What a shop knows in typed form: products, orders, shipments, knowledge, policies; read from one JSON object a line.
