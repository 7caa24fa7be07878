//! The doors, called through the router with fakes behind them.

mod fakes;
mod app;
mod bad_input;
mod auth;
mod chat;
mod conversations;
mod desk;
mod facts;
mod openai;
mod operations;
mod openapi;
mod pages;
mod browser;
mod suggest;
