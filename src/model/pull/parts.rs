//! Joining a file from numbered parts: one at a time, each forgotten once it is appended, resumable in between.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Fetched, PullProgress, Target};
use crate::model::cache::{beside, hex, write_whole};

/// Something that hands out the parts of a file.
pub(in crate::model) trait PartSource {
    /// Names source and version: a half-joined file of another origin is not continued.
    fn origin(&self) -> String;

    /// Fetches part `number` (from 1) and hands its content to `take`; what was fetched is deleted afterwards.
    fn part(&self, number: u32, take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>) -> Result<(), String>;
}

/// How far a half-joined file has come, noted after each part.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    origin: String,
    parts: u32,
    bytes: u64,
}

/// Joins all parts into the working file, continuing an earlier attempt where one was broken off.
pub(in crate::model) fn join(
    source: &dyn PartSource,
    count: u32,
    target: &Target<'_>,
    progress: &dyn PullProgress,
) -> Result<Fetched, String> {
    let working = beside(target.path, ".partial");
    let note = beside(target.path, ".partial.json");
    progress.begin(&target.file.name, target.file.size);
    let joined = join_parts(source, count, target, [&working, &note], progress);
    progress.end();
    let sha256 = joined?;
    // From here on the file is whole: right or wrong, there is nothing left to resume.
    fs::remove_file(&note).ok();
    Ok(Fetched { working, sha256, stated: None })
}

fn join_parts(
    source: &dyn PartSource,
    count: u32,
    target: &Target<'_>,
    [working, note]: [&Path; 2],
    progress: &dyn PullProgress,
) -> Result<String, String> {
    let told = |error: io::Error| format!("cannot write {}: {error}", working.display());
    let mut hasher = Sha256::new();
    let mut done = resumable(source, count, [working, note]);
    let mut file =
        OpenOptions::new().create(true).truncate(false).write(true).read(true).open(working).map_err(told)?;
    // A part that was appended by halves when the program ended is cut off again.
    file.set_len(done.bytes).map_err(told)?;
    rehash(&mut file, &mut hasher).map_err(told)?;
    if done.parts > 0 {
        progress.note(&format!("continuing after part {} of {count}", done.parts));
    }
    progress.position(done.bytes);
    while done.parts < count {
        let number = done.parts + 1;
        let limit = target.file.size.map_or(u64::MAX, |size| size.saturating_sub(done.bytes));
        let mut written = 0;
        source.part(number, &mut |content| {
            written = append(content, &mut file, &mut hasher, limit)?;
            Ok(())
        })?;
        file.sync_data().map_err(told)?;
        done = Progress { parts: number, bytes: done.bytes + written, ..done };
        let text = serde_json::to_vec(&done).map_err(|error| error.to_string())?;
        write_whole(note, &text).map_err(told)?;
        progress.position(done.bytes);
    }
    if let Some(size) = target.file.size.filter(|size| *size != done.bytes) {
        fs::remove_file(working).ok();
        fs::remove_file(note).ok();
        return Err(format!("the parts have {} bytes together, it should be {size}", done.bytes));
    }
    Ok(hex(hasher))
}

/// What an earlier attempt left, if it is of the same origin and its file is long enough.
fn resumable(source: &dyn PartSource, count: u32, [working, note]: [&Path; 2]) -> Progress {
    let origin = source.origin();
    let noted = fs::read(note).ok().and_then(|text| serde_json::from_slice::<Progress>(&text).ok());
    let length = fs::metadata(working).map(|metadata| metadata.len()).unwrap_or(0);
    noted
        .filter(|noted| noted.origin == origin && noted.parts <= count && noted.bytes <= length)
        .unwrap_or(Progress { origin, parts: 0, bytes: 0 })
}

/// Reads what is there into the hash and leaves the file at its end.
fn rehash(file: &mut File, hasher: &mut Sha256) -> io::Result<()> {
    let mut buffer = vec![0_u8; 1 << 20];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        hasher.update(&buffer[..count]);
    }
}

/// Appends one part; more than the file may hold is refused, so that no part can fill the disk.
fn append(content: &mut dyn Read, file: &mut File, hasher: &mut Sha256, limit: u64) -> io::Result<u64> {
    let mut buffer = vec![0_u8; 1 << 18];
    let mut total = 0;
    loop {
        let count = content.read(&mut buffer)?;
        if count == 0 {
            return Ok(total);
        }
        total += count as u64;
        if total > limit {
            return Err(io::Error::other("the parts hold more bytes than the file should have"));
        }
        hasher.update(&buffer[..count]);
        file.write_all(&buffer[..count])?;
    }
}
