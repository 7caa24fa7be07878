//! What each known field of each kind of record must look like. Fields that are not listed here are free.

use super::RecordKind;

/// What a value must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Any text.
    Text,
    /// Text that follows the rules of ids.
    Id,
    /// A number that is not negative and not absurd.
    Money,
    /// A number above zero.
    Quantity,
    /// A whole number that is not negative.
    Count,
    /// A whole number or a text, as systems write versions.
    Version,
    /// True or false.
    Flag,
    /// A time as shops write it.
    Time,
    /// An object of any content.
    Free,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of such values.
    List(&'static Shape),
    /// An object with these fields.
    Object(&'static [Rule]),
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it must be.
    pub shape: Shape,
    /// Whether it must be there.
    pub required: bool,
}

const fn may(name: &'static str, shape: Shape) -> Rule {
    Rule { name, shape, required: false }
}

const fn must(name: &'static str, shape: Shape) -> Rule {
    Rule { name, shape, required: true }
}

/// Fields that any record may have.
pub(super) const COMMON: &[Rule] = &[
    must("id", Shape::Id),
    may("shop", Shape::Id),
    may("channel", Shape::Text),
    may("version", Shape::Version),
    may("updated_at", Shape::Time),
    may("valid_from", Shape::Time),
    may("valid_until", Shape::Time),
    may("valid_text", Shape::Text),
    may("currency", Shape::Text),
];

const OUTCOMES: Shape = Shape::OneOf(&["allowed", "refused", "needs_person"]);
const IDS: Shape = Shape::List(&Shape::Id);
const TEXTS: Shape = Shape::List(&Shape::Text);

const SKU: &[Rule] = &[
    must("id", Shape::Id),
    may("attributes", Shape::Free),
    may("price", Shape::Money),
    may("stock", Shape::Count),
    may("restock_at", Shape::Time),
    may("status", Shape::Text),
];

const GIFT: &[Rule] = &[must("title", Shape::Text), may("text", Shape::Text)];

const FEE: &[Rule] = &[must("title", Shape::Text), must("amount", Shape::Money), may("text", Shape::Text)];

const INSURANCE: &[Rule] = &[may("freight", Shape::Flag), may("by", Shape::OneOf(&["shop", "customer"]))];

const PRESALE: &[Rule] = &[
    may("deposit", Shape::Money),
    may("deposit_worth", Shape::Money),
    may("deposit_paid_at", Shape::Time),
    may("balance", Shape::Money),
    may("balance_from", Shape::Time),
    may("balance_until", Shape::Time),
    may("ship_by", Shape::Time),
];

const LIFE_STAGE: &[Rule] = &[may("from_month", Shape::Count), may("to_month", Shape::Count)];

const PRODUCT: &[Rule] = &[
    must("title", Shape::Text),
    may("short_title", Shape::Text),
    may("price", Shape::Money),
    may("status", Shape::OneOf(&["on_sale", "off_sale", "presale", "sold_out"])),
    may("stock", Shape::Count),
    may("description", Shape::Text),
    may("attributes", Shape::Free),
    may("gifts", Shape::List(&Shape::Object(GIFT))),
    may("exchange_for", IDS),
    may("goes_with", IDS),
    may("recommend", Shape::Flag),
    may("skus", Shape::List(&Shape::Object(SKU))),
    may("size_chart", Shape::Free),
    may("category", Shape::Text),
    may("fees", Shape::List(&Shape::Object(FEE))),
    may("warranty_months", Shape::Count),
    may("insurance", Shape::Object(INSURANCE)),
    may("care_tips", Shape::Text),
    may("return_class", Shape::OneOf(&["normal", "opened_excluded", "fresh", "custom", "digital"])),
    may("shelf_life_days", Shape::Count),
    may("life_stage", Shape::Object(LIFE_STAGE)),
    may("replenish_days", Shape::Count),
    may("ship_within_hours", Shape::Count),
    may("presale", Shape::Object(PRESALE)),
    may("listed_at", Shape::Time),
];

const PROMOTION: &[Rule] = &[
    must("title", Shape::Text),
    may("text", Shape::Text),
    may("promotion_kind", Shape::Text),
    may("products", IDS),
    may("scope", Shape::Free),
    may("amount", Shape::Money),
    may("reduce", Shape::Money),
    may("threshold", Shape::Money),
    may("price", Shape::Money),
    may("quantity", Shape::Quantity),
    may("maximum", Shape::Money),
    may("deposit", Shape::Money),
    may("deposit_worth", Shape::Money),
    may("balance", Shape::Money),
    may("excluded_products", IDS),
    may("regions", TEXTS),
    may("channels", TEXTS),
    may("members_only", Shape::Flag),
    may("per_customer", Shape::Count),
    may("stack_with", TEXTS),
    may("public", Shape::Flag),
    may("gifts", Shape::List(&Shape::Object(GIFT))),
];

const COUPON: &[Rule] = &[
    must("customer", Shape::Id),
    may("title", Shape::Text),
    may("order", Shape::Id),
    may("promotion", Shape::Id),
    may("status", Shape::Text),
    may("expires_at", Shape::Time),
    may("amount", Shape::Money),
    may("threshold", Shape::Money),
];

const PRICE_HISTORY: &[Rule] = &[
    must("product", Shape::Id),
    may("sku", Shape::Id),
    must("price", Shape::Money),
    may("price_kind", Shape::OneOf(&["list", "activity", "flash"])),
    may("from", Shape::Time),
    may("until", Shape::Time),
];

const KNOWLEDGE: &[Rule] = &[
    may("title", Shape::Text),
    must("text", Shape::Text),
    may("product", Shape::Id),
    may("questions", TEXTS),
    may("policy", Shape::Flag),
    may("scenario", Shape::Id),
];

const AUTHORITY: &[Rule] = &[
    may("bot", Shape::Money),
    may("agent", Shape::Money),
    may("lead", Shape::Money),
    may("manager", Shape::Money),
];

/// To what a rule applies; to everything where nothing is named.
const SCOPE: &[Rule] = &[
    may("products", IDS),
    may("categories", TEXTS),
    may("regions", TEXTS),
    may("channels", TEXTS),
    may("shops", TEXTS),
];

/// `when`, `values`, `says` and `asks` are looked at more closely by [`crate::policy`].
const POLICY: &[Rule] = &[
    may("title", Shape::Text),
    may("text", Shape::Text),
    must("about", Shape::Text),
    may("when", Shape::Text),
    must("then", OUTCOMES),
    may("else", OUTCOMES),
    may("says", Shape::Free),
    may("asks", Shape::Free),
    may("scope", Shape::Object(SCOPE)),
    may("values", Shape::Free),
    may("needs_evidence", TEXTS),
    may("confirm", Shape::Flag),
    may("authority", Shape::Object(AUTHORITY)),
    may("once_per", Shape::Text),
];

const ITEM: &[Rule] = &[
    may("product", Shape::Id),
    may("sku", Shape::Id),
    may("title", Shape::Text),
    may("price", Shape::Money),
    may("quantity", Shape::Quantity),
    may("gift", Shape::Flag),
    may("lot", Shape::Text),
];

const ADDRESS: &[Rule] = &[
    may("name", Shape::Text),
    may("phone", Shape::Text),
    may("province", Shape::Text),
    may("city", Shape::Text),
    may("district", Shape::Text),
    may("street", Shape::Text),
];

const EVENT: &[Rule] = &[
    must("at", Shape::Time),
    may("status", Shape::Text),
    may("place", Shape::Text),
    may("text", Shape::Text),
];

/// A parcel, inside an order or as the body of its own call.
pub(super) const SHIPMENT: &[Rule] = &[
    may("carrier", Shape::Text),
    may("tracking", Shape::Id),
    may("status", Shape::Text),
    may("shipped_at", Shape::Time),
    may("expected_at", Shape::Time),
    may("delivered_at", Shape::Time),
    may("last_event_at", Shape::Time),
    may("signed_by", Shape::Text),
    may("items", Shape::List(&Shape::Object(ITEM))),
    may("events", Shape::List(&Shape::Object(EVENT))),
    may("version", Shape::Version),
    may("updated_at", Shape::Time),
];

const DISCOUNT: &[Rule] = &[may("title", Shape::Text), may("amount", Shape::Money), may("items", IDS)];
const CONFIRMATION: &[Rule] = &[must("what", Shape::Text), may("product", Shape::Id), may("at", Shape::Time)];
const SERVICE: &[Rule] = &[may("type", Shape::Text), may("appointment", Shape::Time)];

const ORDER: &[Rule] = &[
    must("customer", Shape::Id),
    must("status", Shape::Text),
    may("status_text", Shape::Text),
    may("total", Shape::Money),
    may("paid_amount", Shape::Money),
    may("placed_at", Shape::Time),
    may("paid_at", Shape::Time),
    may("ship_by", Shape::Time),
    may("close_at", Shape::Time),
    may("payment", Shape::Text),
    may("items", Shape::List(&Shape::Object(ITEM))),
    may("address", Shape::Object(ADDRESS)),
    may("shipment", Shape::Object(SHIPMENT)),
    may("shipments", Shape::List(&Shape::Object(SHIPMENT))),
    may("discounts", Shape::List(&Shape::Object(DISCOUNT))),
    may("goods_amount", Shape::Money),
    may("shipping_fee", Shape::Money),
    may("balance", Shape::Money),
    may("confirmations", Shape::List(&Shape::Object(CONFIRMATION))),
    may("insurance", Shape::Object(INSURANCE)),
    may("urgent", Shape::Flag),
    may("custom", Shape::Free),
    may("invoice", Shape::Free),
    may("service", Shape::Object(SERVICE)),
    may("presale", Shape::Object(PRESALE)),
    may("remarks", Shape::Text),
];

const REFUND: &[Rule] = &[
    may("channel", Shape::Text),
    may("amount", Shape::Money),
    may("submitted_at", Shape::Time),
    may("done_at", Shape::Time),
    may("latest_at", Shape::Time),
];

const AFTERSALE: &[Rule] = &[
    must("customer", Shape::Id),
    may("order", Shape::Id),
    may(
        "type",
        Shape::OneOf(&["refund_only", "return_refund", "exchange", "reissue", "repair", "price_protection"]),
    ),
    may("cause", Shape::OneOf(&["seller", "buyer", "carrier", "unknown"])),
    may("status", Shape::Text),
    may("status_text", Shape::Text),
    may("applied_at", Shape::Time),
    may("deadline_at", Shape::Time),
    may("amount", Shape::Money),
    may("items", Shape::List(&Shape::Object(ITEM))),
    may("return_shipment", Shape::Object(SHIPMENT)),
    may("new_shipment", Shape::Object(SHIPMENT)),
    may("refund", Shape::Object(REFUND)),
    may("evidence", Shape::List(&Shape::Free)),
    may("decided_by", Shape::Text),
];

const BATCH: &[Rule] = &[
    must("product", Shape::Id),
    may("lot", Shape::Text),
    may("produced_at", Shape::Time),
    may("expires_at", Shape::Time),
];

/// Where a notice holds; a list that is not there leaves nothing out.
const NOTICE_SCOPE: &[Rule] = &[may("regions", TEXTS), may("products", IDS), may("carriers", TEXTS)];

const NOTICE: &[Rule] =
    &[may("title", Shape::Text), must("text", Shape::Text), may("scope", Shape::Object(NOTICE_SCOPE))];

const CHANNELS: &[Rule] = &[may("sms", Shape::Flag), may("push", Shape::Flag)];

/// What a customer has agreed to; nothing that is not said is agreed to.
const CONSENT: &[Rule] = &[
    may("transactional", Shape::Flag),
    may("marketing", Shape::Flag),
    may("child_profile", Shape::Flag),
    may("proactive", Shape::Flag),
    may("channels", Shape::Object(CHANNELS)),
];

const CUSTOMER: &[Rule] = &[
    may("name", Shape::Text),
    may("phone", Shape::Text),
    may("profile", Shape::Free),
    may("tags", TEXTS),
    may("consent", Shape::Object(CONSENT)),
    may("member", Shape::Text),
    may("member_level", Shape::Text),
    may("risk", Shape::Text),
];

/// The fields of a kind, beside the common ones.
pub(super) fn rules(kind: RecordKind) -> &'static [Rule] {
    match kind {
        RecordKind::Product => PRODUCT,
        RecordKind::Promotion => PROMOTION,
        RecordKind::Coupon => COUPON,
        RecordKind::PriceHistory => PRICE_HISTORY,
        RecordKind::Knowledge => KNOWLEDGE,
        RecordKind::Policy => POLICY,
        RecordKind::Order => ORDER,
        RecordKind::Shipment => SHIPMENT,
        RecordKind::Aftersale => AFTERSALE,
        RecordKind::Batch => BATCH,
        RecordKind::Notice => NOTICE,
        RecordKind::Customer => CUSTOMER,
    }
}

/// Fields that code works out, beside those a kind comes with; see [`super::derived_fields`].
pub(super) fn derived(kind: RecordKind) -> &'static [Rule] {
    match kind {
        RecordKind::Order => DERIVED_ORDER,
        RecordKind::Shipment => DERIVED_SHIPMENT,
        RecordKind::Product => DERIVED_PRODUCT,
        RecordKind::Aftersale => DERIVED_AFTERSALE,
        _ => &[],
    }
}

const DERIVED_ORDER: &[Rule] = &[
    may("id_tail", Shape::Text),
    may("item_count", Shape::Count),
    may("overdue", Shape::Flag),
    may("short_title", Shape::Text),
];

const DERIVED_SHIPMENT: &[Rule] = &[
    may("id", Shape::Id),
    may("order", Shape::Id),
    may("number", Shape::Count),
    may("tracking_tail", Shape::Text),
    may("hours_since_event", Shape::Count),
    may("last_event_text", Shape::Text),
    may("last_event_place", Shape::Text),
    may("overdue", Shape::Flag),
];

const DERIVED_PRODUCT: &[Rule] = &[
    may("variant", Shape::Text),
    may("warranty", Shape::Text),
    may("ordered", Shape::Object(ORDERED)),
    may("size_advice", Shape::Object(SIZE_ADVICE)),
    may("offer", Shape::Object(OFFER)),
];

const DERIVED_AFTERSALE: &[Rule] = &[may("overdue", Shape::Flag), may("id_tail", Shape::Text)];

const ORDERED: &[Rule] = &[may("name", Shape::Text), may("stock", Shape::Count)];

/// The size that the chart gives for whom it is asked; see [`crate::calculation::advise`].
const SIZE_ADVICE: &[Rule] = &[
    may("size", Shape::Text),
    may("outside", Shape::Flag),
    may("decided_by", Shape::Text),
    may("height", Shape::Quantity),
    may("weight", Shape::Quantity),
    may("months", Shape::Quantity),
    may("from", Shape::Quantity),
    may("until", Shape::Quantity),
    may("dimensions", Shape::Text),
    may("other_size", Shape::Text),
    may("other_from", Shape::Quantity),
    may("other_until", Shape::Quantity),
    may("other_limit", Shape::Quantity),
    may("other_dimensions", Shape::Text),
];

/// What one piece costs now; see [`crate::calculation::offer`].
const OFFER: &[Rule] = &[
    may("price", Shape::Money),
    may("promotion_price", Shape::Money),
    may("promotion_amount", Shape::Money),
    may("promotion", Shape::Object(TERMS)),
    may("coupon_price", Shape::Money),
    may("coupon", Shape::Object(TERMS)),
];

const TERMS: &[Rule] = &[
    may("title", Shape::Text),
    may("amount", Shape::Money),
    may("threshold", Shape::Money),
    may("valid_until", Shape::Time),
    may("expires_at", Shape::Time),
];

/// The line of the order that is in question.
pub(super) const ITEM_IN_QUESTION: &[Rule] = &[may("place", Shape::Count), may("short_title", Shape::Text)];

const CONVERSATION: &[Rule] = &[
    may("unresolved_turns", Shape::Count),
    may("first_turn", Shape::Flag),
    may("need", Shape::Text),
    may("urgent", Shape::Flag),
    may("contacts", Shape::Count),
];

const DESK: &[Rule] = &[
    may("open", Shape::Flag),
    may("opens_at", Shape::Time),
    may("ahead", Shape::Count),
    may("wait_minutes", Shape::Count),
    may("due", Shape::Time),
    may("agent", Shape::Text),
    may("group", Shape::Text),
];

const NAMED: &[Rule] = &[may("name", Shape::Text)];

/// What is known of the conversation, the desk and the shop.
pub(super) const AROUND: &[(&str, &[Rule])] =
    &[("conversation", CONVERSATION), ("desk", DESK), ("shop", NAMED), ("assistant", NAMED)];

/// The fields of a line of an order.
pub(super) const ORDER_ITEM: &[Rule] = ITEM;

/// Pairs of fields of which the first must not be later than the second.
pub(super) const SPANS: &[(&str, &str)] = &[
    ("valid_from", "valid_until"),
    ("from", "until"),
    ("produced_at", "expires_at"),
    ("balance_from", "balance_until"),
];
