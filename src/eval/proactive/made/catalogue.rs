//! What does the made shop know before its day begins? Products, promotions, and customers who have agreed to all kinds of
//! things.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{DATE, Maker, later};
use crate::record::Record;

/// How many products there are.
pub(super) const PRODUCTS: u64 = 200;

/// How many of them have a promotion, and how many change in price or stock in the course of the day.
const PROMOTED: u64 = 20;
const CHANGED: u64 = 20;

/// What a consent may be: nothing on record, refused, given.
const CONSENT: [Option<bool>; 3] = [None, Some(false), Some(true)];

pub(super) fn product_id(number: u64) -> String {
    format!("p{number}")
}

/// The title of a product; a few are infant formula.
pub(super) fn title(number: u64) -> String {
    if number % 40 == 7 { format!("婴儿配方奶粉 {number} 号") } else { format!("样品 {number} 号") }
}

impl Maker {
    /// Fills the shelf.
    pub(super) fn catalogue(&mut self) {
        for number in 0..PRODUCTS {
            let (price, stock) = (self.below(300) + 20, self.stock(number));
            self.know(product(number, price, stock));
            if number % (PRODUCTS / CHANGED) == 3 {
                let at = self.moment();
                self.reads(product(number, price - price / 5, stock + 50), at);
            }
        }
        for number in 0..PROMOTED {
            let product = product_id(number * (PRODUCTS / PROMOTED));
            let until = self.written(later(self.start, 20 * 3600));
            self.know(json!({
                "kind": "promotion", "id": format!("promotion{number}"), "title": "满减", "products": [product],
                "reduce": 10, "threshold": 100, "valid_until": until,
            }));
        }
        for number in 0..self.customers {
            let customer = self.made_customer(number as u64);
            self.know(customer);
        }
    }

    fn know(&mut self, record: Value) {
        self.day.records.extend(Record::from_value(record).ok());
    }

    /// Of those that change, half were sold out.
    fn stock(&mut self, number: u64) -> u64 {
        let sold_out = number % 20 == 3 || number % 23 == 5;
        if sold_out { 0 } else { self.below(500) + 1 }
    }

    /// The first customer has agreed to everything; the consents of the others go through all that there is.
    fn made_customer(&mut self, number: u64) -> Value {
        let said = |place: u64| match number {
            0 => Some(true),
            number => {
                CONSENT
                    [usize::try_from(number / 3_u64.pow(u32::try_from(place).unwrap_or(0)) % 3).unwrap_or(0)]
            }
        };
        let mut consent = json!({});
        for (place, name) in ["transactional", "marketing", "child_profile"].into_iter().enumerate() {
            if let Some(said) = said(place as u64) {
                consent[name] = said.into();
            }
        }
        let mut customer = json!({ "kind": "customer", "id": format!("c{number}"), "consent": consent });
        if let Some(birthday) = self.birthday(number) {
            customer["profile"] = json!({ "child_birthday": birthday });
        }
        customer
    }

    /// Days as they stand in profiles: of the last three years, of today, of the year 2099, and no days at all.
    fn birthday(&mut self, number: u64) -> Option<String> {
        let months = i16::try_from(self.below(36)).unwrap_or_default();
        let days = i16::try_from(self.below(28)).unwrap_or_default();
        match number % 10 {
            // So that each kind of consent meets each kind of day, the step shares no divisor with the three of those.
            0 | 1 => Some(Date::new(DATE.year() - 2, DATE.month(), DATE.day()).ok()?.to_string()),
            2 => Some(Date::new(2099, DATE.month(), DATE.day()).ok()?.to_string()),
            3 => Some("明年春天".to_owned()),
            4..=7 => {
                let span = jiff::Span::new().months(i32::from(months)).days(i32::from(days));
                Some(DATE.checked_sub(span).ok()?.to_string())
            }
            _ => None,
        }
    }
}

fn product(number: u64, price: u64, stock: u64) -> Value {
    let status = if number % 31 == 9 { "off_sale" } else { "on_sale" };
    let mut product = json!({
        "kind": "product", "id": product_id(number), "title": title(number), "price": price, "stock": stock,
        "status": status, "goes_with": [product_id((number + 1) % PRODUCTS), product_id((number + 2) % PRODUCTS)],
    });
    if number.is_multiple_of(4) || number % 40 == 7 {
        product["life_stage"] =
            json!({ "from_month": number / 4 % 36 % 12, "to_month": number / 4 % 36 % 12 + 6 });
    }
    if number.is_multiple_of(6) {
        product["replenish_days"] = (7 + number % 24).into();
    }
    if number % 50 == 11 {
        product["recommend"] = false.into();
    }
    product
}
