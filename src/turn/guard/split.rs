//! Where does a sentence end, when the text comes in pieces?

/// The longest sentence that is waited for, in characters; a longer one ends at its last comma.
const BUBBLE: usize = 60;
/// A shorter beginning is not cut off at its comma: 根据安装说明， says nothing by itself.
const LEAST: usize = 16;
/// A text that has neither end marks nor commas is cut here.
const HARD_LIMIT: usize = 160;

/// Gathers streamed pieces and gives whole sentences. What goes in comes out: the sentences joined are the pieces
/// joined.
#[derive(Debug, Clone, Default)]
pub struct SentenceSplitter {
    pending: Vec<char>,
    /// How far `pending` was looked at without finding an end.
    seen: usize,
    /// Open brackets and quotation marks in the part that was looked at.
    depth: usize,
    /// The place after the closing marks that follow an end mark, as far as they have come.
    closed: usize,
    /// The place after the last comma in the part that was looked at, outside numbers.
    comma: Option<usize>,
}

impl SentenceSplitter {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a piece and gives the sentences that are complete by now.
    pub fn push(&mut self, piece: &str) -> Vec<String> {
        self.pending.extend(piece.chars());
        let mut sentences = Vec::new();
        while let Some(end) = self.next_end(false) {
            sentences.push(self.take(end));
        }
        sentences
    }

    /// Gives what is left, at the end of the text.
    pub fn finish(&mut self) -> Vec<String> {
        let mut sentences = Vec::new();
        while let Some(end) = self.next_end(true) {
            sentences.push(self.take(end));
        }
        if !self.pending.is_empty() {
            sentences.push(self.take(self.pending.len()));
        }
        sentences
    }

    fn take(&mut self, end: usize) -> String {
        self.seen = 0;
        self.depth = 0;
        self.comma = None;
        self.closed = 0;
        self.pending.drain(..end).collect()
    }

    /// The place after the first whole sentence. Unless the text is over, an end mark needs the character after it,
    /// because closing quotes and further marks belong to the same sentence.
    fn next_end(&mut self, over: bool) -> Option<usize> {
        while self.seen < self.pending.len() {
            let at = self.seen;
            let character = self.pending[at];
            if is_opening(character) {
                self.depth += 1;
            } else if is_closing(character) {
                self.depth = self.depth.saturating_sub(1);
            }
            let inside = self.depth > 0 && at < BUBBLE;
            if character == '\n' || (!inside && ends_sentence(character)) {
                // What came before was looked at then.
                let mut end = self.closed.max(at + 1);
                while end < self.pending.len() && belongs_to_end(self.pending[end]) {
                    end += 1;
                }
                self.closed = end;
                match self.pending.get(end) {
                    None if !over => return None,
                    Some(next) if is_half_width(character) && next.is_ascii_alphanumeric() => {}
                    _ => return Some(end),
                }
            }
            if matches!(character, '，' | ',') {
                // Whether it groups digits, and whether anything follows, is known with the next character.
                let next = self.pending.get(at + 1)?;
                let before = at.checked_sub(1).is_some_and(|index| self.pending[index].is_ascii_digit());
                if at + 1 >= LEAST && !(before && next.is_ascii_digit()) {
                    self.comma = Some(at + 1);
                }
            }
            self.seen += 1;
            if let Some(end) = self.forced_end() {
                return Some(end);
            }
        }
        None
    }

    /// An end for a sentence that is too long to wait for.
    fn forced_end(&self) -> Option<usize> {
        if self.seen >= BUBBLE && self.comma.is_some() {
            return self.comma;
        }
        let last = *self.pending.get(self.seen.checked_sub(1)?)?;
        let inside_word = last.is_ascii_alphanumeric() || matches!(last, '.' | '-' | ':' | ',');
        let too_long = self.seen >= HARD_LIMIT && (!inside_word || self.seen >= 2 * HARD_LIMIT);
        too_long.then_some(self.seen)
    }
}

fn ends_sentence(character: char) -> bool {
    matches!(character, '。' | '！' | '？' | '!' | '?' | '；' | ';' | '\n')
}

fn is_half_width(character: char) -> bool {
    matches!(character, '!' | '?' | ';')
}

fn belongs_to_end(character: char) -> bool {
    matches!(character, '。' | '！' | '？' | '!' | '?' | '”' | '’' | '」' | '』' | '）' | ')' | '】' | '\n')
}

fn is_opening(character: char) -> bool {
    matches!(character, '（' | '(' | '【' | '[' | '“' | '「' | '『' | '《')
}

fn is_closing(character: char) -> bool {
    matches!(character, '）' | ')' | '】' | ']' | '”' | '」' | '』' | '》')
}

/// The sentences of a whole text.
pub fn sentences(text: &str) -> Vec<String> {
    let mut splitter = SentenceSplitter::new();
    let mut found = splitter.push(text);
    found.extend(splitter.finish());
    found
}

/// The clauses of a text: what stands between commas and other marks, without them. Commas inside numbers do not
/// count; a list (车轮、刹车等易损件质保6个月) stays together unless each of its items has a number of its own.
pub(super) fn clauses(folded: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut previous = ' ';
    let mut places = folded.char_indices().peekable();
    while let Some((at, character)) = places.next() {
        let next_digit = places.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        let grouping = character == ',' && previous.is_ascii_digit() && next_digit;
        let cuts =
            matches!(character, '，' | ',' | ';' | '；' | '。' | '！' | '!' | '？' | '?' | '\n' | '~' | '～');
        let range = matches!(character, '~' | '～') && next_digit;
        if cuts && !grouping && !range {
            push_items(folded[start..at].trim(), &mut parts);
            start = at + character.len_utf8();
        }
        previous = character;
    }
    push_items(folded[start..].trim(), &mut parts);
    parts.retain(|part| !part.is_empty());
    parts
}

fn push_items<'a>(part: &'a str, parts: &mut Vec<&'a str>) {
    let numbered = |item: &str| item.contains(|character: char| character.is_ascii_digit());
    if part.contains('、') && part.split('、').all(numbered) {
        parts.extend(part.split('、').map(str::trim));
    } else {
        parts.push(part);
    }
}
