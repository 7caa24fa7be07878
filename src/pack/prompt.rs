//! What does the model read first? Renders the trusted part of the prompt; what customers and records say never enters it.

use minijinja::{Environment, UndefinedBehavior};

use super::types::Pack;

/// What `templates/system.j2` may use. Everything comes from the pack, nothing from outside.
#[derive(Debug, Clone)]
pub struct SystemVariables<'a> {
    /// The shop's name.
    pub shop: &'a str,
    /// The assistant's name.
    pub assistant: &'a str,
    /// The most characters of the reply.
    pub characters: usize,
    /// The scenario's name.
    pub scenario: &'a str,
    /// The goals to meet, in order, by their names in files.
    pub goals: &'a [&'a str],
    /// The tier's name.
    pub tier: &'a str,
    /// The emotion label's name.
    pub emotion: &'a str,
}

/// The prompt could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromptError {
    /// The pack has no such template.
    #[error("the pack has no templates/{0}")]
    Absent(&'static str),
    /// The template does not go with the variables.
    #[error("templates/{template}, line {line}: {message}")]
    Render {
        /// The template.
        template: &'static str,
        /// The line.
        line: usize,
        /// What is wrong.
        message: String,
    },
}

/// What stands before each part of the user message, in the order in which the parts follow each other. They are
/// `prompt:` of pack.yaml. Evidence, history and question themselves are untrusted and are put in by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromptHeadings<'a> {
    /// Before the facts.
    pub evidence: &'a str,
    /// Before the conversation.
    pub history: &'a str,
    /// Before the resolved question.
    pub question: &'a str,
    /// Before a message of the customer.
    pub customer: &'a str,
    /// Before a message of the assistant or a person of the shop.
    pub shop: &'a str,
}

/// The headings of a pack; empty where it has none.
pub fn headings(pack: &Pack) -> PromptHeadings<'_> {
    let named = |name: &str| pack.templates.get(&format!("{HEADING}{name}")).map_or("", String::as_str);
    PromptHeadings {
        evidence: named("evidence"),
        history: named("history"),
        question: named("question"),
        customer: named("customer"),
        shop: named("shop"),
    }
}

/// Under which names of [`Pack::templates`] the headings are kept.
pub(super) const HEADING: &str = "heading.";

const SYSTEM: &str = "system.j2";

/// The system message. What changes least stands first, so that its beginning can be read once and kept.
///
/// # Errors
/// [`PromptError`] if the template uses something it is not given.
pub fn render_system(pack: &Pack, variables: &SystemVariables<'_>) -> Result<String, PromptError> {
    let source = pack.templates.get(SYSTEM).ok_or(PromptError::Absent(SYSTEM))?;
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let values = minijinja::context! {
        shop => variables.shop.to_owned(),
        assistant => variables.assistant.to_owned(),
        characters => variables.characters,
        scenario => variables.scenario.to_owned(),
        goals => variables.goals.iter().map(ToString::to_string).collect::<Vec<_>>(),
        tier => variables.tier.to_owned(),
        emotion => variables.emotion.to_owned(),
    };
    environment.render_str(source, values).map(|text| text.trim().to_owned()).map_err(|error| {
        PromptError::Render {
            template: SYSTEM,
            line: error.line().unwrap_or_default(),
            message: error.detail().map_or_else(|| error.to_string(), str::to_owned),
        }
    })
}
