//! Where is a customer's look-up sent? The configured address with the customer's id in its places, and never to another
//! host, path or port than the configured one, whatever the id is.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

use super::ConnectError;
use crate::connect::post;
use crate::identity::{CustomerId, ShopId};

/// Stands for the customer's id.
const CUSTOMER: &str = "{customer}";
/// Stands for the shop's id.
const SHOP: &str = "{shop}";

/// Everything that may mean something in an address is written as `%XX`.
const MEANINGFUL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~').remove(b'.');

/// The configured address, checked.
#[derive(Debug, Clone)]
pub(super) struct Address {
    template: String,
    /// With an id in its places that means nothing, to compare others with.
    model: Url,
}

impl Address {
    /// Checks a configured address.
    ///
    /// # Errors
    /// If it is no http or https address, holds a name and password, or has a place for an id in front of its path.
    pub(super) fn new(template: &str) -> Result<Self, ConnectError> {
        let refuse = |why: &'static str| ConnectError::Address { address: template.to_owned(), why };
        let model =
            Url::parse(&filled(template, "x", "x")).map_err(|_| refuse("it is no http or https address"))?;
        if !matches!(model.scheme(), "http" | "https") || !model.has_host() {
            return Err(refuse("it is no http or https address"));
        }
        if !model.username().is_empty() || model.password().is_some() {
            // The address is shown in logs; a password in it would be, too.
            return Err(ConnectError::PasswordInAddress);
        }
        let origin: String =
            template.split(['?', '#']).take(1).flat_map(|part| part.splitn(4, '/').take(3)).collect();
        if origin.contains(['{', '}']) {
            return Err(refuse("a place for an id may only stand in its path or query"));
        }
        if filled(template, "", "").contains(['{', '}']) {
            return Err(refuse("the places for ids are called `{customer}` and `{shop}`"));
        }
        Ok(Self { template: template.to_owned(), model })
    }

    /// The address of one customer's look-up; `None` if the id would lead anywhere else, as `..` does.
    pub(super) fn of(&self, shop: &ShopId, customer: &CustomerId) -> Option<Url> {
        let encoded = |id: &str| utf8_percent_encode(id, MEANINGFUL).to_string();
        let url =
            Url::parse(&filled(&self.template, &encoded(customer.as_str()), &encoded(shop.as_str()))).ok()?;
        let depth = |url: &Url| url.path_segments().map_or(0, Iterator::count);
        let same = url.origin() == self.model.origin() && depth(&url) == depth(&self.model);
        same.then_some(url)
    }

    /// Scheme, host and port, for people.
    pub(super) fn host(&self) -> String {
        post::host(&self.model)
    }

    /// Whether what is sent can be read on the way: plain HTTP to another machine.
    pub(super) fn is_readable_on_the_way(&self) -> bool {
        post::is_readable_on_the_way(&self.model)
    }
}

fn filled(template: &str, customer: &str, shop: &str) -> String {
    template.replace(SHOP, shop).replace(CUSTOMER, customer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_only_ever_fills_its_place() {
        let check = |template: &str, customer: &str, expected: Option<&str>| {
            let address = Address::new(template).unwrap();
            let url = address.of(&ShopId::default(), &CustomerId::new(customer).unwrap());
            assert_eq!(url.as_ref().map(Url::as_str), expected, "{template} for {customer:?}");
        };
        let path = "https://shop.example/{shop}/customers/{customer}/orders";
        check(path, "cus_1001", Some("https://shop.example/default/customers/cus_1001/orders"));
        check(path, "a/../b?c#d", Some("https://shop.example/default/customers/a%2F..%2Fb%3Fc%23d/orders"));
        check(
            path,
            "顾客 一",
            Some("https://shop.example/default/customers/%E9%A1%BE%E5%AE%A2%20%E4%B8%80/orders"),
        );
        check(path, "{customer}", Some("https://shop.example/default/customers/%7Bcustomer%7D/orders"));
        check(path, "..", None);
        check(path, ".", None);
        check(
            "https://shop.example/find?who={customer}",
            "a&b=c",
            Some("https://shop.example/find?who=a%26b%3Dc"),
        );
        check("http://10.0.0.7:8000/find", "a", Some("http://10.0.0.7:8000/find"));
    }

    #[test]
    fn a_bad_address_is_refused_with_its_reason() {
        let check = |template: &str, expected: &str| {
            let message = Address::new(template).unwrap_err().to_string();
            assert!(message.contains(expected), "{template}: {message}");
        };
        check("orders.example/find", "no http or https address");
        check("ftp://shop.example/find", "no http or https address");
        check("file:///etc/passwd", "no http or https address");
        check("https://{customer}.example/find", "path or query");
        check("https://shop.example:{customer}/find", "http or https address");
        check("https://shop.example/{id}", "`{customer}` and `{shop}`");
        let message = Address::new("https://me:hush@shop.example/").unwrap_err().to_string();
        assert!(message.contains("WARMDESK_ORDERS_TOKEN") && !message.contains("hush"), "{message}");
    }

    #[test]
    fn plain_http_to_another_machine_is_known() {
        let check = |template: &str, expected: bool| {
            assert_eq!(Address::new(template).unwrap().is_readable_on_the_way(), expected, "{template}");
        };
        check("https://shop.example/", false);
        check("http://shop.example/", true);
        check("http://127.0.0.1:9000/", false);
        check("http://[::1]:9000/", false);
        check("http://localhost/", false);
    }
}
