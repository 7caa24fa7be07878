//! Do the names of an expression exist, and do its types go together? Asked once, when a policy is read.
//!
//! While it looks, it makes sums of money exact: every sum, difference, product and quotient that is an amount is
//! rounded to whole cents where it arises, so that amounts that are equal compare equal.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::sums;
use super::types::{Schema, Type, field};

/// The function that rounds to whole cents. Its name can be written by nobody.
pub(super) const CENTS: &str = "@cents";

/// The type of an expression, or why it has none.
pub(super) fn infer(expression: &mut IdedExpr, schema: &Schema) -> Result<Type, String> {
    Typing { schema, bound: Vec::new() }.infer(expression)
}

struct Typing<'a> {
    schema: &'a Schema,
    /// Variables of the macros around the present expression.
    bound: Vec<(String, Type)>,
}

impl Typing<'_> {
    fn infer(&mut self, node: &mut IdedExpr) -> Result<Type, String> {
        match &mut node.expr {
            Expr::Unspecified => Ok(Type::Anything),
            Expr::Ident(name) => self.name(name),
            Expr::Literal(literal) => Ok(of_literal(literal)),
            Expr::Select(select) => self.select(select),
            Expr::List(list) => {
                let mut inner = Type::Anything;
                for element in &mut list.elements {
                    let found = self.infer(element)?;
                    inner = common(inner, found, "the elements of a list")?;
                }
                Ok(Type::list(inner))
            }
            Expr::Map(_) | Expr::Struct(_) => Err("an object cannot be written here".to_owned()),
            Expr::Comprehension(fold) => self.comprehension(fold),
            Expr::Call(call) => {
                let found = self.call(call)?;
                if found == Type::Money && is_arithmetic(&call.func_name) {
                    round(node);
                }
                Ok(found)
            }
        }
    }

    fn name(&self, name: &str) -> Result<Type, String> {
        match self.bound.iter().rev().find(|(bound, _)| bound == name) {
            Some((_, found)) => Ok(found.clone()),
            None => self.schema.name(name),
        }
    }

    fn select(&mut self, select: &mut SelectExpr) -> Result<Type, String> {
        let whose = shown(&select.operand.expr);
        let operand = self.infer(&mut select.operand)?;
        let found = field(&operand, &whose, &select.field)?;
        Ok(if select.test { Type::Truth } else { found })
    }

    /// `exists`, `all`, `filter` and `map` are folds: the variable runs through a list, the result is gathered.
    fn comprehension(&mut self, fold: &mut ComprehensionExpr) -> Result<Type, String> {
        let element = match self.infer(&mut fold.iter_range)? {
            Type::List(element) => *element,
            Type::Anything => Type::Anything,
            other => return Err(format!("only a list can be looked through, not {other}")),
        };
        let gathered = self.infer(&mut fold.accu_init)?;
        let outer = self.bound.len();
        self.bound.push((fold.iter_var.clone(), element));
        self.bound.push((fold.accu_var.clone(), gathered.clone()));
        let mut parts = [&mut fold.loop_cond, &mut fold.loop_step, &mut fold.result];
        let inferred: Result<Vec<Type>, String> = parts.iter_mut().map(|part| self.infer(part)).collect();
        self.bound.truncate(outer);
        let result = inferred?.pop().unwrap_or(gathered);
        Ok(result)
    }

    fn call(&mut self, call: &mut CallExpr) -> Result<Type, String> {
        let target = call.target.as_mut().map(|target| self.infer(target)).transpose()?;
        let arguments: Vec<Type> =
            call.args.iter_mut().map(|argument| self.infer(argument)).collect::<Result<_, _>>()?;
        let name = call.func_name.as_str();
        match (target, arguments.as_slice()) {
            (Some(target), arguments) => method(name, &target, arguments),
            (None, [one]) if name == operators::LOGICAL_NOT => asked(one, &Type::Truth, "`!`"),
            (None, [one]) if name == operators::NEGATE => numeric(one, "`-`"),
            (None, [one, other]) => match binary(name, one, other) {
                Some(found) => {
                    let found = found?;
                    if is_arithmetic(name) || name == operators::MODULO {
                        align(call, &arguments, &found);
                    }
                    Ok(found)
                }
                None => function(name, &arguments),
            },
            (None, [when, one, other]) if name == operators::CONDITIONAL => {
                asked(when, &Type::Truth, "what stands before `?`")?;
                common(one.clone(), other.clone(), "the two sides of `:`")
            }
            (None, arguments) => function(name, arguments),
        }
    }
}

fn of_literal(literal: &LiteralValue) -> Type {
    match literal {
        LiteralValue::Boolean(_) => Type::Truth,
        LiteralValue::Double(_) | LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Number,
        LiteralValue::String(_) => Type::Text,
        LiteralValue::Bytes(_) | LiteralValue::Null => Type::Anything,
    }
}

/// An operator with two sides; `None` if the name is none.
fn binary(name: &str, one: &Type, other: &Type) -> Option<Result<Type, String>> {
    Some(match name {
        operators::LOGICAL_AND | operators::LOGICAL_OR => {
            let sign = if name == operators::LOGICAL_AND { "`&&`" } else { "`||`" };
            asked(one, &Type::Truth, sign).and_then(|_| asked(other, &Type::Truth, sign))
        }
        operators::EQUALS | operators::NOT_EQUALS => {
            common(one.clone(), other.clone(), "the two sides of a comparison").map(|_| Type::Truth)
        }
        operators::LESS | operators::LESS_EQUALS | operators::GREATER | operators::GREATER_EQUALS => {
            ordered(one, other)
        }
        operators::IN => match other {
            Type::List(element) => {
                common(one.clone(), (**element).clone(), "what is looked for and the list")
                    .map(|_| Type::Truth)
            }
            Type::Anything => Ok(Type::Truth),
            other => Err(format!("`in` looks through a list, not through {other}")),
        },
        operators::INDEX => match one {
            Type::List(element) => Ok((**element).clone()),
            Type::Anything => Ok(Type::Anything),
            one => Err(format!("only a list has a place `[…]`, not {one}")),
        },
        operators::ADD | operators::SUBSTRACT => added(name, one, other),
        operators::MULTIPLY | operators::DIVIDE | operators::MODULO => multiplied(name, one, other),
        _ => return None,
    })
}

fn ordered(one: &Type, other: &Type) -> Result<Type, String> {
    let moments = matches!((one, other), (Type::Moment | Type::Anything, Type::Moment | Type::Anything));
    if moments || one.is_numeric() && other.is_numeric() {
        return Ok(Type::Truth);
    }
    Err(format!("{one} cannot be compared with {other}"))
}

fn added(name: &str, one: &Type, other: &Type) -> Result<Type, String> {
    Ok(match (one, other) {
        (Type::Moment, Type::Moment) if name == operators::SUBSTRACT => Type::Number,
        (Type::Moment, Type::Number) => Type::Moment,
        (Type::Number, Type::Moment) if name == operators::ADD => Type::Moment,
        (Type::Text, Type::Text) if name == operators::ADD => Type::Text,
        (Type::List(_), Type::List(_)) if name == operators::ADD => one.clone(),
        (Type::Money, other) | (other, Type::Money) if other.is_numeric() => Type::Money,
        (one, other) if one.is_numeric() && other.is_numeric() => Type::Number,
        _ => return Err(format!("{one} and {other} cannot be added or subtracted")),
    })
}

fn multiplied(name: &str, one: &Type, other: &Type) -> Result<Type, String> {
    Ok(match (one, other) {
        (Type::Money, Type::Money) if name == operators::DIVIDE => Type::Number,
        (Type::Money, Type::Number) => Type::Money,
        (Type::Number, Type::Money) if name == operators::MULTIPLY => Type::Money,
        (one, other) if one.is_numeric() && other.is_numeric() && *one != Type::Money => Type::Number,
        _ => return Err(format!("{one} and {other} cannot be multiplied or divided")),
    })
}

fn is_arithmetic(name: &str) -> bool {
    [operators::ADD, operators::SUBSTRACT, operators::MULTIPLY, operators::DIVIDE].contains(&name)
}

/// Puts a node into a call that rounds it.
fn round(node: &mut IdedExpr) {
    wrap(node, CENTS);
}

/// Makes the two sides of a sum the same kind of number: the language does not add a whole number to a broken one, and
/// records write `269` as well as `269.0`.
fn align(call: &mut CallExpr, types: &[Type], found: &Type) {
    if matches!(found, Type::Text | Type::List(_)) || types.iter().all(|one| *one == Type::Moment) {
        return;
    }
    let whole = *found == Type::Moment || call.func_name == operators::MODULO;
    for (argument, of) in call.args.iter_mut().zip(types) {
        if *of != Type::Moment {
            wrap(argument, if whole { "int" } else { "double" });
        }
    }
}

fn wrap(node: &mut IdedExpr, function: &str) {
    let inner = std::mem::replace(&mut node.expr, Expr::Unspecified);
    let argument = IdedExpr { id: node.id, expr: inner };
    node.expr = Expr::Call(CallExpr { func_name: function.to_owned(), target: None, args: vec![argument] });
}

fn method(name: &str, target: &Type, arguments: &[Type]) -> Result<Type, String> {
    match (name, target, arguments) {
        ("contains" | "startsWith" | "endsWith" | "matches", target, [part]) => {
            asked(target, &Type::Text, name)?;
            asked(part, &Type::Text, name)?;
            Ok(Type::Truth)
        }
        ("size", Type::Text | Type::List(_) | Type::Anything, []) => Ok(Type::Number),
        _ => Err(format!("{target} has no function `{name}` of that kind")),
    }
}

fn function(name: &str, arguments: &[Type]) -> Result<Type, String> {
    match (name, arguments) {
        ("size", [Type::Text | Type::List(_) | Type::Anything]) => Ok(Type::Number),
        ("int" | "double", [one]) if one.is_numeric() || *one == Type::Text => Ok(Type::Number),
        ("string", [_]) => Ok(Type::Text),
        ("hours_since" | "days_since", [Type::WrittenTime | Type::Text | Type::Anything]) => Ok(Type::Number),
        ("has_passed", [Type::WrittenTime | Type::Text | Type::Anything]) => Ok(Type::Truth),
        ("time", [Type::WrittenTime | Type::Text | Type::Anything]) => Ok(Type::Moment),
        ("@not_strictly_false", [_]) => Ok(Type::Truth),
        _ => of_sum(name, arguments),
    }
}

fn of_sum(name: &str, arguments: &[Type]) -> Result<Type, String> {
    let Some(sum) = sums::SUMS.iter().find(|sum| sum.name == name) else {
        let known: Vec<&str> =
            super::compile::WRITABLE.iter().copied().chain(sums::SUMS.iter().map(|sum| sum.name)).collect();
        return Err(format!(
            "unknown function `{name}`, or not for these arguments; known are {}",
            known.join(", ")
        ));
    };
    if sum.takes.len() != arguments.len() {
        return Err(format!("`{name}` is written as {}", sum.usage));
    }
    for (takes, given) in sum.takes.iter().zip(arguments) {
        if !given.fits(takes) {
            return Err(format!("`{name}` is written as {}; {given} does not fit there", sum.usage));
        }
    }
    Ok(sum.gives.clone())
}

fn asked(found: &Type, asked: &Type, of: &str) -> Result<Type, String> {
    if found.fits(asked) { Ok(asked.clone()) } else { Err(format!("{of} needs {asked}, not {found}")) }
}

fn numeric(found: &Type, of: &str) -> Result<Type, String> {
    if found.is_numeric() { Ok(found.clone()) } else { Err(format!("{of} needs a number, not {found}")) }
}

/// The type both may have.
fn common(one: Type, other: Type, of: &str) -> Result<Type, String> {
    if one.fits(&other) {
        return Ok(if one == Type::Anything {
            other
        } else if other == Type::Anything {
            one
        } else {
            other
        });
    }
    if other.fits(&one) {
        return Ok(one);
    }
    Err(format!("{of} are {one} and {other}, which cannot be the same"))
}

/// An expression as it was written, as far as it is a path.
fn shown(expression: &Expr) -> String {
    match expression {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) => format!("{}.{}", shown(&select.operand.expr), select.field),
        _ => "…".to_owned(),
    }
}
