//! What do a shop's sums come to? Money in whole cents, shares of discounts, prices of today, deadlines, sizes.
//!
//! Policies name these sums, retrieval lays them over the product that is talked about, and nothing else computes an
//! amount or a time that a customer hears. Everything is pure: records come in as their fields, the moment as [`Now`].
//! `None` always means that the records do not say enough; no sum is ever guessed.
//!
//! [`Now`]: crate::time::Now

mod deadlines;
mod money;
mod offers;
mod prices;
mod shares;
mod sizes;

#[cfg(test)]
mod tests;

pub use deadlines::{
    days_after_signed, dispatch_deadline, signed_at, warranty_end, working_days_after, working_deadline,
};
pub use money::Money;
pub use offers::{Offer, Reduction, offer};
pub use prices::{Prices, latest_price, price_difference, public_price};
pub use shares::{Share, share_of};
pub use sizes::{Advice, Measures, advise};
