//! How good is it? Labelled data in, scores out; the same functions serve the command line and the project's tests.

pub mod understanding;
