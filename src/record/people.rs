//! What must not be told of people: names, telephones and streets are taken out of the texts around a parcel.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::Record;
use super::read::text_in;

/// Names, telephones and streets of an order's own people, so that they are found in free text, too.
pub(super) fn people_of(order: &Record) -> Vec<String> {
    let mut known = Vec::new();
    let mut add = |object: Option<&Map<String, Value>>, fields: &[&str]| {
        for field in fields {
            if let Some(text) = object.and_then(|object| text_in(object, field)) {
                known.push(text.to_owned());
            }
        }
    };
    let object = |field: &str| order.fields.get(field).and_then(Value::as_object);
    add(object("address"), &["street", "name", "phone"]);
    add(object("invoice"), &["title", "phone", "email", "tax_number"]);
    // The longest first, so that a street goes before a part of it.
    known.sort_by_key(|text| std::cmp::Reverse(text.len()));
    known.retain(|text| text.chars().count() >= 2);
    known
}

macro_rules! expression {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($source).expect("the expression is a constant"));
    };
}

// A bracket that names a courier: 【张配送员(138****1234)】
expression!(
    PERSON_BRACKET,
    r"[【\[（(][^】\]）)]*(?:配送员|快递员|派送员|投递员|业务员|师傅|先生|女士|小姐|电话|手机|签收人|车牌|\d{3}\*+\d*)[^】\]）)]*[）)]?[】\]）)]"
);
// A labelled person: 配送员：周华
expression!(
    PERSON_LABEL,
    r"[，,；;]?\s*(?:配送员|快递员|派送员|投递员|业务员|师傅|司机|签收人|联系人|收件人|收货人|寄件人|姓名|联系电话|电话|手机号?|车牌)\s*[:：]\s*[^，,。；;、）)】\]\s]+"
);
expression!(TELEPHONE, r"(?:\+?86[- ]?)?1\d{2}[\d*]{4}[\d*]{4}|0\d{2,3}[- ]\d{7,8}");
expression!(ADDRESSED, r"\p{Han}{1,2}(?:先生|女士|小姐)");
expression!(EMPTY_BRACKET, r"[【\[（(]\s*[】\]）)]");
// A street with its number and everything behind it, up to the next stop.
expression!(STREET, r"[\p{Han}A-Za-z0-9]{1,12}?(?:路|街|巷|弄|大道|胡同)\d+号[^，,。；;）)】]*");
expression!(BUILDING, r"\d+\s*(?:号|栋|幢|座|号楼|楼|层|室|单元)");
expression!(
    REGION,
    r"^(?:中国)?(?:\p{Han}{2,8}?(?:省|自治区))?(?:\p{Han}{1,7}?(?:市|自治州|盟))?(?:\p{Han}{1,7}?(?:区|县|旗))?"
);

/// A text of a parcel without people.
pub(super) fn without_people(text: &str, known: &[String]) -> String {
    let mut clean = PERSON_BRACKET.replace_all(text, "").into_owned();
    clean = PERSON_LABEL.replace_all(&clean, "").into_owned();
    for person in known {
        clean = clean.replace(person.as_str(), "");
    }
    clean = TELEPHONE.replace_all(&clean, "").into_owned();
    clean = ADDRESSED.replace_all(&clean, "").into_owned();
    clean = STREET.replace_all(&clean, "收货地址").into_owned();
    EMPTY_BRACKET.replace_all(&clean, "").trim().to_owned()
}

/// The place of an event: a station or a region, never a door.
pub(super) fn public_place(place: &str, known: &[String]) -> Option<String> {
    let mut clean = place.to_owned();
    for person in known {
        clean = clean.replace(person.as_str(), "");
    }
    if BUILDING.is_match(&clean) {
        clean = REGION.find(&clean).map(|region| region.as_str().to_owned()).unwrap_or_default();
    }
    let clean = without_people(&clean, known);
    (clean.chars().count() >= 2).then_some(clean)
}

/// Words that name people or where they live, as a field's whole name or at either end of it: `name`, `phone_tail`.
const PERSONAL_WORDS: [&str; 15] = [
    "name",
    "phone",
    "mobile",
    "tel",
    "street",
    "detail",
    "email",
    "wechat",
    "id_card",
    "receiver",
    "consignee",
    "remark",
    "signed_by",
    "tax",
    "zip",
];

/// Fields that name people or where they live, wherever they stand.
pub(super) fn is_personal(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    let begins = |word: &str| field.strip_prefix(word).is_some_and(|rest| rest.starts_with('_'));
    let ends = |word: &str| field.strip_suffix(word).is_some_and(|rest| rest.ends_with('_'));
    PERSONAL_WORDS.iter().any(|word| field == *word || begins(word) || ends(word))
        || matches!(field.as_str(), "remarks" | "risk" | "customer")
}
