//! How is a file of events read? One JSON object a line: an event as `POST /api/v1/events` takes it, or a record that reads
//! so from then on; every bad line named.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::{Arrival, Arrived};
use crate::identity::{ConversationId, CustomerId, VisitorId};
use crate::proactive::{AHEAD, EventType, Person, ShopEvent};
use crate::record::{FaultCode, FieldFault, LineFault, Record};
use crate::time::parse_shop_time;

/// Reads the lines of a file. `source` is its name for faults. Times without a zone are those of `zone`.
///
/// Beside the fields of the API a line may have `received_at`, when it came; without it, it came when it happened. A line
/// `{"record": {…}, "at": …}` changes a record.
///
/// # Errors
/// Every bad line with its field.
pub fn parse_events(source: &str, text: &str, zone: &TimeZone) -> Result<Vec<Arrival>, Vec<LineFault>> {
    let (mut arrivals, mut faults) = (Vec::new(), Vec::new());
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match parse_line(line, zone) {
            Ok(arrival) => arrivals.push(arrival),
            Err(found) => faults.extend(found.into_iter().map(|fault| LineFault {
                line: index + 1,
                field: fault.field,
                code: fault.code,
                message: fault.message,
                source: source.to_owned(),
                place: None,
            })),
        }
    }
    if faults.is_empty() { Ok(arrivals) } else { Err(faults) }
}

fn parse_line(line: &str, zone: &TimeZone) -> Result<Arrival, Vec<FieldFault>> {
    let fields = serde_json::from_str::<Map<String, Value>>(line).map_err(|error| {
        let message = format!("the line is no JSON object ({error}); write one event a line");
        vec![FieldFault::new("", FaultCode::InvalidJson, message)]
    })?;
    let mut fields = Fields { fields, zone };
    if let Some(record) = fields.fields.shift_remove("record") {
        let at = fields.needed_time("at").map_err(|fault| vec![fault])?;
        let record = Record::from_value(record)
            .map_err(|faults| faults.into_iter().map(within).collect::<Vec<_>>())?;
        return Ok(Arrival { at, what: Arrived::Record(Box::new(record)) });
    }
    fields.event().map_err(|fault| vec![fault])
}

fn within(mut fault: FieldFault) -> FieldFault {
    fault.field =
        if fault.field.is_empty() { "record".to_owned() } else { format!("record.{}", fault.field) };
    fault
}

/// The fields of a line that were not read yet.
struct Fields<'a> {
    fields: Map<String, Value>,
    zone: &'a TimeZone,
}

impl Fields<'_> {
    fn event(mut self) -> Result<Arrival, FieldFault> {
        let id = self.id("id")?.ok_or_else(|| missing("id", "the sender's own id of the event"))?;
        let kind = self.kind()?;
        let happened = self.needed_time("at")?;
        let received = self.time("received_at")?.unwrap_or(happened);
        if happened.duration_since(received) > AHEAD {
            let message = "lies after `received_at`; what has not happened is no event";
            return Err(FieldFault::new("at", FaultCode::ImpossibleValue, message));
        }
        let event = ShopEvent {
            id,
            kind,
            person: self.person()?,
            product: self.id("product")?,
            order: self.id("order")?,
            conversation: self.conversation()?,
            detail: self.fields,
            at: happened,
        };
        Ok(Arrival { at: received, what: Arrived::Event(Box::new(event)) })
    }

    fn kind(&mut self) -> Result<EventType, FieldFault> {
        let name = self.text("type")?.ok_or_else(|| missing("type", "what happened"))?;
        match EventType::ALL.into_iter().find(|kind| kind.as_str() == name) {
            Some(EventType::DayBegun) => {
                let message = "days begin by themselves; leave the line out";
                Err(FieldFault::new("type", FaultCode::ImpossibleValue, message))
            }
            Some(kind) => Ok(kind),
            None => {
                let known: Vec<&str> = EventType::ALL.iter().map(|kind| kind.as_str()).collect();
                let message = format!("`{name}` is no type of event; known are {}", known.join(", "));
                Err(FieldFault::new("type", FaultCode::ImpossibleValue, message))
            }
        }
    }

    fn person(&mut self) -> Result<Option<Person>, FieldFault> {
        let (customer, visitor) = (self.text("customer")?, self.text("visitor")?);
        let wrong = |name: &str, error: &dyn std::fmt::Display| {
            FieldFault::new(name, FaultCode::BadId, error.to_string())
        };
        Ok(match (customer, visitor) {
            (Some(id), _) => {
                Some(Person::Customer(CustomerId::new(&id).map_err(|error| wrong("customer", &error))?))
            }
            (None, Some(id)) => {
                Some(Person::Visitor(id.parse::<VisitorId>().map_err(|error| wrong("visitor", &error))?))
            }
            (None, None) => None,
        })
    }

    fn conversation(&mut self) -> Result<Option<ConversationId>, FieldFault> {
        let Some(id) = self.text("conversation")? else { return Ok(None) };
        let wrong = |error: crate::identity::IdError| {
            FieldFault::new("conversation", FaultCode::BadId, error.to_string())
        };
        id.parse().map(Some).map_err(wrong)
    }

    /// An id of the shop's own.
    fn id(&mut self, name: &str) -> Result<Option<String>, FieldFault> {
        let Some(id) = self.text(name)? else { return Ok(None) };
        CustomerId::new(&id).map_err(|error| FieldFault::new(name, FaultCode::BadId, error.to_string()))?;
        Ok(Some(id))
    }

    fn needed_time(&mut self, name: &str) -> Result<Timestamp, FieldFault> {
        self.time(name)?.ok_or_else(|| missing(name, "a time, as in 2026-11-18T20:31:00"))
    }

    fn time(&mut self, name: &str) -> Result<Option<Timestamp>, FieldFault> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let at = parse_shop_time(&text, self.zone);
        at.map(Some).ok_or_else(|| {
            let message = format!("`{text}` is no time; as in 2026-11-18T20:31:00");
            FieldFault::new(name, FaultCode::ImpossibleValue, message)
        })
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, FieldFault> {
        match self.fields.shift_remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(FieldFault::new(name, FaultCode::WrongType, "a text is expected")),
        }
    }
}

fn missing(name: &str, expected: &str) -> FieldFault {
    FieldFault::new(name, FaultCode::Missing, format!("is missing; expected is {expected}"))
}
