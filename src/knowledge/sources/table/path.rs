//! Where in a record does a column of a table belong? Paths such as `a`, `a.b`, `a[].b`.

use serde_json::{Map, Value};

/// Puts a value at a path: `a`, `a.b`, `a[].b.c`. Lists of texts grow.
pub(super) fn set(fields: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((head, rest)) = path.split_once('.') else {
        match (fields.get_mut(path), value) {
            (Some(Value::Array(mine)), Value::Array(more)) => {
                for item in more {
                    if !mine.contains(&item) {
                        mine.push(item);
                    }
                }
            }
            (_, value) => {
                fields.insert(path.to_owned(), value);
            }
        }
        return;
    };
    let inner = match head.strip_suffix("[]") {
        Some(list) => {
            let list = fields.entry(list).or_insert_with(|| Value::Array(vec![Value::Object(Map::new())]));
            list.get_mut(0)
        }
        None => Some(fields.entry(head).or_insert_with(|| Value::Object(Map::new()))),
    };
    if let Some(Value::Object(inner)) = inner {
        set(inner, rest, value);
    }
}

/// What stands at a path.
pub(super) fn get<'a>(fields: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let Some((head, rest)) = path.split_once('.') else { return fields.get(path) };
    let inner = match head.strip_suffix("[]") {
        Some(list) => fields.get(list)?.get(0)?,
        None => fields.get(head)?,
    };
    get(inner.as_object()?, rest)
}
