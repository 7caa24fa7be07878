//! The doors: thin handlers over the conversation, store and knowledge; the only module that knows status codes.
//!
//! Start at [`router()`], which has every route on one page. What the doors need from the rest stands in [`ports`];
//! what goes over the wire stands in [`wire`].

pub mod router;
pub mod state;
pub mod ports;
pub mod wire;
pub mod error;
pub mod auth;
pub mod limits;
pub mod extract;
pub mod middleware;
pub mod server;
pub mod chat;
mod clocks;
pub mod conversations;
pub mod sessions;
pub mod events;
pub mod staff;
pub mod suggest;
pub mod facts;
pub mod flows;
pub mod gaps;
pub mod customers;
pub mod webhooks;
mod handing;
pub mod tickets;
pub mod pictures;
pub mod typing;
pub mod ratings;
pub mod actions;
pub mod openai;
pub mod health;
pub mod openapi;
pub mod pages;
pub mod live;
pub mod nudges;

pub use router::router;
pub use server::serve;
pub use state::{AppState, DoorSettings};
