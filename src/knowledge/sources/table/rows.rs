//! How does a row become a record, and when do several rows make one?

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::columns::{Columns, Field};
use super::header::{Mapping, Target};
use super::path::{get, set};
use super::sheet::{Row, cell_name};
use super::values::{kept_value, read_cell, text_of};
use crate::knowledge::sources::fitting_id;
use crate::record::{FaultCode, Record, RecordKind};

/// Something wrong with a row, by its cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CellFault {
    /// The line of the file.
    pub line: usize,
    /// The cell, or the row alone.
    pub cell: String,
    /// The field.
    pub field: String,
    /// The stable code.
    pub code: FaultCode,
    /// What is wrong.
    pub message: String,
}

/// A record that further rows may still add to.
#[derive(Debug)]
pub(super) struct Draft {
    kind: RecordKind,
    fields: Map<String, Value>,
    /// The cell of each field.
    cells: HashMap<String, String>,
    /// The number of its first row.
    pub row: usize,
    /// The line of its first row.
    pub line: usize,
    /// Whether its answer stands in a merged cell that began above.
    continues: bool,
    /// What differs between the variants of a product.
    varying: Vec<String>,
    /// What should be looked at, by cell.
    pub remarks: Vec<(String, String)>,
}

/// Reads a row.
///
/// # Errors
/// Every cell that cannot be read.
pub(super) fn read_row(row: &Row, mapping: &Mapping<'_>, columns: &Columns) -> Result<Draft, Vec<CellFault>> {
    let mut draft = Draft {
        kind: mapping.kind.kind,
        fields: Map::new(),
        cells: HashMap::new(),
        row: row.number,
        line: row.line,
        continues: false,
        varying: Vec::new(),
        remarks: Vec::new(),
    };
    let mut notes = Vec::new();
    let mut faults = Vec::new();
    for (column, (cell, target)) in row.cells.iter().zip(&mapping.targets).enumerate() {
        let name = cell_name(column, row.number);
        let mut fail = |field: &str, message: String| {
            let (line, cell, field) = (row.line, name.clone(), field.to_owned());
            faults.push(CellFault { line, cell, field, code: FaultCode::ImpossibleValue, message });
        };
        match target {
            Target::Field(index) => {
                let field = &mapping.kind.fields[*index];
                match read_cell(field, &cell.value, columns) {
                    Ok(read) => {
                        draft.continues |= cell.from_above && field.to == "text";
                        draft.remarks.extend(read.remark.map(|remark| (name.clone(), remark)));
                        for (path, value) in read.values {
                            draft.cells.insert(path.replace("[]", "[0]"), name.clone());
                            set(&mut draft.fields, &path, value);
                        }
                        notes.extend(read.notes);
                    }
                    Err(message) => fail(&field.to.replace("[]", "[0]"), message),
                }
            }
            Target::Own(own) | Target::Attribute(own) => match kept_value(&cell.value) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    draft.cells.insert(own.clone(), name.clone());
                    let attribute = matches!(target, Target::Attribute(_));
                    keep(&mut draft.fields, attribute, own, value);
                }
                Err(message) => fail(own, message),
            },
            Target::Kind | Target::Nameless => {}
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    for (path, value) in notes {
        if get(&draft.fields, &path).is_none() {
            set(&mut draft.fields, &path, value);
        }
    }
    draft.complete();
    Ok(draft)
}

impl Draft {
    /// What follows from the fields alone.
    fn complete(&mut self) {
        if self.kind == RecordKind::Product {
            let own: Vec<(&str, Value)> = ["price", "stock"]
                .into_iter()
                .filter_map(|name| Some((name, self.fields.get(name)?.clone())))
                .collect();
            if let Some(Value::Object(sku)) = self.fields.get_mut("skus").and_then(|list| list.get_mut(0)) {
                sku.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
            }
        }
        if self.kind == RecordKind::Knowledge
            && let Some(first) = self.fields.get("questions").and_then(|list| list.get(0)).cloned()
            && !self.fields.contains_key("title")
        {
            self.fields.insert("title".into(), first);
        }
    }

    /// What it is.
    pub fn kind(&self) -> RecordKind {
        self.kind
    }

    /// Its id, if a cell says it.
    pub fn id(&self) -> Option<&str> {
        self.fields.get("id")?.as_str()
    }

    /// Whether this row belongs to another one above it: a further item of an order, a further variant of a product,
    /// or a further question with the same merged answer.
    pub fn belongs_to(&self, other: &Self) -> bool {
        if self.kind != other.kind {
            return false;
        }
        match self.kind {
            RecordKind::Knowledge => self.continues && (self.id().is_none() || self.id() == other.id()),
            RecordKind::Order | RecordKind::Product => {
                let list = list_of(self.kind);
                self.id().is_some()
                    && self.id() == other.id()
                    && self.fields.contains_key(list)
                    && other.fields.contains_key(list)
            }
            _ => false,
        }
    }

    /// Adds a row that belongs to this one.
    ///
    /// # Errors
    /// The two contradict each other.
    pub fn join(&mut self, other: Self) -> Result<(), Vec<CellFault>> {
        self.remarks.extend(other.remarks);
        if self.kind == RecordKind::Knowledge {
            self.ask_also(&other.fields);
            return Ok(());
        }
        let list = list_of(self.kind);
        let mut faults = Vec::new();
        for (name, value) in other.fields {
            if name == list {
                let (Some(Value::Array(mine)), Value::Array(more)) = (self.fields.get_mut(&name), value)
                else {
                    continue;
                };
                let at = mine.len();
                mine.extend(more);
                let moved = |(path, cell): (&String, &String)| {
                    let rest = path.strip_prefix(&format!("{list}[0]"))?;
                    Some((format!("{list}[{at}]{rest}"), cell.clone()))
                };
                self.cells.extend(other.cells.iter().filter_map(moved).collect::<Vec<_>>());
                continue;
            }
            if self.varying.contains(&name) {
                continue;
            }
            match self.fields.get_mut(&name) {
                None => {
                    self.fields.insert(name, value);
                }
                Some(mine) if *mine == value => {}
                Some(Value::Object(mine)) if value.is_object() => {
                    if let Value::Object(theirs) = value {
                        faults.extend(merge_objects(&name, mine, theirs));
                    }
                }
                Some(_) if self.kind == RecordKind::Product && varies(&name) => {
                    self.fields.shift_remove(&name);
                    self.varying.push(name);
                }
                Some(_) => faults.push(name),
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        let fault = |field: String| CellFault {
            line: other.line,
            cell: other.cells.get(&field).cloned().unwrap_or_else(|| other.row.to_string()),
            message: format!("differs from row {} with the same id; rows of one record must agree", self.row),
            field,
            code: FaultCode::ImpossibleValue,
        };
        Err(faults.into_iter().map(fault).collect())
    }

    /// Takes the questions of a row that shares the answer.
    fn ask_also(&mut self, other: &Map<String, Value>) {
        let mut more: Vec<Value> =
            other.get("questions").and_then(Value::as_array).cloned().unwrap_or_default();
        more.extend(other.get("title").cloned());
        let title = self.fields.get("title").cloned();
        let mine = self.fields.entry("questions").or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(mine) = mine {
            for question in more {
                if !mine.contains(&question) && Some(&question) != title.as_ref() {
                    mine.push(question);
                }
            }
        }
    }

    /// The checked record. `stem` begins the id of rows that have none; `used` counts those that are alike.
    ///
    /// # Errors
    /// Everything the record's rules find, by cell.
    pub fn finish(
        mut self,
        stem: &str,
        used: &mut HashMap<String, usize>,
        mapping: &Mapping<'_>,
    ) -> Result<Record, Vec<CellFault>> {
        let needs_own = matches!(self.kind, RecordKind::Order | RecordKind::Customer | RecordKind::Coupon);
        if self.id().is_none() && !needs_own {
            let stem = format!("{stem}{}", self.name());
            let number = used.entry(stem.clone()).or_default();
            *number += 1;
            self.fields.insert("id".into(), fitting_id(&stem, *number).into());
        }
        let mut fields = Map::new();
        fields.insert("kind".into(), self.kind.as_str().into());
        fields.extend(self.fields);
        Record::from_value(Value::Object(fields)).map_err(|faults| {
            let place = |field: &str| {
                let mut path = field;
                loop {
                    if let Some(cell) = self.cells.get(path) {
                        return cell.clone();
                    }
                    match path.rfind(['.', '[']) {
                        Some(end) => path = &path[..end],
                        None => return self.row.to_string(),
                    }
                }
            };
            let fault = |fault: crate::record::FieldFault| CellFault {
                line: self.line,
                cell: missing_cell(&fault.field, fault.code, mapping, self.row)
                    .unwrap_or_else(|| place(&fault.field)),
                message: if fault.code == FaultCode::Missing {
                    missing_message(&fault.field, mapping)
                } else {
                    fault.message
                },
                field: fault.field,
                code: fault.code,
            };
            faults.into_iter().map(fault).collect()
        })
    }

    /// What the row is about, for the id of a row that has none.
    fn name(&self) -> String {
        let text = |name: &str| self.fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        match self.kind {
            RecordKind::Batch => format!("{}/{}", text("product"), text("lot")),
            RecordKind::PriceHistory => format!("{}/{}/{}", text("product"), text("sku"), text("from")),
            _ => match text("title") {
                title if title.is_empty() => text("text").chars().take(40).collect(),
                title => title,
            },
        }
    }
}

/// The list that rows with the same id add to.
fn list_of(kind: RecordKind) -> &'static str {
    if kind == RecordKind::Order { "items" } else { "skus" }
}

/// What belongs to the variant and not to the product, once there are several.
fn varies(name: &str) -> bool {
    matches!(name, "price" | "stock" | "price_text" | "stock_text" | "status")
}

fn merge_objects(name: &str, mine: &mut Map<String, Value>, theirs: Map<String, Value>) -> Vec<String> {
    let mut differ = Vec::new();
    for (key, value) in theirs {
        match mine.get(&key) {
            None => {
                mine.insert(key, value);
            }
            Some(other) if *other == value => {}
            // Attributes are known by their bare name.
            Some(_) => differ.push(if name == "attributes" { key } else { format!("{name}.{key}") }),
        }
    }
    differ
}

fn missing_cell(field: &str, code: FaultCode, mapping: &Mapping<'_>, row: usize) -> Option<String> {
    if code != FaultCode::Missing {
        return None;
    }
    let column = mapping.targets.iter().position(|target| match target {
        Target::Field(index) => same_field(&mapping.kind.fields[*index], field),
        _ => false,
    })?;
    Some(cell_name(column, row))
}

fn missing_message(field: &str, mapping: &Mapping<'_>) -> String {
    let known = mapping.kind.fields.iter().find(|one| same_field(one, field));
    match known {
        Some(known) => format!("must be given (as in a column `{}`)", known.first_name),
        None => "must be given".into(),
    }
}

fn same_field(known: &Field, field: &str) -> bool {
    known.to == field || known.to.replace("[]", "[0]") == field
}

fn keep(fields: &mut Map<String, Value>, attribute: bool, name: &str, value: Value) {
    if !attribute {
        fields.insert(name.to_owned(), value);
        return;
    }
    let attributes = fields.entry("attributes").or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(attributes) = attributes {
        attributes.insert(name.to_owned(), value);
    }
}

/// The kind that a row names itself.
pub(super) fn kind_of_row(row: &Row, column: usize, columns: &Columns) -> Result<RecordKind, CellFault> {
    let text = row.cells.get(column).and_then(|cell| text_of(&cell.value)).unwrap_or_default();
    let fault = |code, message| CellFault {
        line: row.line,
        cell: cell_name(column, row.number),
        field: "kind".into(),
        code,
        message,
    };
    let readable: Vec<&str> = columns.kinds.iter().map(|kind| kind.kind.as_str()).collect();
    if text.is_empty() {
        return Err(fault(FaultCode::Missing, format!("must be one of {}", readable.join(", "))));
    }
    let named = columns.kind_named(&text).filter(|kind| columns.of(*kind).is_some());
    named.ok_or_else(|| {
        let message = format!("`{text}` is no kind of record that tables can hold: {}", readable.join(", "));
        fault(FaultCode::UnknownKind, message)
    })
}
