//! Server-sent events, read from bytes as they come.

/// An event that grows beyond this is no answer of ours.
const LONGEST_EVENT: usize = 4 << 20;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ServerEvent {
    /// Its name; `message` if it has none.
    pub(super) name: String,
    /// Its data lines, joined by line feeds.
    pub(super) data: String,
}

/// Puts events together from pieces that may break anywhere, also inside a character or a line end.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    line: Vec<u8>,
    after_return: bool,
    name: String,
    data: Option<String>,
}

impl EventReader {
    /// Takes the next bytes and gives the events they complete.
    ///
    /// # Errors
    /// Says what is no event stream: a line that is not UTF-8, or an event without end.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<ServerEvent>, String> {
        let mut events = Vec::new();
        for &byte in bytes {
            let ends_return = std::mem::replace(&mut self.after_return, byte == b'\r');
            match byte {
                b'\n' if ends_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()?),
                other => self.line.push(other),
            }
            if self.line.len() + self.data.as_ref().map_or(0, String::len) > LONGEST_EVENT {
                return Err(format!("an event has more than {LONGEST_EVENT} bytes"));
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<ServerEvent>, String> {
        let line = String::from_utf8(std::mem::take(&mut self.line)).map_err(|_| "a line is not UTF-8")?;
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return Ok(self.data.take().map(|data| ServerEvent {
                name: if name.is_empty() { "message".to_owned() } else { name },
                data,
            }));
        }
        let (field, value) = line.split_once(':').unwrap_or((&line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // A comment that keeps the connection open, an id or a retry time: nothing to a measurement.
            _ => {}
        }
        Ok(None)
    }
}
