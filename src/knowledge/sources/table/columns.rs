//! Which header names which field, and which word which value? The merchant's dictionary of columns, `columns.yaml`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::values::fold;
use crate::knowledge::KnowledgeError;
use crate::record::RecordKind;

const FILE: &str = "columns.yaml";
const EMBEDDED: &str = include_str!("../../../../index/columns.yaml");

/// The dictionary, checked.
#[derive(Debug, Clone)]
pub struct Columns {
    pub(super) kinds: Vec<KindColumns>,
    pub(super) words: HashMap<String, WordList>,
}

/// The columns of one kind.
#[derive(Debug, Clone)]
pub(super) struct KindColumns {
    /// The kind.
    pub kind: RecordKind,
    /// Words in names of sheets and files.
    pub sheets: Vec<String>,
    /// Fields without which a sheet is not of this kind.
    pub needs: Vec<String>,
    /// Whether unknown columns become attributes.
    pub into_attributes: bool,
    /// The fields.
    pub fields: Vec<Field>,
    by_name: HashMap<String, usize>,
}

/// One field of a kind.
#[derive(Debug, Clone)]
pub(super) struct Field {
    /// Its path in the record.
    pub to: String,
    /// How its cells are read.
    pub read: Read,
    /// The name a person would give its column.
    pub first_name: String,
}

/// How cells are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// Text as it is.
    Text,
    /// An id, also of a number.
    Id,
    /// A telephone number, also of a number.
    Phone,
    /// Several ids.
    Ids,
    /// Several texts.
    Texts,
    /// An amount of money.
    Money,
    /// A whole number.
    Count,
    /// A number above zero.
    Quantity,
    /// A moment.
    Time,
    /// Yes or no.
    Flag,
    /// From one date until another.
    Span,
    /// One of a list of words.
    Words(String),
}

/// What words mean.
#[derive(Debug, Clone, Default)]
pub(super) struct WordList {
    /// Whether other words are kept as they are.
    pub open: bool,
    /// The value of each word.
    pub by_word: HashMap<String, String>,
    /// The values, for messages.
    pub values: Vec<String>,
}

impl Columns {
    /// The dictionary of `folder`, or the embedded one if it has none.
    ///
    /// # Errors
    /// With file, line and reason.
    pub fn load(folder: Option<&Path>) -> Result<Self, KnowledgeError> {
        match folder.map(|folder| folder.join(FILE)).filter(|path| path.exists()) {
            Some(path) => Self::parse(&fs::read_to_string(&path).map_err(KnowledgeError::file(path))?),
            None => Self::parse(EMBEDDED),
        }
    }

    /// Reads a dictionary.
    ///
    /// # Errors
    /// With line and reason.
    pub fn parse(text: &str) -> Result<Self, KnowledgeError> {
        let raw: RawColumns = serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |location| location.line() as usize);
            let message = error.without_snippet().to_string();
            bad(line, message.lines().next().unwrap_or_default())
        })?;
        let mut words: HashMap<String, WordList> = HashMap::new();
        for list in raw.words {
            let mut read = WordList { open: list.open, ..WordList::default() };
            for (value, synonyms) in list.values {
                read.values.push(value.clone());
                for word in synonyms.iter().chain([&value]) {
                    read.by_word.insert(header_key(word), value.clone());
                }
            }
            read.values.sort();
            words.insert(list.name, read);
        }
        let kinds = raw.kinds.into_iter().map(|kind| kind.check(&words)).collect::<Result<_, _>>()?;
        Ok(Self { kinds, words })
    }

    /// The columns of a kind, if it is read from tables.
    pub(super) fn of(&self, kind: RecordKind) -> Option<&KindColumns> {
        self.kinds.iter().find(|one| one.kind == kind)
    }

    /// The kind that a cell of a `kind` column names.
    pub(super) fn kind_named(&self, text: &str) -> Option<RecordKind> {
        let key = header_key(text);
        let named =
            self.words.get("kind").and_then(|list| list.by_word.get(&key)).map_or(key.as_str(), |name| name);
        RecordKind::parse(named)
    }
}

impl KindColumns {
    /// The field that a header names: as it stands, without what stands in brackets, without a number at its end.
    pub fn field(&self, header: &str) -> Option<usize> {
        let exact = header_key(header);
        let bare = header_key(&without_brackets(header));
        let unnumbered = bare.trim_end_matches(|character: char| character.is_ascii_digit());
        [exact.as_str(), bare.as_str(), unnumbered].iter().find_map(|name| self.by_name.get(*name).copied())
    }
}

/// A name as names are compared: folded, without spaces and marks.
pub(super) fn header_key(text: &str) -> String {
    fold(text)
        .to_lowercase()
        .chars()
        .filter(|character| {
            !character.is_whitespace() && !matches!(character, '*' | ':' | '_' | '-' | '#' | '.')
        })
        .collect()
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    let mut bare = String::new();
    for character in fold(text).chars() {
        match character {
            '(' | '[' | '【' | '{' => depth += 1,
            ')' | ']' | '】' | '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => bare.push(character),
            _ => {}
        }
    }
    bare
}

fn bad(line: usize, message: impl Into<String>) -> KnowledgeError {
    KnowledgeError::Dictionary { file: FILE.into(), line, message: message.into() }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumns {
    kinds: Vec<RawKind>,
    #[serde(default)]
    words: Vec<RawWords>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKind {
    kind: Spanned<String>,
    #[serde(default)]
    sheets: Vec<String>,
    #[serde(default)]
    needs: Vec<String>,
    other: Option<Spanned<String>>,
    fields: Vec<RawField>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    to: Spanned<String>,
    #[serde(rename = "as")]
    read: Option<Spanned<String>>,
    #[serde(default)]
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWords {
    name: String,
    #[serde(default)]
    open: bool,
    values: HashMap<String, Vec<String>>,
}

impl RawKind {
    fn check(self, words: &HashMap<String, WordList>) -> Result<KindColumns, KnowledgeError> {
        let line = self.kind.referenced.line() as usize;
        let kind =
            RecordKind::parse(&self.kind.value).filter(|kind| *kind != RecordKind::Shipment).ok_or_else(
                || bad(line, format!("`{}` is no kind of record that can be imported", self.kind.value)),
            )?;
        let into_attributes = match self.other {
            None => false,
            Some(other) if other.value == "attributes" => true,
            Some(other) => {
                let line = other.referenced.line() as usize;
                return Err(bad(line, format!("`other` must be attributes, not `{}`", other.value)));
            }
        };
        let mut found = KindColumns {
            kind,
            sheets: self.sheets.iter().map(|word| header_key(word)).collect(),
            needs: self.needs,
            into_attributes,
            fields: Vec::new(),
            by_name: HashMap::new(),
        };
        for field in self.fields {
            let index = found.fields.len();
            let line = field.to.referenced.line() as usize;
            let own = header_key(&field.to.value);
            for name in field.names.iter().map(|name| header_key(name)).chain([own]) {
                if let Some(other) = found.by_name.insert(name.clone(), index).filter(|other| *other != index)
                {
                    let other = &found.fields[other].to;
                    return Err(bad(line, format!("`{name}` names both {other} and {}", field.to.value)));
                }
            }
            let first_name = field.names.first().unwrap_or(&field.to.value).clone();
            let read = field.read.map_or(Ok(Read::Text), |read| read_named(&read, words))?;
            found.fields.push(Field { to: field.to.value, read, first_name });
        }
        match found.needs.iter().find(|need| found.fields.iter().all(|field| field.to != **need)) {
            Some(need) => Err(bad(line, format!("`needs` names `{need}`, which is none of its fields"))),
            None => Ok(found),
        }
    }
}

fn read_named(name: &Spanned<String>, words: &HashMap<String, WordList>) -> Result<Read, KnowledgeError> {
    Ok(match name.value.as_str() {
        "text" => Read::Text,
        "id" => Read::Id,
        "phone" => Read::Phone,
        "ids" => Read::Ids,
        "texts" => Read::Texts,
        "money" => Read::Money,
        "count" => Read::Count,
        "quantity" => Read::Quantity,
        "time" => Read::Time,
        "flag" => Read::Flag,
        "span" => Read::Span,
        other if words.contains_key(other) => Read::Words(other.to_owned()),
        other => {
            let line = name.referenced.line() as usize;
            return Err(bad(line, format!("`{other}` is no way to read a cell and no list under `words`")));
        }
    })
}
