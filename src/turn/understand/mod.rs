//! What did the customer say: normalised text, resolved question, intent, emotion, entities. Pure; text only.
