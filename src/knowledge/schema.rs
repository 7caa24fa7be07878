//! What an index document holds, and how a record becomes one.

use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::{PreTokenizedString, TokenizerManager};
use tantivy::{Index, TantivyDocument, Term};

use super::analyzer::{Analyzer, View, ViewTokenizer};
use crate::identity::ShopId;
use crate::record::{Record, RecordKind, clean_title};

/// Names of the fields that are read as columns, to tell who may see a document.
pub(super) const SHOP: &str = "shop";
pub(super) const OWNER: &str = "owner";
pub(super) const KIND: &str = "kind";

/// The owner of everything that is not private. No customer's mark can be equal to it.
const PUBLIC: &str = "*";

/// One text in its three views: words, singles, pairs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub fields: [Field; 3],
}

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// Shop, kind and id in one, by which a document is replaced.
    pub key: Field,
    pub shop: Field,
    pub owner: Field,
    pub kind: Field,
    pub id: Field,
    /// The product a record belongs to.
    pub product: Field,
    /// Titles and ids; ways to ask; bodies.
    pub parts: [Part; 3],
}

pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let key = builder.add_text_field("key", STRING);
    let shop = builder.add_text_field(SHOP, STRING | FAST);
    let owner = builder.add_text_field(OWNER, STRING | FAST);
    let kind = builder.add_text_field(KIND, STRING | STORED | FAST);
    let id = builder.add_text_field("id", STRING | STORED);
    let product = builder.add_text_field("product", STRING);
    let mut part = |name: &str| Part {
        fields: View::ALL.map(|view| {
            let indexing = TextFieldIndexing::default()
                .set_tokenizer(view.name())
                .set_index_option(IndexRecordOption::WithFreqs);
            builder.add_text_field(
                &format!("{name}_{}", view.name()),
                TextOptions::default().set_indexing_options(indexing),
            )
        }),
    };
    let parts = [part("title"), part("asked"), part("body")];
    let fields = Fields { key, shop, owner, kind, id, product, parts };
    (builder.build(), fields)
}

/// Makes the analyzer known to an index.
pub(super) fn register(index: &Index, analyzer: &Analyzer) {
    let manager: &TokenizerManager = index.tokenizers();
    for view in View::ALL {
        manager.register(view.name(), ViewTokenizer { analyzer: analyzer.clone(), view });
    }
}

/// The document of a record, or none if records of its kind are never searched.
pub(super) fn document(
    fields: &Fields,
    analyzer: &Analyzer,
    shop: &ShopId,
    record: &Record,
) -> Option<TantivyDocument> {
    if matches!(record.kind, RecordKind::Customer | RecordKind::Shipment | RecordKind::PriceHistory) {
        return None;
    }
    let owner = if record.kind.is_private() { owner_mark(record.customer()?) } else { PUBLIC.to_owned() };
    let mut document = TantivyDocument::default();
    document.add_text(fields.key, key(shop, record.kind, &record.id));
    document.add_text(fields.shop, shop.as_str());
    document.add_text(fields.owner, owner);
    document.add_text(fields.kind, record.kind.as_str());
    document.add_text(fields.id, &record.id);
    let own_product =
        if record.kind == RecordKind::Product { Some(record.id.as_str()) } else { record.text("product") };
    for product in own_product.into_iter().chain(record.texts("products")) {
        document.add_text(fields.product, product);
    }
    let texts = texts(record);
    for (part, texts) in fields.parts.iter().zip(texts) {
        for text in texts.iter().filter(|text| !text.trim().is_empty()) {
            for (field, tokens) in part.fields.into_iter().zip(analyzer.views(text)) {
                document.add_pre_tokenized_text(field, PreTokenizedString { text: String::new(), tokens });
            }
        }
    }
    Some(document)
}

/// Which documents a scope may see of one owner.
pub(super) fn owner_mark(customer: &str) -> String {
    format!("c:{customer}")
}

pub(super) fn public_mark() -> &'static str {
    PUBLIC
}

pub(super) fn key(shop: &ShopId, kind: RecordKind, id: &str) -> String {
    // Ids hold no control characters, so the parts cannot run into each other.
    format!("{shop}\u{1}{kind}\u{1}{id}")
}

pub(super) fn key_term(fields: &Fields, shop: &ShopId, kind: RecordKind, id: &str) -> Term {
    Term::from_field_text(fields.key, &key(shop, kind, id))
}

/// Title with id, ways to ask, body.
fn texts(record: &Record) -> [Vec<String>; 3] {
    let own = |field: &str| record.text(field).map(str::to_owned);
    let title = match record.kind {
        RecordKind::Product => record.text("title").map(clean_title),
        _ => own("title"),
    };
    let mut titles: Vec<String> = title.into_iter().collect();
    titles.extend(own("short_title"));
    titles.push(record.id.clone());
    let asked = record.texts("questions").into_iter().map(str::to_owned).collect();
    let mut body: Vec<String> =
        ["text", "description", "status_text", "valid_text", "about"].into_iter().filter_map(own).collect();
    body.extend(record.items().into_iter().map(|item| item.title));
    for parcel in record.shipments() {
        let tracking = parcel.get("tracking").and_then(|text| text.as_str());
        body.extend(tracking.map(str::to_owned));
    }
    for (field, inner) in [("gifts", "title"), ("skus", "id")] {
        let list = record.fields.get(field).and_then(|value| value.as_array());
        body.extend(list.into_iter().flatten().filter_map(|one| one.get(inner)?.as_str().map(str::to_owned)));
    }
    if let Some(attributes) = record.fields.get("attributes").and_then(|value| value.as_object()) {
        body.extend(
            attributes.iter().filter_map(|(name, value)| Some(format!("{name} {}", value.as_str()?))),
        );
    }
    [titles, asked, body]
}
