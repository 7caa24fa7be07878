//! The Hugging Face hub or a mirror of it: probed first, downloaded with resume, compared with the hash it states.
//!
//! The client has no time-outs of its own, so it runs on a thread of its own and is given up when it stalls.

use std::{
    fs,
    path::PathBuf,
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use hf_hub::{Cache, Repo, RepoType, api::sync::ApiBuilder};
use secrecy::ExposeSecret;

use super::{Fetched, PullProgress, Target, local::is_sha256};
use crate::model::{
    cache::{CacheEnvironment, beside, hash_file},
    remote,
};

const HUB: &str = "https://huggingface.co";

/// How long the hub may take to say anything at all.
const PROBE: Duration = Duration::from_secs(3);

/// How long a download may stand still.
const STALL: Duration = Duration::from_secs(60);

/// What the downloading thread reports.
enum Report {
    Begun(u64),
    Received(u64),
    Ended(Result<Downloaded, String>),
}

struct Downloaded {
    path: PathBuf,
    stated: String,
}

/// Downloads `[repository, file, revision]` into a folder beside the target.
pub(super) fn download(
    [repository, file, revision]: [&str; 3],
    target: &Target<'_>,
    environment: &CacheEnvironment,
    progress: &dyn PullProgress,
) -> Result<Fetched, String> {
    if environment.hub_offline {
        return Err("not asked, because HF_HUB_OFFLINE is set".to_owned());
    }
    let endpoint = environment.hub_endpoint.clone().unwrap_or_else(|| HUB.to_owned());
    probe(&format!("{endpoint}/{repository}/resolve/{revision}/{file}"))?;

    let staging = beside(target.path, ".hub");
    let builder = ApiBuilder::from_cache(Cache::new(staging.clone()))
        .with_endpoint(endpoint)
        .with_token(token(environment))
        .with_retries(3)
        .with_progress(false);
    let repo = Repo::with_revision(repository.to_owned(), RepoType::Model, revision.to_owned());
    let file = file.to_owned();
    let (sender, reports) = mpsc::channel();
    thread::Builder::new()
        .name("warmdesk-hub".to_owned())
        .spawn(move || {
            let result = run(builder, repo, &file, &sender);
            sender.send(Report::Ended(result)).ok();
        })
        .map_err(|error| format!("cannot start a thread: {error}"))?;
    progress.begin(&target.file.name, target.file.size);
    let downloaded = follow(&reports, target, progress);
    progress.end();
    let downloaded = downloaded?;

    let stated = Some(downloaded.stated).filter(|stated| is_sha256(stated));
    if stated.is_none() && target.file.sha256.is_none() {
        fs::remove_dir_all(&staging).ok();
        return Err("the hub states no SHA-256 for this file".to_owned());
    }
    let sha256 = hash_file(&downloaded.path, &mut |_| ()).map_err(|error| error.to_string())?;
    let working = beside(target.path, ".downloaded");
    fs::rename(&downloaded.path, &working).map_err(|error| error.to_string())?;
    // The file is whole, so right or wrong there is nothing left to resume.
    fs::remove_dir_all(&staging).ok();
    Ok(Fetched { working, sha256, stated })
}

/// Asks once with a short limit, since the client itself would wait for ever. Any answer will do.
fn probe(url: &str) -> Result<(), String> {
    let url = url.to_owned();
    let asked = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| error.to_string())?;
        let client = remote::http_client(Some(PROBE)).map_err(|error| error.to_string())?;
        runtime.block_on(async { client.head(&url).send().await.map(drop).map_err(|error| cause(&error)) })
    });
    match asked.join() {
        Ok(answer) => answer.map_err(|reason| format!("not reachable within 3 seconds: {reason}")),
        Err(_) => Err("the reachability probe broke off".to_owned()),
    }
}

/// The innermost reason of an error, which is the one a person can act on.
fn cause(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

fn token(environment: &CacheEnvironment) -> Option<String> {
    let own = environment.hub_token.as_ref().map(|token| token.expose_secret().to_owned());
    let kept = || fs::read_to_string(environment.hub_token_file()?).ok();
    own.or_else(kept).map(|token| token.trim().to_owned()).filter(|token| !token.is_empty())
}

fn run(builder: ApiBuilder, repo: Repo, file: &str, sender: &Sender<Report>) -> Result<Downloaded, String> {
    let api = builder.build().map_err(|error| error.to_string())?;
    let repo = api.repo(repo);
    let metadata = api.metadata(&repo.url(file)).map_err(|error| error.to_string())?;
    let pointer = repo
        .download_with_progress(file, Meter { sender: sender.clone() })
        .map_err(|error| error.to_string())?;
    let path = fs::canonicalize(pointer).map_err(|error| error.to_string())?;
    Ok(Downloaded { path, stated: metadata.etag().to_owned() })
}

/// Waits for the downloading thread, and gives it up when it stands still.
fn follow(
    reports: &mpsc::Receiver<Report>,
    target: &Target<'_>,
    progress: &dyn PullProgress,
) -> Result<Downloaded, String> {
    let mut received = 0;
    loop {
        match reports.recv_timeout(STALL) {
            Ok(Report::Begun(size)) => {
                received = 0;
                progress.begin(&target.file.name, Some(size));
            }
            Ok(Report::Received(bytes)) => {
                received += bytes;
                progress.position(received);
            }
            Ok(Report::Ended(result)) => return result,
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!(
                    "nothing arrived for {} seconds; run it again to continue",
                    STALL.as_secs()
                ));
            }
            Err(RecvTimeoutError::Disconnected) => return Err("the download broke off".to_owned()),
        }
    }
}

/// Passes the client's progress to the thread that shows it.
struct Meter {
    sender: Sender<Report>,
}

impl hf_hub::api::Progress for Meter {
    fn init(&mut self, size: usize, _filename: &str) {
        self.sender.send(Report::Begun(size as u64)).ok();
    }

    fn update(&mut self, size: usize) {
        self.sender.send(Report::Received(size as u64)).ok();
    }

    fn finish(&mut self) {}
}
