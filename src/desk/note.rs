//! The note a person reads when taking over. No model: every line is quoted or read from a record, and says which
//! messages it comes from.

use super::types::{EmotionPoint, HandoffNote, NoteFact, SummaryLine};
use crate::identity::{Identity, MessageId};
use crate::record::RecordKind;
use crate::turn::types::{Author, Commitment, Fact, Facts, PastMessage, Reading, Refusal};

/// How many lines of the conversation the summary has at most; the first is always kept.
const LINES: usize = 8;

/// How much of one message is quoted.
const QUOTED_CHARACTERS: usize = 80;

/// Shorter wishes than this tell a person nothing ("人工", "在吗").
const SUBSTANCE_CHARACTERS: usize = 2;

/// What the note is made from.
#[derive(Debug, Clone)]
pub struct NoteSource<'a> {
    /// What is proven of the customer.
    pub identity: &'a Identity,
    /// Earlier messages, oldest first.
    pub history: &'a [PastMessage],
    /// The message that led to the handoff.
    pub message: &'a MessageId,
    /// What was read in it.
    pub reading: &'a Reading,
    /// Facts of the turn.
    pub facts: &'a Facts,
    /// Emotions of earlier messages, oldest first.
    pub emotions: &'a [EmotionPoint],
    /// Drafts that were not let out.
    pub refused: &'a [Refusal],
    /// Open promises.
    pub promises: &'a [Commitment],
    /// Vetted replies the agent may send.
    pub suggestions: &'a [String],
}

/// Builds the note.
pub fn build(source: &NoteSource<'_>) -> HandoffNote {
    let mut emotion = source.emotions.to_vec();
    emotion.push(EmotionPoint {
        message: source.message.clone(),
        label: source.reading.emotion.label,
        intensity: source.reading.emotion.intensity,
    });
    let facts = &source.facts.found;
    let about_order =
        |fact: &&Fact| matches!(fact.kind, RecordKind::Order | RecordKind::Shipment | RecordKind::Aftersale);
    let about_product = |fact: &&Fact| fact.kind == RecordKind::Product;
    // A customer's record is never evidence, and an agent sees the customer beside the note.
    let other =
        |fact: &&Fact| !about_order(fact) && !about_product(fact) && fact.kind != RecordKind::Customer;
    HandoffNote {
        summary: summary(source),
        wish: wish(source),
        identity: match source.identity {
            Identity::Customer(customer) => format!("verified {customer}"),
            Identity::Anonymous(_) => "anonymous".to_owned(),
            Identity::Holder(holder) => format!("holds order {}", holder.orders().join(", ")),
        },
        emotion,
        orders: facts.iter().filter(about_order).map(note_fact).collect(),
        products: facts.iter().filter(about_product).map(note_fact).collect(),
        tried: tried(source.history),
        evidence: facts.iter().filter(other).map(note_fact).collect(),
        blocked: source.refused.to_vec(),
        late: Vec::new(),
        promises: source.promises.to_vec(),
        suggestions: source.suggestions.to_vec(),
        value: facts.iter().filter(|fact| fact.kind == RecordKind::Order).filter_map(value).max(),
    }
}

/// What an order comes to, in cents.
fn value(order: &Fact) -> Option<i64> {
    let amount = |field: &str| order.fields.get(field).and_then(serde_json::Value::as_f64);
    let amount = amount("total").or_else(|| amount("paid_amount"))?;
    Some((amount * 100.0).round() as i64)
}

/// The conversation in a few lines: who said what, messages of one side in a row on one line.
fn summary(source: &NoteSource<'_>) -> Vec<SummaryLine> {
    let mut lines: Vec<(Author, SummaryLine)> = Vec::new();
    let said = source.history.iter().map(|past| (past.author, past.text.as_str(), &past.id));
    let last = (Author::Customer, source.reading.text.as_str(), source.message);
    for (author, text, id) in said.chain([last]) {
        let quoted = quote(text);
        if quoted.is_empty() {
            continue;
        }
        match lines.last_mut() {
            Some((before, line)) if *before == author => {
                line.text.push_str(" / ");
                line.text.push_str(&quoted);
                line.messages.push(id.clone());
            }
            _ => lines.push((
                author,
                SummaryLine { text: format!("{}：{quoted}", speaker(author)), messages: vec![id.clone()] },
            )),
        }
    }
    let mut lines: Vec<SummaryLine> = lines.into_iter().map(|(_, line)| line).collect();
    if lines.len() > LINES {
        lines.drain(1..=lines.len() - LINES);
    }
    lines
}

fn speaker(author: Author) -> &'static str {
    match author {
        Author::Customer => "顾客",
        Author::Assistant => "助手",
        Author::Staff => "同事",
    }
}

/// What the customer wants, word for word: the latest message that says more than "人工".
fn wish(source: &NoteSource<'_>) -> String {
    let earlier = source.history.iter().rev().filter(|past| past.author == Author::Customer);
    let texts: Vec<&str> =
        std::iter::once(source.reading.text.as_str()).chain(earlier.map(|past| past.text.as_str())).collect();
    texts[telling(&texts)].trim().to_owned()
}

/// The place of the first of some messages, the newest first, that says more than "人工"; the newest if none does.
pub fn telling(newest_first: &[&str]) -> usize {
    newest_first.iter().position(|text| has_substance(text)).unwrap_or_default()
}

/// Whether a message says something beside asking for a person.
fn has_substance(text: &str) -> bool {
    const ASKING: [&str; 24] = [
        "人工",
        "真人",
        "活人",
        "客服",
        "服务",
        "机器人",
        "转接",
        "找人",
        "老板",
        "经理",
        "有没有",
        "我要",
        "我想",
        "给我",
        "帮我",
        "让你们",
        "你们",
        "请",
        "转",
        "找",
        "你好",
        "在吗",
        "来",
        "吗",
    ];
    let mut rest = text.to_owned();
    for word in ASKING {
        rest = rest.replace(word, "");
    }
    rest.chars().filter(|character| character.is_alphanumeric()).count() >= SUBSTANCE_CHARACTERS
}

/// What the assistant has said, in order, each thing once.
fn tried(history: &[PastMessage]) -> Vec<String> {
    let mut tried: Vec<String> = Vec::new();
    for past in history.iter().filter(|past| past.author == Author::Assistant) {
        let quoted = quote(&past.text);
        if !quoted.is_empty() && !tried.contains(&quoted) {
            tried.push(quoted);
        }
    }
    tried
}

/// The beginning of a message on one line.
fn quote(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUOTED_CHARACTERS {
        return line;
    }
    line.chars().take(QUOTED_CHARACTERS).chain(['…']).collect()
}

fn note_fact(fact: &Fact) -> NoteFact {
    NoteFact { id: fact.id.clone(), title: fact.title.clone(), text: fact.text.clone() }
}
