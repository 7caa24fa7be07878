//! In which encoding is a text file written? Shops export UTF-8, GBK and, from some programs, UTF-16.

use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};

/// A file as text.
#[derive(Debug)]
pub(super) struct Decoded {
    /// The text, without a byte-order mark.
    pub text: String,
    /// The name of the encoding, as the report says it.
    pub encoding: &'static str,
}

/// A file that is in none of the encodings.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BadText {
    /// The line of the first bytes that cannot be read, from 1; 0 if it is the whole file.
    pub line: usize,
    /// What is wrong, with a way out.
    pub message: String,
}

/// Decodes a file. Nothing is replaced: a byte that cannot be read is a fault, not a question mark in an answer.
///
/// # Errors
/// The file is in no known encoding, or cut off inside a character.
pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, BadText> {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return utf8(rest, "UTF-8 with BOM");
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return whole(UTF_16LE, rest, "UTF-16LE");
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return whole(UTF_16BE, rest, "UTF-16BE");
    }
    if bytes.contains(&0) {
        let message = "the file has zero bytes and is no text; save it as CSV in UTF-8";
        return Err(BadText { line: 0, message: message.into() });
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Decoded { text: text.to_owned(), encoding: "UTF-8" }),
        Err(_) if is_damaged_utf8(bytes) => utf8(bytes, "UTF-8"),
        Err(error) if !is_plausible_gbk(bytes) => Err(BadText {
            line: line_at(bytes, error.valid_up_to()),
            message: "this is neither UTF-8 nor GBK; save the file as CSV in UTF-8".into(),
        }),
        Err(_) => whole(GB18030, bytes, "GBK"),
    }
}

fn utf8(bytes: &[u8], encoding: &'static str) -> Result<Decoded, BadText> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Decoded { text: text.to_owned(), encoding }),
        Err(error) => {
            let message = if error.error_len().is_none() {
                "the file ends inside a character, it was not written to its end; export it again"
            } else {
                "these bytes are not UTF-8 like the rest of the file; save it again as UTF-8"
            };
            Err(BadText { line: line_at(bytes, error.valid_up_to()), message: message.into() })
        }
    }
}

fn whole(encoding: &'static Encoding, bytes: &[u8], name: &'static str) -> Result<Decoded, BadText> {
    match encoding.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(Decoded { text: text.into_owned(), encoding: name }),
        None => Err(BadText {
            line: first_bad_line(encoding, bytes),
            message: format!(
                "the bytes are not all {name}, or the file was not written to its end; save it again as CSV in UTF-8"
            ),
        }),
    }
}

/// The line at which a decoder first finds something it cannot read.
fn first_bad_line(encoding: &'static Encoding, bytes: &[u8]) -> usize {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let mut text = String::with_capacity(bytes.len().saturating_mul(3).min(1 << 16));
    let (mut rest, mut lines) = (bytes, 1);
    loop {
        let (result, read) = decoder.decode_to_string_without_replacement(rest, &mut text, true);
        lines += text.matches('\n').count();
        text.clear();
        rest = rest.get(read..).unwrap_or_default();
        if result != encoding_rs::DecoderResult::OutputFull {
            return lines;
        }
        text.reserve(64);
    }
}

fn line_at(bytes: &[u8], position: usize) -> usize {
    bytes[..position].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Whether a text is UTF-8 but for a few bytes. Characters of GBK hardly ever form whole ones of UTF-8.
fn is_damaged_utf8(bytes: &[u8]) -> bool {
    let (mut whole, mut damaged) = (0_usize, 0_usize);
    for chunk in bytes.utf8_chunks() {
        whole += chunk.valid().chars().filter(|character| !character.is_ascii()).count();
        damaged += usize::from(!chunk.invalid().is_empty());
    }
    whole > damaged * 4
}

/// Whether bytes look like Chinese in GBK: most pairs are of the common characters and punctuation of GB 2312, which
/// neither Western encodings nor Big5 reach.
fn is_plausible_gbk(bytes: &[u8]) -> bool {
    let (mut pairs, mut common) = (0_usize, 0_usize);
    let mut index = 0;
    while index < bytes.len() {
        let lead = bytes[index];
        if lead < 0x80 {
            index += 1;
            continue;
        }
        pairs += 1;
        let trail = bytes.get(index + 1).copied().unwrap_or_default();
        common += usize::from(matches!(lead, 0xA1..=0xA3 | 0xB0..=0xF7) && trail >= 0xA1);
        index += 2;
    }
    common * 10 >= pairs * 7
}
