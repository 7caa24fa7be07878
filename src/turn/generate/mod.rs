//! What the model is asked to write, and how its stream becomes sentences.
