//! The doors, called through the router with fakes behind them.

mod fakes;
mod app;
mod bad_input;
mod auth;
mod chat;
mod conversations;
mod customers;
mod desk;
mod facts;
mod openai;
mod operations;
mod openapi;
mod pages;
mod staff;
mod browser;
mod suggest;
