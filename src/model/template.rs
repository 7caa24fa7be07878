//! The chat template that comes with the weights: rendered with placeholders, so that no text of a message is
//! ever seen by the template or mistaken for its markup.

use minijinja::{Environment, Error, ErrorKind, context, syntax::SyntaxConfig, value::Value};

use super::{ModelError, Prompt};

/// Frame of a placeholder: two characters of a private plane that no template contains.
const OPEN: char = '\u{F5A5A}';
const CLOSE: char = '\u{F5A5B}';

/// A Jinja chat template, as Hugging Face writes them.
#[derive(Debug, Clone)]
pub(super) struct ChatTemplate {
    source: String,
    begin_token: String,
    end_token: String,
}

/// A stretch of a rendered prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// The template's own text; only here are control tokens control tokens.
    Markup(String),
    /// The text of a message.
    Content(String),
}

impl ChatTemplate {
    /// Checks that the template can be parsed.
    pub(super) fn new(source: &str, begin_token: &str, end_token: &str) -> Result<Self, ModelError> {
        environment()
            .template_from_str(source)
            .map_err(|error| ModelError::Load(format!("its chat template is not understood: {error}")))?;
        Ok(Self {
            source: source.to_owned(),
            begin_token: begin_token.to_owned(),
            end_token: end_token.to_owned(),
        })
    }

    /// Renders a prompt up to where the model is to continue.
    pub(super) fn render(&self, prompt: &Prompt) -> Result<Vec<Segment>, ModelError> {
        let messages: Vec<Value> = prompt
            .messages
            .iter()
            .enumerate()
            .map(|(index, message)| {
                context! { role => message.role.name(), content => format!("{OPEN}{index}{CLOSE}") }
            })
            .collect();
        let rendered = environment()
            .render_str(
                &self.source,
                context! {
                    messages,
                    add_generation_prompt => true,
                    bos_token => &self.begin_token,
                    eos_token => &self.end_token,
                    // Families that can think aloud first must not: a customer waits.
                    enable_thinking => false,
                },
            )
            .map_err(|error| ModelError::Prompt(format!("the chat template refuses it: {error}")))?;
        split(&rendered, prompt)
    }
}

/// Exchanges each placeholder for its message's text.
fn split(rendered: &str, prompt: &Prompt) -> Result<Vec<Segment>, ModelError> {
    let lost =
        || ModelError::Prompt("the chat template does not repeat every message exactly once".to_owned());
    let mut segments = Vec::new();
    let mut seen = vec![0_usize; prompt.messages.len()];
    let mut rest = rendered;
    while let Some((markup, after)) = rest.split_once(OPEN) {
        let (index, after) = after.split_once(CLOSE).ok_or_else(lost)?;
        let index: usize = index.parse().map_err(|_| lost())?;
        *seen.get_mut(index).ok_or_else(lost)? += 1;
        segments.push(Segment::Markup(markup.to_owned()));
        segments.push(Segment::Content(prompt.messages[index].text()));
        rest = after;
    }
    segments.push(Segment::Markup(rest.to_owned()));
    segments.retain(
        |segment| !matches!(segment, Segment::Markup(text) | Segment::Content(text) if text.is_empty()),
    );
    if seen.iter().any(|count| *count != 1) {
        return Err(lost());
    }
    Ok(segments)
}

/// The environment such templates expect: Python's string methods, trimmed blocks, `raise_exception`.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
    environment.add_function("raise_exception", |message: String| -> Result<Value, Error> {
        Err(Error::new(ErrorKind::InvalidOperation, message))
    });
    environment
}
