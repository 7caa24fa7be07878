//! What to do about it: the scenario, a handoff or the goals in order, each with its realisation. Pure.
