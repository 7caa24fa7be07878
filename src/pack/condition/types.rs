//! What is a name in an expression: a text, an amount, a time? The types of expressions, and of the records they read.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The type of an expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Type {
    /// True or false.
    Truth,
    /// A text.
    Text,
    /// A number.
    Number,
    /// An amount in yuan, always a whole number of cents.
    Money,
    /// A time as records write it: a text.
    WrittenTime,
    /// A moment, in seconds since 1970, as `time(…)` and `now` are.
    Moment,
    /// A list.
    List(Box<Type>),
    /// An object with known fields.
    Fields(Arc<Fields>),
    /// An object or a value of which nothing is known: a shop's own attributes.
    Anything,
}

/// The fields of an object.
pub type Fields = BTreeMap<String, Type>;

impl Type {
    /// A list of something.
    pub fn list(of: Self) -> Self {
        Self::List(Box::new(of))
    }

    /// Whether it may be computed and compared with as a number.
    pub(super) fn is_numeric(&self) -> bool {
        matches!(self, Self::Number | Self::Money | Self::Anything)
    }

    /// Whether a value of this type may stand where the other is asked for.
    pub(super) fn fits(&self, asked: &Self) -> bool {
        match (self, asked) {
            (Self::Anything, _) | (_, Self::Anything) => true,
            // A bare number is an amount: `10.0` yuan.
            (Self::Number, Self::Money) => true,
            (Self::List(mine), Self::List(theirs)) => mine.fits(theirs),
            _ => self == asked,
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Truth => "true or false",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Money => "an amount of money",
            Self::WrittenTime => "a written time (wrap it in `time(…)`)",
            Self::Moment => "a moment",
            Self::List(_) => "a list",
            Self::Fields(_) => "an object",
            Self::Anything => "anything",
        })
    }
}

/// What the names of an expression stand for, by the name it begins with.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    names: BTreeMap<String, Type>,
}

impl Schema {
    /// A schema of these names.
    pub fn new(names: impl IntoIterator<Item = (String, Type)>) -> Self {
        Self { names: names.into_iter().collect() }
    }

    /// The same schema with one name more.
    #[must_use]
    pub fn with(mut self, name: &str, fields: Fields) -> Self {
        self.names.insert(name.to_owned(), Type::Fields(Arc::new(fields)));
        self
    }

    /// What a name stands for.
    ///
    /// # Errors
    /// With the known names, if nothing provides it.
    pub fn name(&self, name: &str) -> Result<Type, String> {
        self.names.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.names.keys().map(String::as_str).collect();
            format!("unknown name `{name}`; known are {}", known.join(", "))
        })
    }

    /// What a path such as `order.shipment.carrier` stands for.
    ///
    /// # Errors
    /// With the part of it that nothing provides.
    pub fn path(&self, path: &str) -> Result<Type, String> {
        let mut names = path.split('.');
        let root = names.next().unwrap_or_default();
        let mut seen = root.to_owned();
        names.try_fold(self.name(root)?, |of, name| {
            let found = field(&of, &seen, name)?;
            seen = format!("{seen}.{name}");
            Ok(found)
        })
    }
}

/// The type of a field of an object that is called `whose`.
///
/// # Errors
/// If the object has no such field, or is none.
pub(super) fn field(of: &Type, whose: &str, name: &str) -> Result<Type, String> {
    match of {
        Type::Anything => Ok(Type::Anything),
        Type::Fields(fields) => fields.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = fields.keys().map(String::as_str).collect();
            format!("`{whose}` has no field `{name}`; it has {}", known.join(", "))
        }),
        other => Err(format!("`{whose}` is {other} and has no field `{name}`")),
    }
}
