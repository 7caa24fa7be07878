//! Does a condition of a scenario, a wording, a policy or a rule hold? Written in the Common Expression Language.
//!
//! Conditions read the variables of [`VARIABLES`] and know four functions besides the standard ones:
//! `hours_since(time)` and `days_since(time)`, negative for times to come, `has_passed(time)`, for which a bare date
//! lasts until its day is over, and `time(text)`, which with the variable `now` gives seconds since 1970 for
//! comparisons. Times are texts in shop time.
//!
//! What is not known is not an error. A field that is missing or null makes the comparison it stands in unknown;
//! `&&` and `||` decide without it where they can (`false && unknown` is false, `true || unknown` is true), and a
//! condition that is unknown as a whole does not hold. So `order.status == 'paid'` does not hold without an order,
//! and neither do `order.status != 'paid'` and `!(order.status == 'paid')`: nothing follows from what nobody
//! knows. `has(order.shipment.carrier)` asks whether something is known, is always true or false, and may be
//! negated.

//!
//! Policies are stricter and know more: see [`Formula`].

mod compile;
mod formula;
mod sums;
mod types;
mod typing;

use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map};
use cel::{Context, Env, ExecutionError};
use serde_json::Value;

use crate::time::Now;
use compile::{Compiled, Reference};
pub use formula::{Answer, Case, Formula};
pub use types::{Fields, Schema, Type};

/// The names a condition or a wording slot may begin with.
pub const VARIABLES: [&str; 24] = [
    "order",
    "shipment",
    "product",
    "customer",
    "aftersale",
    "promotion",
    "coupon",
    "batch",
    "notice",
    "verdict",
    "desk",
    "commitment",
    "action",
    "flow",
    "shop",
    "assistant",
    "conversation",
    "choices",
    "item",
    "guess",
    "event",
    "history",
    "offer",
    "now",
];

/// A compiled condition, as in `shipment.status == 'stalled' && hours_since(shipment.last_event_at) >= 48`.
#[derive(Debug)]
pub struct Condition {
    source: String,
    compiled: Compiled,
}

/// A condition cannot be read or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// It is no valid expression, or uses a name nobody provides.
    #[error("`{condition}` is not a condition: {message}")]
    Syntax {
        /// The source.
        condition: String,
        /// What the parser says.
        message: String,
    },
    /// It gives something else than true or false, or mixes types that do not go together.
    #[error("`{condition}` cannot be decided: {message}")]
    Undecidable {
        /// The source.
        condition: String,
        /// Why not.
        message: String,
    },
}

static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

impl Condition {
    /// Compiles a condition.
    ///
    /// # Errors
    /// [`ConditionError::Syntax`] if it is no expression or uses an unknown name.
    pub fn parse(source: &str) -> Result<Self, ConditionError> {
        match compile::compile(source, None) {
            Ok((compiled, _)) => Ok(Self { source: source.to_owned(), compiled }),
            Err(message) => Err(ConditionError::Syntax { condition: source.to_owned(), message }),
        }
    }

    /// Compiles a condition whose names and types must be those of a schema. Sums are for policies alone.
    ///
    /// # Errors
    /// [`ConditionError::Syntax`] if it is no expression, names what the schema has not, or mixes types.
    pub fn parse_for(source: &str, schema: &Schema) -> Result<Self, ConditionError> {
        let condition = Self::parse(source)?;
        let message = match compile::compile(source, Some(schema)) {
            Ok((_, Type::Truth | Type::Anything)) => return Ok(condition),
            Ok((_, found)) => format!("it gives {found}, not true or false"),
            Err(message) => message,
        };
        Err(ConditionError::Syntax { condition: source.to_owned(), message })
    }

    /// Its source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The paths it reads, each once: `order.close_at`.
    pub fn paths(&self) -> impl Iterator<Item = String> {
        let mut paths: Vec<String> =
            self.compiled.references.iter().map(|reference| reference.path.join(".")).collect();
        paths.sort();
        paths.dedup();
        paths.into_iter()
    }

    /// Whether it holds. `variables` is an object: `order`, `shipment`, `product`, … as far as they are known.
    /// What is not known makes it false, see the module.
    ///
    /// # Errors
    /// [`ConditionError::Undecidable`] if types do not go together: a number compared with a text, a text that
    /// is no time given to `hours_since`, a result that is neither true nor false.
    pub fn holds(&self, variables: &Value, now: &Now) -> Result<bool, ConditionError> {
        match self.evaluate(variables, now) {
            Ok(cel::Value::Bool(held)) => Ok(held),
            Ok(other) => Err(self.undecidable(format!("it gives {other:?}, not true or false"))),
            Err(error) if is_unknown(&error) => Ok(false),
            Err(error) => Err(self.undecidable(error.to_string())),
        }
    }

    fn evaluate(&self, variables: &Value, now: &Now) -> Result<cel::Value, ExecutionError> {
        context(&self.compiled, variables, now)?.resolve(&self.compiled.expression)
    }

    fn undecidable(&self, message: String) -> ConditionError {
        ConditionError::Undecidable { condition: self.source.clone(), message }
    }
}

/// What an expression reads: the fields it names, and the functions of time.
fn context(
    compiled: &Compiled,
    variables: &Value,
    now: &Now,
) -> Result<Context<'static, 'static>, ExecutionError> {
    let mut context = Context::with_env(Arc::clone(&ENVIRONMENT));
    for reference in &compiled.references {
        let found = reference.find(variables);
        if reference.test {
            context.add_variable_from_value(&*reference.name, found.is_some());
        } else if let Some(found) = found {
            context.add_variable_from_value(&*reference.name, to_cel(found));
        }
    }
    if compiled.uses_time {
        add_time(&mut context, now).map_err(|error| ExecutionError::function_error("time", error))?;
    }
    Ok(context)
}

impl Reference {
    fn find<'a>(&self, variables: &'a Value) -> Option<&'a Value> {
        self.path.iter().try_fold(variables, |value, key| value.get(key)).filter(|value| !value.is_null())
    }
}

/// Whether an error only says that something is not known.
fn is_unknown(error: &ExecutionError) -> bool {
    matches!(
        error,
        ExecutionError::NoSuchKey(_)
            | ExecutionError::UndeclaredReference(_)
            | ExecutionError::IndexOutOfBounds(_)
    )
}

fn add_time(context: &mut Context<'_, '_>, now: &Now) -> Result<(), cel::DeclarationError> {
    const HOUR: f64 = 3600.0;
    context.add_variable_from_value("now", now.timestamp().as_second());
    let moment = now.clone();
    context.add_function("time", move |text: Arc<String>| seconds("time", &moment, &text))?;
    let moment = now.clone();
    context
        .add_function("hours_since", move |text: Arc<String>| elapsed("hours_since", &moment, &text, HOUR))?;
    let moment = now.clone();
    context.add_function("days_since", move |text: Arc<String>| {
        elapsed("days_since", &moment, &text, 24.0 * HOUR)
    })?;
    let moment = now.clone();
    context.add_function("has_passed", move |text: Arc<String>| {
        moment.has_passed(&text).ok_or_else(|| no_time("has_passed", &text))
    })
}

fn no_time(function: &str, text: &str) -> ExecutionError {
    ExecutionError::function_error(function, format!("`{text}` is not a time"))
}

fn seconds(function: &str, now: &Now, text: &str) -> Result<i64, ExecutionError> {
    now.parse(text).map(|moment| moment.as_second()).ok_or_else(|| no_time(function, text))
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a few thousand years fit a double exactly")]
fn elapsed(function: &str, now: &Now, text: &str, unit: f64) -> Result<f64, ExecutionError> {
    let then = seconds(function, now, text)?;
    Ok((now.timestamp().as_second() - then) as f64 / unit)
}

/// A JSON value for the interpreter. Null members are left out: null means not known.
fn to_cel(value: &Value) -> cel::Value {
    match value {
        Value::Null => cel::Value::Null,
        Value::Bool(value) => cel::Value::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => cel::Value::Int(whole),
            (None, broken) => cel::Value::Float(broken.unwrap_or(f64::NAN)),
        },
        Value::String(text) => cel::Value::String(Arc::new(text.clone())),
        Value::Array(items) => cel::Value::List(Arc::new(items.iter().map(to_cel).collect())),
        Value::Object(members) => cel::Value::Map(Map {
            map: Arc::new(
                members
                    .iter()
                    .filter(|(_, member)| !member.is_null())
                    .map(|(key, member)| (Key::from(key.as_str()), to_cel(member)))
                    .collect(),
            ),
        }),
    }
}

#[cfg(test)]
mod tests;
