//! How does Warmdesk reach the shop's other systems? A look-up of orders at question time, for shops that keep them
//! elsewhere, and actions that the shop's system executes, behind a time limit and a circuit breaker; and the one place that
//! says where a turn's records come from.

mod actions;
mod breaker;
mod orders;
mod post;
mod signature;
mod source;
mod webhooks;

pub use actions::{ActionsError, ActionsOptions, Answered, Probed, ShopActions, is_refusal};
pub use breaker::BreakerState;
pub use orders::{ConnectError, OUTSIDE_KINDS, Orders, OrdersOptions, OrdersState, Outage};
pub use signature::{SignatureError, Signer};
pub use source::ShopSource;
pub use webhooks::{Courier, CourierError, Target, TargetError};
