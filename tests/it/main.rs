//! The one integration binary: the program from outside.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that fails may panic, and documents itself")]

mod http;

mod app;
mod actions;
mod appliance;
mod program;
mod random;

mod ablation;
mod absent;
mod bad_input;
mod cli;
mod connect;
mod customers;
mod desk;
mod dialogues;
mod example;
mod gaps;
mod handoff;
mod interrupted;
mod killed;
mod openai_client;
mod orders;
mod pack;
mod pictures;
mod pressure;
mod proactive;
mod proactive_day;
mod real_model;
mod rebuilt;
mod red_team;
mod reload;
mod staff;
mod streams;
mod replay;
mod suggest;
mod tables;
mod webhooks;
mod unclaimed;
mod without_model;
