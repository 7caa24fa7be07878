//! The prompt, from stable to volatile: system and shop, scenario and goals, evidence, conversation, question.
//!
//! Everything that a customer or a record says goes in as untrusted text, which the model's tokenizer encodes
//! without control tokens. Evidence is cut to the sentences that fit the question, until the prompt fits its budget.

use crate::model::{ChatModel, Prompt, PromptMessage, PromptPart, Role};
use crate::pack::prompt::{PromptError, SystemVariables, headings, render_system};
use crate::turn::decide::{Situation, fitting_sentences};
use crate::turn::types::{Author, Decision, Fact, ModelBrief};
use crate::turn::understand::private::mask_past;

/// Characters of evidence and how many earlier messages the model sees, from generous to scarce; the first that fits the token
/// budget is taken. What was said before gives way before the last of the evidence.
const BUDGETS: [(usize, usize); 8] =
    [(420, 4), (320, 4), (240, 4), (170, 4), (170, 2), (110, 2), (110, 0), (60, 0)];
/// Characters kept of an earlier message.
const PAST_MESSAGE: usize = 60;

/// Builds the prompt of a brief inside a token budget.
///
/// # Errors
/// If the pack's template cannot be rendered.
pub fn build(
    situation: Situation<'_>,
    decision: &Decision,
    brief: &ModelBrief,
    model: &dyn ChatModel,
    budget: usize,
) -> Result<Prompt, PromptError> {
    let system = system(situation, decision, brief)?;
    let mut prompt = None;
    for budgets in BUDGETS {
        let user = user(situation, brief, budgets);
        let fits = tokens(model, &system, &user) <= budget;
        prompt = Some(Prompt {
            messages: vec![
                PromptMessage { role: Role::System, parts: vec![PromptPart::Trusted(system.clone())] },
                PromptMessage { role: Role::User, parts: user },
            ],
        });
        if fits {
            break;
        }
    }
    Ok(prompt.unwrap_or(Prompt { messages: Vec::new() }))
}

/// What the chat template itself adds: role names and separators.
const TEMPLATE_TOKENS: usize = 16;

fn tokens(model: &dyn ChatModel, system: &str, user: &[PromptPart]) -> usize {
    let text = |part: &PromptPart| match part {
        PromptPart::Trusted(text) | PromptPart::Untrusted(text) => model.count_tokens(text),
    };
    TEMPLATE_TOKENS + model.count_tokens(system) + user.iter().map(text).sum::<usize>()
}

fn system(situation: Situation<'_>, decision: &Decision, brief: &ModelBrief) -> Result<String, PromptError> {
    let pack = situation.pack;
    let goals: Vec<String> = brief.goals.iter().map(name_of).collect();
    render_system(
        pack,
        &SystemVariables {
            shop: &pack.voice.shop,
            assistant: &pack.voice.assistant,
            characters: pack.voice.reply_characters,
            scenario: &decision.scenario.name,
            goals: &goals.iter().map(String::as_str).collect::<Vec<_>>(),
            tier: &name_of(&decision.tier),
            emotion: &name_of(&situation.reading.emotion.label),
        },
    )
}

/// The name under which a goal, tier or label stands in files.
fn name_of(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn user(
    situation: Situation<'_>,
    brief: &ModelBrief,
    (characters, messages): (usize, usize),
) -> Vec<PromptPart> {
    let headings = headings(situation.pack);
    let heading = |text: &str| PromptPart::Trusted(format!("\n{text}\n"));
    let mut parts = vec![heading(headings.evidence)];
    parts.push(PromptPart::Untrusted(evidence(situation, brief, characters)));
    let history = history(situation, messages);
    if !history.is_empty() {
        parts.push(heading(headings.history));
        parts.push(PromptPart::Untrusted(history));
    }
    parts.push(heading(headings.question));
    parts.push(PromptPart::Untrusted(situation.reading.masked.clone()));
    parts
}

/// The facts of the brief in canonical order, so that the same evidence always makes the same prompt.
fn evidence(situation: Situation<'_>, brief: &ModelBrief, characters: usize) -> String {
    let mut facts: Vec<&Fact> = brief.evidence.iter().filter_map(|id| situation.facts.get(id)).collect();
    let each = characters / facts.len().max(1);
    facts.sort_by(|a, b| a.id.cmp(&b.id));
    let line = |fact: &Fact| {
        let text = if fact.text.chars().count() <= each {
            fact.text.clone()
        } else {
            fitting_sentences(fact, &situation.reading.question, each)
        };
        format!("- {}：{}", fact.title, text.replace('\n', "；"))
    };
    facts.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

fn history(situation: Situation<'_>, messages: usize) -> String {
    let headings = headings(situation.pack);
    let past = &situation.input.history;
    let recent = &past[past.len().saturating_sub(messages)..];
    let line = |message: &crate::turn::types::PastMessage| {
        let who = match message.author {
            Author::Customer => headings.customer,
            Author::Assistant | Author::Staff => headings.shop,
        };
        // What customers tell of themselves is no business of the model's.
        let text = match message.author {
            Author::Customer => mask_past(&message.text, !situation.pack.language.starts_with("en")),
            Author::Assistant | Author::Staff => message.text.clone(),
        };
        let text: String = text.chars().take(PAST_MESSAGE).collect();
        format!("{who}：{}", text.replace('\n', " "))
    };
    recent.iter().map(line).collect::<Vec<_>>().join("\n")
}
