//! Tests of the model module. Those in `real` need the small model's weights and are skipped without them.

mod cards;
mod engine;
mod hub;
mod prompts;
mod pulling;
mod real;
mod remote;
mod scripted;
mod tiny;
