//! The built program as a user starts it: its output, its exit code, and a server of it that ends with the test.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The program in a folder of its own, with nothing of this machine's settings or network.
pub fn warmdesk(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warmdesk"));
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("WARMDESK_") || name.starts_with("HF_"))
    {
        command.env_remove(name);
    }
    command
        .current_dir(folder)
        .env("HF_HUB_OFFLINE", "1")
        .env("WARMDESK_PYTHON", folder.join("no-python"))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("HOME", folder)
        .stdin(Stdio::null());
    command
}

/// What a finished program said.
pub struct Finished {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program to its end.
pub fn run(command: &mut Command) -> Finished {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let finished = Finished { code: status.code(), stdout: text(stdout), stderr: text(stderr) };
    assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    finished
}

/// A program that must refuse, with everything of `words` in what it says.
pub fn refuses(command: &mut Command, words: &[&str]) -> Finished {
    let finished = run(command);
    assert_eq!(finished.code, Some(1), "{}{}", finished.stdout, finished.stderr);
    let said = format!("{}{}", finished.stdout, finished.stderr);
    for word in words {
        assert!(said.contains(word), "`{word}` is missing in: {said}");
    }
    finished
}

/// A server of the built program.
pub struct Server {
    child: Child,
    pub url: String,
}

impl Server {
    /// Starts `warmdesk serve` and waits until it says where it answers.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // Whoever waits for the first line does not read on; the program's pipe is kept open all the same.
                let _ = sender.send(line);
            }
        });
        let Ok(line) = lines.recv_timeout(Duration::from_secs(180)) else {
            child.kill().ok();
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).ok();
            panic!("the server did not start: {said}");
        };
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
        Self { child, url }
    }

    /// Starts `warmdesk serve` on a port with its standard output closed from the start.
    pub fn start_unheard(command: &mut Command, port: u16) -> Self {
        let port = port.to_string();
        let mut child =
            command.args(["--port", &port]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        Self { child, url: format!("http://127.0.0.1:{port}") }
    }

    /// The program's process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends the program SIGHUP, as an operator does who has changed its files.
    pub fn hang_up(&self) {
        let sent = Command::new("kill").args(["-HUP", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Ends the program at once and gives what it logged.
    pub fn end(mut self) -> String {
        self.child.kill().unwrap();
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
