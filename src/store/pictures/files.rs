//! Where the bytes of pictures lie, and how they get there whole or not at all.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::identity::PictureId;
use crate::pictures::{Picture, PictureKind};

/// The folder of pictures inside the data folder.
const FOLDER: &str = "pictures";

/// How the name of a file ends that is being written.
const UNFINISHED: &str = "part";

/// The file of a picture. The folders are named after the first digits of the hash: those of the id are its time, which
/// would fill one folder after the other.
pub(super) fn place(data: &Path, picture: &Picture) -> PathBuf {
    let folder = picture.sha256.get(..2).unwrap_or("00");
    data.join(FOLDER).join(folder).join(name(picture.id.as_str(), picture.kind))
}

/// Writes a picture to the disk. When this returns it is there whole, under its own name.
pub(super) fn write(data: &Path, picture: &Picture, bytes: &[u8]) -> io::Result<()> {
    let path = place(data, picture);
    let folder = path.parent().unwrap_or(data);
    fs::create_dir_all(folder)?;
    let unfinished = path.with_added_extension(UNFINISHED);
    let written = write_new(&unfinished, bytes).and_then(|()| fs::rename(&unfinished, &path));
    if written.is_err() {
        // What is left of it is in nobody's way, and is swept out at the next start.
        let _ = fs::remove_file(&unfinished);
    }
    written?;
    // The name is on the disk only when its folder is. Not every system can do that for a folder.
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Removes the files of pictures that nobody knows of: those whose row was never written, and those that were being written
/// when the program ended. Other files are left alone. How many were removed.
pub(super) fn sweep(data: &Path, known: &HashSet<String>) -> io::Result<usize> {
    let mut removed = 0;
    for folder in entries(&data.join(FOLDER))? {
        if !folder.is_dir() {
            continue;
        }
        for file in entries(&folder)? {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if is_ours(name) && !known.contains(name) {
                fs::remove_file(&file)?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}

/// The name of a picture's file without its folder.
pub(super) fn name(id: &str, kind: PictureKind) -> String {
    format!("{id}.{}", kind.extension())
}

fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(UNFINISHED).and_then(|name| name.strip_suffix('.')).unwrap_or(name);
    let ends =
        |kind: PictureKind| name.strip_suffix(kind.extension()).is_some_and(|stem| stem.ends_with('.'));
    name.starts_with(PictureId::PREFIX) && PictureKind::ALL.into_iter().any(ends)
}

fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.path())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
