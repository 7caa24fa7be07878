//! The exit gate: the only place that can build `Vetted` text. Pure.
