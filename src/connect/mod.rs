//! How does Warmdesk reach the shop's other systems? A look-up of orders at question time, for shops that keep them
//! elsewhere, behind a time limit and a circuit breaker; and the one place that says where a turn's records come from.

mod breaker;
mod orders;
mod signature;
mod source;

pub use breaker::BreakerState;
pub use orders::{ConnectError, OUTSIDE_KINDS, Orders, OrdersOptions, OrdersState, Outage};
pub use signature::{SignatureError, Signer};
pub use source::ShopSource;
