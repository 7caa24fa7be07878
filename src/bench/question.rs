//! What is asked: the questions file, one question a line.

use super::BenchError;
use crate::identity::CustomerId;

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who asks it; nobody in particular if absent.
    pub customer: Option<String>,
    /// The text.
    pub text: String,
}

impl Question {
    /// Reads a questions file. A line is a question, or a customer's id, a tab, and the question that this customer
    /// asks. Empty lines, and lines that begin with `#`, are passed over.
    ///
    /// # Errors
    /// The first line that has an impossible customer id, or an id without a question.
    pub fn parse_file(text: &str) -> Result<Vec<Self>, BenchError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        text.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
            .map(|(index, line)| {
                Self::parse_line(line).map_err(|message| BenchError::Question { line: index + 1, message })
            })
            .collect()
    }

    fn parse_line(line: &str) -> Result<Self, String> {
        let Some((customer, question)) = line.split_once('\t') else {
            return Ok(Self { customer: None, text: line.trim().to_owned() });
        };
        let question = question.trim();
        if question.is_empty() {
            return Err("there is no question after the tab".to_owned());
        }
        let customer = customer.trim();
        let customer = match customer {
            "" => None,
            id => Some(CustomerId::new(id).map_err(|error| format!("the customer before the tab: {error}"))?),
        };
        Ok(Self { customer: customer.map(String::from), text: question.to_owned() })
    }
}
