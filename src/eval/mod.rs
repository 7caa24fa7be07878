//! How good is it? Runs the stages over labelled rows and reports what was right and what was wrong.

pub mod ablation;
pub mod dialogues;
pub mod faq;
pub mod guard;
pub mod proactive;
pub mod replay;
pub mod retrieval;
pub mod understanding;
pub mod tone;
