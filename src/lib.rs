//! Warmdesk: a self-hosted customer-service assistant for online shops.
//!
//! The modules are listed in the order in which a message travels. Open `turn` first: it is the path of one
//! message on one page; everything else feeds it, carries it, or shows it to people.

pub mod identity;
pub mod time;
pub mod parallel;
pub mod record;
pub mod calculation;
pub mod classifier;
pub mod pack;
pub mod policy;
pub mod turn;
pub mod conversation;
pub mod pictures;
pub mod desk;
pub mod staff;
pub mod assist;
pub mod actions;
pub mod flows;
pub mod proactive;
pub mod gaps;
pub mod webhooks;
pub mod customers;
pub mod knowledge;
pub mod model;
pub mod store;
pub mod connect;
pub mod app;
pub mod http;
pub mod web;
pub mod example;
pub mod eval;
pub mod bench;
pub mod config;
pub mod telemetry;
pub mod cli;
