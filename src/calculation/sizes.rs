//! Which size fits? The chart decides; where height and weight fall into two sizes, the bigger one is taken, because a
//! child grows into it. A chart that says otherwise in its `rule` (就小) is followed.

use serde_json::Value;

/// What is known of who will wear it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measures {
    /// In centimetres.
    pub height: Option<f64>,
    /// In kilograms.
    pub weight: Option<f64>,
    /// Age in months.
    pub months: Option<f64>,
}

impl Measures {
    /// The known ones, by the names that charts give to their ranges.
    fn known(self) -> impl Iterator<Item = (&'static str, f64)> {
        [("height", self.height), ("weight", self.weight), ("months", self.months)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// The size that a chart gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice<'a> {
    /// The row of the size.
    pub row: &'a Value,
    /// The row below it, where another measure would have led.
    pub other: Option<&'a Value>,
    /// The measure that decided: its name in the chart, its value.
    pub decided_by: (&'static str, f64),
    /// A measure that lies in the other size, if there is one.
    pub also: Option<(&'static str, f64)>,
}

impl Advice<'_> {
    /// The name of the size.
    pub fn size(&self) -> &str {
        self.row.get("size").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The size for these measures; `None` if the chart has no such measure, or no size is that small or that big.
pub fn advise(chart: &Value, measures: Measures) -> Option<Advice<'_>> {
    let rows = chart.get("rows")?.as_array()?;
    let mut fits: Vec<(usize, (&'static str, f64))> = Vec::new();
    for (name, value) in measures.known() {
        if rows.iter().any(|row| range(row, name).is_some()) {
            fits.push((place(rows, name, value)?, (name, value)));
        }
    }
    let smaller = chart
        .get("rule")
        .and_then(Value::as_str)
        .is_some_and(|rule| rule.contains('小') && !rule.contains('大'));
    fits.sort_by_key(|(place, _)| *place);
    let (low, high) = (fits.first()?, fits.last()?);
    let (chosen, rest) = if smaller { (low, high) } else { (high, low) };
    let straddles = chosen.0 != rest.0;
    Some(Advice {
        row: &rows[chosen.0],
        other: straddles.then(|| &rows[rest.0]),
        decided_by: chosen.1,
        also: straddles.then_some(rest.1),
    })
}

/// The row a measure falls into: the first that holds it, or the next bigger one where it falls between two.
fn place(rows: &[Value], name: &str, value: f64) -> Option<usize> {
    let ranges: Vec<(usize, (f64, f64))> =
        rows.iter().enumerate().filter_map(|(place, row)| Some((place, range(row, name)?))).collect();
    let smallest = ranges.iter().map(|(_, (low, _))| *low).fold(f64::INFINITY, f64::min);
    if value < smallest {
        return None;
    }
    let mut by_end = ranges;
    by_end.sort_by(|one, other| one.1.1.total_cmp(&other.1.1));
    by_end.into_iter().find(|(_, (_, high))| value <= *high).map(|(place, _)| place)
}

fn range(row: &Value, name: &str) -> Option<(f64, f64)> {
    match row.get(name)?.as_array()?.as_slice() {
        [low, high] => Some((low.as_f64()?, high.as_f64()?)),
        _ => None,
    }
}
