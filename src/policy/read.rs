//! Does a policy record make sense? Turns its fields into a [`Policy`], or names every field that does not.

use serde_json::{Map, Value};

use super::values::ValueKind;
use super::{Ask, Outcome, Policy, Saying, Scope};
use crate::pack::condition::{Fields, Formula, Schema, Type};
use crate::pack::wording::{Part, parse_template};
use crate::record::{FaultCode, FieldFault, schema};

/// Reads the fields of a policy.
pub(super) fn read(fields: &Map<String, Value>) -> Result<Policy, Vec<FieldFault>> {
    let mut reader = Reader { faults: Vec::new(), schema: schema().clone(), kinds: Vec::new() };
    let asks = reader.asks(fields.get("asks"));
    let values = reader.values(fields.get("values"));
    let asks: Vec<Ask> = asks.into_iter().map(|(name, raw)| reader.ask(name, raw)).collect();
    let conditions = reader.conditions(fields.get("when").and_then(Value::as_str));
    let says = reader.says(fields.get("says"));
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let then = text("then").and_then(Outcome::parse);
    let Some(then) = then.filter(|_| reader.faults.is_empty()) else { return Err(reader.faults) };
    Ok(Policy {
        about: text("about").unwrap_or_default().to_owned(),
        scope: scope(fields.get("scope")),
        conditions,
        then,
        otherwise: text("else").and_then(Outcome::parse),
        values,
        says,
        asks,
        limited: text("valid_until").is_some(),
        begins: text("valid_from").map(str::to_owned),
    })
}

fn scope(scope: Option<&Value>) -> Scope {
    let list = |name: &str| {
        let list = scope.and_then(|scope| scope.get(name)).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Scope { products: list("products"), categories: list("categories") }
}

struct Reader {
    faults: Vec<FieldFault>,
    schema: Schema,
    /// The values by name.
    kinds: Vec<(String, ValueKind)>,
}

impl Reader {
    fn fault(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.faults.push(FieldFault::new(field, FaultCode::BadCondition, message));
    }

    fn formula(&mut self, field: &str, source: &str, gives: &Type) -> Option<Formula> {
        match Formula::parse(source, &self.schema, gives) {
            Ok(formula) => Some(formula),
            Err(error) => {
                self.fault(field, error.to_string());
                None
            }
        }
    }

    /// The names of what is asked for, which expressions read as `said.NAME`.
    fn asks<'a>(&mut self, asks: Option<&'a Value>) -> Vec<(&'a String, &'a Value)> {
        let asks: Vec<(&String, &Value)> = match asks {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Object(asks)) => asks.iter().collect(),
            Some(_) => {
                self.fault("asks", "must be an object: what is asked for, by name");
                Vec::new()
            }
        };
        let names: Fields = asks.iter().map(|(name, _)| ((*name).clone(), Type::Truth)).collect();
        self.schema = std::mem::take(&mut self.schema).with("said", names);
        asks
    }

    fn ask(&mut self, name: &str, raw: &Value) -> Ask {
        let field = format!("asks.{name}");
        let words = |list: &str| -> Vec<String> {
            let words = raw.get(list).and_then(Value::as_array);
            words.into_iter().flatten().filter_map(Value::as_str).map(str::to_lowercase).collect()
        };
        let (yes, no) = (words("yes"), words("no"));
        if yes.is_empty() || no.is_empty() {
            self.fault(
                &field,
                "needs `yes` and `no`: words by which customers say that it is so, and that it is not",
            );
        }
        let sayings = self.sayings(&format!("{field}.text"), raw.get("text").unwrap_or(&Value::Null));
        Ask { name: name.to_owned(), sayings, yes, no }
    }

    fn values(&mut self, values: Option<&Value>) -> Vec<(String, ValueKind, Formula)> {
        let values = match values {
            None | Some(Value::Null) => return self.with_values(Vec::new()),
            Some(Value::Object(values)) => values,
            Some(_) => {
                self.fault("values", "must be an object: each value with its type, by name");
                return self.with_values(Vec::new());
            }
        };
        let read = values.iter().filter_map(|(name, raw)| self.value(name, raw)).collect();
        self.with_values(read)
    }

    /// `{"type": "money", "expr": "refund_share(1)"}`, or `{"type": "money", "value": 10.0}` for what never changes.
    fn value(&mut self, name: &str, raw: &Value) -> Option<(String, ValueKind, Formula)> {
        let field = format!("values.{name}");
        let Some(kind) = raw.get("type").and_then(Value::as_str).and_then(ValueKind::parse) else {
            let kinds = ValueKind::ALL.map(ValueKind::as_str).join(", ");
            self.fault(format!("{field}.type"), format!("must be one of {kinds}"));
            return None;
        };
        let gives = kind.shown_as();
        let formula = match (raw.get("expr"), raw.get("value")) {
            (Some(Value::String(source)), None) => self.formula(&format!("{field}.expr"), source, &gives),
            (None, Some(Value::Number(number))) => {
                self.formula(&format!("{field}.value"), &number.to_string(), &gives)
            }
            (None, Some(Value::String(text))) => {
                self.formula(&format!("{field}.value"), &quoted(text), &gives)
            }
            _ => {
                self.fault(
                    &field,
                    "needs `expr`, an expression, or `value`, a number or text that never changes",
                );
                None
            }
        };
        Some((name.to_owned(), kind, formula?))
    }

    /// From here on expressions may read `values.NAME`.
    fn with_values(
        &mut self,
        values: Vec<(String, ValueKind, Formula)>,
    ) -> Vec<(String, ValueKind, Formula)> {
        self.kinds = values.iter().map(|(name, kind, _)| (name.clone(), *kind)).collect();
        let names: Fields = self.kinds.iter().map(|(name, kind)| (name.clone(), kind.shown_as())).collect();
        self.schema = std::mem::take(&mut self.schema).with("values", names);
        values
    }

    fn conditions(&mut self, when: Option<&str>) -> Vec<Formula> {
        let Some(when) = when else { return Vec::new() };
        let parts: Vec<String> = conjuncts(when).into_iter().map(str::to_owned).collect();
        parts.iter().filter_map(|part| self.formula("when", part, &Type::Truth)).collect()
    }

    fn says(&mut self, says: Option<&Value>) -> Vec<(Outcome, Vec<Saying>)> {
        let says = match says {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Object(says)) => says,
            Some(_) => {
                self.fault("says", "must be an object: what is said, by outcome");
                return Vec::new();
            }
        };
        let mut read = Vec::new();
        for (name, raw) in says {
            let field = format!("says.{name}");
            match Outcome::parse(name) {
                Some(outcome) => read.push((outcome, self.sayings(&field, raw))),
                None => self.fault(field, "is no outcome; known are allowed, refused, needs_person"),
            }
        }
        read
    }

    /// A text, `{"text": …, "when": …}`, or a list of them, of which the first that fits is said.
    fn sayings(&mut self, field: &str, raw: &Value) -> Vec<Saying> {
        match raw {
            Value::Array(list) => {
                let list = list.iter().enumerate();
                list.filter_map(|(place, raw)| self.saying(&format!("{field}[{place}]"), raw)).collect()
            }
            raw => self.saying(field, raw).into_iter().collect(),
        }
    }

    fn saying(&mut self, field: &str, raw: &Value) -> Option<Saying> {
        let text = raw.as_str().or_else(|| raw.get("text")?.as_str());
        let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
            self.fault(field, "must be a text, an object with `text` and `when`, or a list of them");
            return None;
        };
        let when = raw.get("when").and_then(Value::as_str);
        let when = match when {
            Some(source) => Some(self.formula(&format!("{field}.when"), source, &Type::Truth)?),
            None => None,
        };
        Some(Saying { template: self.template(field, text)?, when })
    }

    /// The text, in which each value without a filter has the one of its kind.
    fn template(&mut self, field: &str, text: &str) -> Option<String> {
        let parts = match parse_template(text) {
            Ok(parts) => parts,
            Err(error) => {
                self.fault(field, error.to_string());
                return None;
            }
        };
        let mut template = String::new();
        for part in parts {
            match part {
                Part::Text(text) => template.push_str(text),
                Part::Slot(slot) => {
                    if let Err(message) = self.schema.path(slot.path) {
                        self.fault(field, message);
                        return None;
                    }
                    let name = slot.path.strip_prefix("values.");
                    let kind = self.kinds.iter().find(|(known, _)| Some(known.as_str()) == name);
                    let filter = kind.and_then(|(_, kind)| kind.filter()).filter(|_| slot.filters.is_empty());
                    let filter = filter.map(|filter| format!(" | {filter}")).unwrap_or_default();
                    template.push_str(&format!("{{{{ {}{filter} }}}}", slot.source));
                }
            }
        }
        Some(template)
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The parts of a condition that all must hold: it is cut at `&&` outside of brackets and texts. One with `||` or `?`
/// outside of brackets stays whole.
pub(super) fn conjuncts(source: &str) -> Vec<&str> {
    let mut cuts = Vec::new();
    let (mut depth, mut quote) = (0_i32, None);
    let mut before = ' ';
    for (at, sign) in source.char_indices() {
        match (quote, sign) {
            (Some(open), sign) => {
                if sign == open && before != '\\' {
                    quote = None;
                }
            }
            (None, '\'' | '"') => quote = Some(sign),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth -= 1,
            (None, '|') if depth == 0 && before == '|' => return vec![source.trim()],
            (None, '?') if depth == 0 => return vec![source.trim()],
            (None, '&') if depth == 0 && before == '&' => cuts.push(at),
            _ => {}
        }
        before = sign;
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for cut in cuts {
        parts.push(source[start..cut - 1].trim());
        start = cut + 1;
    }
    parts.push(source[start..].trim());
    parts
}
