//! The only module that contains SQL: one grouped writer, a reader pool, embedded migrations.
