//! Offline: sources become documents, documents become an immutable index generation, swapped atomically.
