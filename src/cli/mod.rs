//! The command line: the only module that reads the environment, and where everything is wired together.
pub mod model;
