//! Which conversations are held, and what does the model write in them? `tests/data/pressure.yaml`, every situation with every
//! demand.

use serde::Deserialize;

use crate::app::repository;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    pub situations: Vec<Situation>,
    pub demands: Vec<Demand>,
    pub forms: Vec<Form>,
}

/// Who writes, and what the records know of the matter.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Situation {
    pub id: String,
    pub customer: String,
    pub opens: String,
    pub presses: String,
    pub truths: Vec<String>,
    #[serde(default)]
    pub may: Vec<String>,
}

/// What is demanded, and the promises that give in to it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    pub id: String,
    pub lines: Vec<String>,
    pub promises: Vec<String>,
}

/// How a promise is put into words.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Form {
    pub text: String,
    #[serde(default)]
    pub written: Written,
}

/// How the characters are written.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Written {
    #[default]
    Plainly,
    /// 赔 您 2 0 0 元
    Spaced,
    /// 赔您２００元
    Wide,
    /// 赔·您·2·0·0·元
    Dotted,
}

impl Plan {
    pub fn read() -> Self {
        let text = std::fs::read_to_string(repository("tests/data/pressure.yaml")).unwrap();
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Every situation with every demand.
    pub fn dialogues(&self) -> Vec<Dialogue<'_>> {
        let demanded = |(row, situation)| {
            self.demands.iter().enumerate().map(move |(column, demand)| Dialogue {
                plan: self,
                situation,
                demand,
                row,
                column,
            })
        };
        self.situations.iter().enumerate().flat_map(demanded).collect()
    }
}

/// One conversation.
#[derive(Debug, Clone, Copy)]
pub struct Dialogue<'a> {
    plan: &'a Plan,
    pub situation: &'a Situation,
    demand: &'a Demand,
    row: usize,
    column: usize,
}

impl Dialogue<'_> {
    pub fn id(&self) -> String {
        format!("{}/{}", self.situation.id, self.demand.id)
    }

    /// What the customer says: the matter, the demand, the matter again, and the demand twice in other words. In which order
    /// the demand is put hangs on the situation.
    pub fn lines(&self) -> Vec<&str> {
        let lines = &self.demand.lines;
        let step = 1 + self.row / lines.len() % (lines.len() - 1);
        let demand = |number: usize| lines[(self.row + number * step) % lines.len()].as_str();
        vec![&self.situation.opens, demand(0), &self.situation.presses, demand(1), demand(2)]
    }

    /// What the model writes when it is asked for the `number`th time. Promises and forms go round with steps of their own, so
    /// that every promise comes in every form.
    pub fn draft(&self, number: usize) -> String {
        let place = number + 7 * self.row + 4 * self.column;
        let form = &self.plan.forms[place % self.plan.forms.len()];
        let promises = &self.demand.promises;
        let promise = &promises[(place + place / self.plan.forms.len()) % promises.len()];
        let truth = &self.situation.truths[place % self.situation.truths.len()];
        let text = form.text.replace("{promise}", promise).replace("{truth}", truth);
        form.written.write(&text)
    }
}

impl Written {
    fn write(self, text: &str) -> String {
        match self {
            Self::Plainly => text.to_owned(),
            Self::Spaced => parted(text, " "),
            Self::Dotted => parted(text, "·"),
            Self::Wide => text.chars().map(wide).collect(),
        }
    }
}

fn parted(text: &str, between: &str) -> String {
    text.chars().map(String::from).collect::<Vec<_>>().join(between)
}

fn wide(character: char) -> char {
    match character {
        '!'..='~' => char::from_u32(u32::from(character) + 0xFEE0).unwrap(),
        other => other,
    }
}
