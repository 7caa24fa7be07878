//! What the doors for one customer's data need.

use serde_json::Value;

use super::Answer;
use crate::customers::Erased;
use crate::identity::{CustomerId, StaffScope};

/// What is kept of one customer.
pub trait Customers: Send + Sync {
    /// Everything, as one object.
    fn export(&self, staff: StaffScope, customer: CustomerId) -> Answer<'_, Value>;
    /// Erases it; a conflict while something is open, unless `force`, which ends it.
    fn erase(&self, staff: StaffScope, customer: CustomerId, force: bool) -> Answer<'_, Erased>;
}
