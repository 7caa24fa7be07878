//! How is a whole folder replaced so that nobody ever reads half of it?

use std::fs;
use std::path::{Path, PathBuf};

use super::{VersionError, at};
use crate::pack::load::PackFiles;

/// Writes a pack's files into a folder that appears only when it is complete; one that is left of an earlier attempt
/// is replaced.
pub(super) fn write_folder(files: &PackFiles, folder: &Path) -> Result<(), VersionError> {
    let unfinished = beside(folder, "new");
    write_files(files, &unfinished)?;
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(at(folder))?;
    }
    fs::rename(&unfinished, folder).map_err(at(folder))
}

/// Puts a pack's files in the place of a folder's. What is no file of a pack (a read-me, a hidden file) moves along.
pub(super) fn replace_folder(files: &PackFiles, folder: &Path) -> Result<(), VersionError> {
    let new = beside(folder, "new");
    write_files(files, &new)?;
    if !folder.exists() {
        return fs::rename(&new, folder).map_err(at(folder));
    }
    keep_others(folder, &new)?;
    exchange(&new, folder)?;
    fs::remove_dir_all(&new).map_err(at(&new))
}

/// Two folders take each other's place in one step.
#[cfg(target_os = "linux")]
fn exchange(new: &Path, folder: &Path) -> Result<(), VersionError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, new, CWD, folder, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        // A file system that cannot do it in one step.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => exchange_in_steps(new, folder),
        Err(error) => Err(at(folder)(error.into())),
    }
}

#[cfg(not(target_os = "linux"))]
fn exchange(new: &Path, folder: &Path) -> Result<(), VersionError> {
    exchange_in_steps(new, folder)
}

/// For a moment there is no folder; a server that looks just then keeps what it has.
fn exchange_in_steps(new: &Path, folder: &Path) -> Result<(), VersionError> {
    let old = beside(folder, "old");
    fs::rename(folder, &old).map_err(at(folder))?;
    fs::rename(new, folder).map_err(at(folder))?;
    fs::rename(&old, new).map_err(at(new))
}

fn write_files(files: &PackFiles, folder: &Path) -> Result<(), VersionError> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(at(folder))?;
    }
    for (name, text) in &files.texts {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(at(parent))?;
        fs::write(&path, text).map_err(at(&path))?;
    }
    Ok(())
}

fn keep_others(from: &Path, to: &Path) -> Result<(), VersionError> {
    for entry in fs::read_dir(from).map_err(at(from))?.filter_map(Result::ok) {
        let (path, kept) = (entry.path(), to.join(entry.file_name()));
        let of_pack = path.extension().is_some_and(|ending| ending == "yaml" || ending == "j2");
        if path.is_file() && !of_pack {
            fs::copy(&path, &kept).map_err(at(&path))?;
        }
    }
    Ok(())
}

/// A hidden folder beside another one, on the same disk.
fn beside(folder: &Path, what: &str) -> PathBuf {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    folder.with_file_name(format!(".{name}.{what}"))
}
