//! One look-up over HTTP, for one customer.

use serde_json::json;

use super::address::Address;
use super::{ConnectError, OrdersOptions, Outage};
use crate::connect::post::{Poster, PosterError};
use crate::identity::{CustomerId, ShopId};
use crate::record::RecordKind;
use crate::time::Now;

/// What look-ups are sent with.
#[derive(Debug)]
pub(super) struct Caller {
    poster: Poster,
    pub(super) address: Address,
}

impl Caller {
    /// Checks address and secrets; the system itself is not asked before the first look-up.
    pub(super) fn new(options: &OrdersOptions) -> Result<Self, ConnectError> {
        let poster = Poster::new(&options.secret, options.token.clone(), options.timeout);
        Ok(Self {
            address: Address::new(&options.url)?,
            poster: poster.map_err(|error| match error {
                PosterError::Secret(error) => ConnectError::Secret(error),
                PosterError::Client(why) => ConnectError::Client(why),
            })?,
        })
    }

    /// Asks for a customer's records and gives the answer's bytes.
    pub(super) async fn ask(
        &self,
        (shop, customer): (&ShopId, &CustomerId),
        kinds: &[RecordKind],
        now: &Now,
    ) -> Result<Vec<u8>, Outage> {
        let url = self
            .address
            .of(shop, customer)
            .ok_or_else(|| Outage::Unusable("this customer's id cannot stand in the address".to_owned()))?;
        let body = json!({ "shop": shop, "customer": customer, "kinds": kinds }).to_string();
        let id = format!("lookup_{}", uuid::Uuid::now_v7().simple());
        let answer = self.poster.post(url, &id, body, now).await?;
        if answer.status != 200 {
            return Err(Outage::Status(answer.status));
        }
        Ok(answer.body)
    }
}
