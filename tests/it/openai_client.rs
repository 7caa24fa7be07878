//! Does OpenAI's own Python client get along with the compatible door? Its package is fetched once into the target folder;
//! where that cannot be done the test says so and is passed over.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::app::{ADMIN, RunningShop, mute, repository, signature};

/// The client with which the transcript in the documents was made; a newer one may be fetched by hand.
const PACKAGE: &str = "openai";

/// An interpreter that has the package; why not, if there is none.
fn python() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openai-client");
    let python = folder.join("bin/python");
    let run = |command: &mut Command| -> Result<(), String> {
        let said = command.output().map_err(|error| error.to_string())?;
        match said.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&said.stderr).lines().last().unwrap_or_default().to_owned()),
        }
    };
    let has = |python: &Path| run(Command::new(python).args(["-c", "import openai"])).is_ok();
    if has(&python) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .map_err(|why| format!("no venv: {why}"))?;
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "20", PACKAGE]);
    run(&mut pip).map_err(|why| format!("pip cannot fetch {PACKAGE}: {why}"))?;
    Ok(python)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_official_client_is_answered_as_it_expects() {
    let python = match tokio::task::spawn_blocking(python).await.unwrap() {
        Ok(python) => python,
        Err(why) => {
            eprintln!("passed over, the official client is not here: {why}");
            return;
        }
    };
    let shop = RunningShop::start(mute()).await;
    let arguments = [shop.url.clone(), ADMIN.to_owned(), "cus_1001".to_owned(), signature("cus_1001")];
    let talk = move || {
        Command::new(python)
            .arg(repository("tests/data/openai_client.py"))
            .args(arguments)
            .env("NO_PROXY", "127.0.0.1")
            .env("PYTHONIOENCODING", "utf-8")
            .output()
    };
    let said = tokio::task::spawn_blocking(talk).await.unwrap().unwrap();
    let (heard, errors) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    println!("{heard}");
    assert!(said.status.success(), "{heard}\n{errors}");
    assert!(heard.trim_end().ends_with("everything as a stock client expects"), "{heard}");
    shop.stop().await;
}
