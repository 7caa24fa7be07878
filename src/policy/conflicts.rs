//! Which policies cannot both be right? Two about one matter that ask for the same and lead to different outcomes.

use serde_json::{Map, Value};

use super::Policy;

/// Policies that were seen so far, so that each new one is compared with all before it.
#[derive(Debug, Default)]
pub struct Conflicts {
    seen: Vec<(String, Policy)>,
}

impl Conflicts {
    /// Compares a policy record with those before it; what it contradicts, in words.
    pub fn look_at(&mut self, id: &str, fields: &Map<String, Value>) -> Vec<String> {
        let Ok(policy) = Policy::read(fields) else { return Vec::new() };
        let others = self.seen.iter().filter(|(known, _)| known != id);
        let found = others.filter_map(|(other, known)| {
            let why = conflict(known, &policy)?;
            Some(format!("contradicts the policy `{other}`: {why}; a person decides while both hold"))
        });
        let found = found.collect();
        self.seen.retain(|(known, _)| known != id);
        self.seen.push((id.to_owned(), policy));
        found
    }
}

/// Why two policies contradict each other, if that can be seen without a case: they are of the same rank, for the same
/// goods, under the same conditions, and lead to different outcomes.
pub fn conflict(one: &Policy, other: &Policy) -> Option<String> {
    let overlap = |mine: &[String], theirs: &[String]| {
        mine.is_empty() && theirs.is_empty() || mine.iter().any(|name| theirs.contains(name))
    };
    let same_goods = overlap(&one.scope.products, &other.scope.products)
        && overlap(&one.scope.categories, &other.scope.categories);
    if one.about != other.about || one.rank() != other.rank() || !same_goods || sources(one) != sources(other)
    {
        return None;
    }
    let differ = |mine: super::Outcome, theirs: super::Outcome| {
        format!("under the same conditions one says {}, the other {}", mine.as_str(), theirs.as_str())
    };
    if one.then != other.then {
        return Some(differ(one.then, other.then));
    }
    match (one.otherwise, other.otherwise) {
        (Some(mine), Some(theirs)) if mine != theirs => Some(differ(mine, theirs)),
        _ => None,
    }
}

/// The conditions without white space, in any order.
fn sources(policy: &Policy) -> Vec<String> {
    let squeezed = |source: &str| source.chars().filter(|sign| !sign.is_whitespace()).collect::<String>();
    let mut sources: Vec<String> = policy
        .conditions
        .iter()
        .map(|condition| squeezed(condition.source()))
        .filter(|source| source != "true")
        .collect();
    sources.sort_unstable();
    sources.dedup();
    sources
}
