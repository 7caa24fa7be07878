//! What is a picture that a customer may send, and how many? Its first bytes are compared with the type it claims to be;
//! beyond that no picture is ever looked into.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::{ConversationId, PictureId};

/// The largest picture, in bytes.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;

/// What the address of every picture begins with.
const ADDRESS: &str = "/api/v1/pictures/";

/// The formats that are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureKind {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// WebP.
    Webp,
    /// GIF.
    Gif,
}

impl PictureKind {
    /// Every format.
    pub const ALL: [Self; 4] = [Self::Jpeg, Self::Png, Self::Webp, Self::Gif];

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// How the names of its files end, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }

    /// The format of a content type; parameters behind a semicolon say nothing of a picture and are passed over.
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let name = content_type.split(';').next().unwrap_or_default().trim();
        Self::ALL.into_iter().find(|kind| name.eq_ignore_ascii_case(kind.content_type()))
    }

    /// Whether bytes begin as those of this format do.
    pub fn begins(self, bytes: &[u8]) -> bool {
        match self {
            Self::Jpeg => bytes.starts_with(&[0xff, 0xd8, 0xff]),
            Self::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            // The four bytes between are the length.
            Self::Webp => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
            Self::Gif => bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        }
    }
}

/// A picture to be kept.
#[derive(Debug, Clone)]
pub struct NewPicture {
    /// Its format; its bytes begin as those of this format do.
    pub kind: PictureKind,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Where it is sent, as far as that is known.
    pub conversation: Option<ConversationId>,
}

/// A picture that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its id.
    pub id: PictureId,
    /// Its format.
    pub kind: PictureKind,
    /// Its size in bytes.
    pub bytes: u64,
    /// The SHA-256 of its bytes, as lower-case hexadecimal digits.
    pub sha256: String,
    /// When it was sent.
    pub at: Timestamp,
}

impl Picture {
    /// Under which address it is fetched, and stands in the attachments of a message.
    pub fn address(&self) -> String {
        format!("{ADDRESS}{}", self.id)
    }
}

/// The picture of this installation that an address names; none for every other address.
pub fn named_by(address: &str) -> Option<PictureId> {
    let id = address.strip_prefix(ADDRESS)?;
    let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { id.parse().ok() } else { None }
}

/// How many pictures are taken. They protect the disk; what a person has to show stays far below them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureLimits {
    /// Pictures within an hour of one customer or visitor.
    pub per_person_an_hour: u32,
    /// Bytes within a day of one customer or visitor.
    pub bytes_per_person_a_day: u64,
    /// Bytes within a day of everybody together: a visitor costs nothing to make.
    pub bytes_a_day: u64,
}

#[cfg(test)]
mod tests;
