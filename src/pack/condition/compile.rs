//! What does an expression read? Parses the source, checks its names, and replaces every field path by one variable.
//!
//! `order.shipment.carrier` becomes one reference that is looked up in the JSON directly, so that evaluating a
//! condition converts only the fields it reads, and `has(…)` becomes a plain true or false.

use cel::Program;
use cel::common::ast::{CallExpr, EntryExpr, Expr, SelectExpr};
use cel::parser::Expression;

use super::types::{Schema, Type};
use super::{VARIABLES, sums, typing};

/// The functions that every expression may call, as people write them.
pub(super) const WRITABLE: [&str; 17] = [
    "hours_since",
    "days_since",
    "has_passed",
    "time",
    "has",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "exists",
    "all",
    "filter",
    "map",
    "int",
    "double",
    "string",
];
/// What macros turn into.
const INNER: &str = "@not_strictly_false";

/// An expression whose field paths are variables.
#[derive(Debug)]
pub(super) struct Compiled {
    pub expression: Expression,
    pub references: Vec<Reference>,
    pub uses_time: bool,
    /// The sums it asks for.
    pub sums: Vec<&'static str>,
    /// Whether amounts in it are rounded.
    pub rounds: bool,
}

/// One field path of an expression.
#[derive(Debug, PartialEq)]
pub(super) struct Reference {
    /// The variable that stands for it in the expression.
    pub name: String,
    /// From the top-level name down.
    pub path: Vec<String>,
    /// Whether only its presence is asked for.
    pub test: bool,
}

/// Compiles an expression and tells its type; the error is the reason alone. Without a schema it may begin with any of
/// [`VARIABLES`], its types are not looked at, and it knows no sums.
pub(super) fn compile(source: &str, schema: Option<&Schema>) -> Result<(Compiled, Type), String> {
    let program = Program::compile(source).map_err(|errors| {
        let messages: Vec<String> = errors
            .errors
            .iter()
            .map(|error| format!("{} (line {}, column {})", error.msg, error.pos.0, error.pos.1))
            .collect();
        messages.join("; ")
    })?;
    let mut expression = program.expression().clone();
    let found = schema.map_or(Ok(Type::Anything), |schema| typing::infer(&mut expression, schema))?;
    let mut compiler = Compiler { typed: schema.is_some(), ..Compiler::default() };
    compiler.rewrite(&mut expression)?;
    let Compiler { references, uses_time, sums, rounds, .. } = compiler;
    Ok((Compiled { expression, references, uses_time, sums, rounds }, found))
}

#[derive(Default)]
struct Compiler {
    /// Whether the names and types were looked at already.
    typed: bool,
    references: Vec<Reference>,
    /// Variables of the macros around the present expression.
    bound: Vec<String>,
    uses_time: bool,
    sums: Vec<&'static str>,
    rounds: bool,
}

impl Compiler {
    fn rewrite(&mut self, node: &mut Expression) -> Result<(), String> {
        if let Some((path, test)) = chain(&node.expr)
            && !self.bound.contains(&path[0])
        {
            node.expr = Expr::Ident(self.refer(path, test)?);
            return Ok(());
        }
        match &mut node.expr {
            Expr::Unspecified | Expr::Ident(_) | Expr::Literal(_) => Ok(()),
            Expr::Select(SelectExpr { operand, .. }) => self.rewrite(operand),
            Expr::Call(call) => self.rewrite_call(call),
            Expr::List(list) => list.elements.iter_mut().try_for_each(|element| self.rewrite(element)),
            Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
                EntryExpr::MapEntry(entry) => {
                    self.rewrite(&mut entry.key)?;
                    self.rewrite(&mut entry.value)
                }
                EntryExpr::StructField(field) => self.rewrite(&mut field.value),
            }),
            Expr::Struct(message) => Err(format!("unknown type `{}`", message.type_name)),
            Expr::Comprehension(fold) => {
                self.rewrite(&mut fold.iter_range)?;
                let outer = self.bound.len();
                self.bound.extend([fold.iter_var.clone(), fold.accu_var.clone()]);
                self.bound.extend(fold.iter_var2.clone());
                for part in [&mut fold.accu_init, &mut fold.loop_cond, &mut fold.loop_step, &mut fold.result]
                {
                    self.rewrite(part)?;
                }
                self.bound.truncate(outer);
                Ok(())
            }
        }
    }

    fn rewrite_call(&mut self, call: &mut CallExpr) -> Result<(), String> {
        let name = call.func_name.as_str();
        let operator = name.contains('_') && !name.chars().any(char::is_alphanumeric) || name == "@in";
        if let Some(sum) = sums::SUMS.iter().find(|sum| self.typed && sum.name == name) {
            self.sums.push(sum.name);
        } else if self.typed && name == typing::CENTS {
            self.rounds = true;
        } else if !operator && name != INNER && !WRITABLE.contains(&name) {
            return Err(format!("unknown function `{name}`; known are {}", WRITABLE.join(", ")));
        }
        self.uses_time |= matches!(name, "hours_since" | "days_since" | "has_passed" | "time");
        if let Some(target) = &mut call.target {
            self.rewrite(target)?;
        }
        call.args.iter_mut().try_for_each(|argument| self.rewrite(argument))
    }

    /// The variable that stands for a path.
    fn refer(&mut self, path: Vec<String>, test: bool) -> Result<String, String> {
        let root = path[0].as_str();
        if !self.typed && !VARIABLES.contains(&root) {
            return Err(format!("unknown variable `{root}`; known are {}", VARIABLES.join(", ")));
        }
        if root == "now" {
            self.uses_time = true;
            return if path.len() == 1 { Ok("now".into()) } else { Err("`now` has no fields".into()) };
        }
        if let Some(known) = self.references.iter().find(|known| known.path == path && known.test == test) {
            return Ok(known.name.clone());
        }
        let name = format!("field{}", self.references.len());
        self.references.push(Reference { name: name.clone(), path, test });
        Ok(name)
    }
}

/// The names of `a.b.c`, root first, and whether it is asked for with `has`. `None` for anything else.
fn chain(expression: &Expr) -> Option<(Vec<String>, bool)> {
    let mut names = Vec::new();
    let mut test = false;
    let mut present = expression;
    loop {
        match present {
            Expr::Ident(name) => {
                names.push(name.clone());
                names.reverse();
                return Some((names, test));
            }
            Expr::Select(select) if names.is_empty() || !select.test => {
                test |= select.test;
                names.push(select.field.clone());
                present = &select.operand.expr;
            }
            _ => return None,
        }
    }
}
