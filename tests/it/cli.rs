//! Do the commands say what they are, and do they work on the sample shop?

use serde_json::Value;

use crate::app::{record_files, repository};
use crate::program::{run, warmdesk};

#[test]
fn help_says_what_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let commands: [&[&str]; 18] = [
        &[],
        &["demo"],
        &["serve"],
        &["index"],
        &["search"],
        &["gaps"],
        &["staff"],
        &["staff", "add"],
        &["chat"],
        &["model"],
        &["model", "list"],
        &["model", "pull"],
        &["model", "verify"],
        &["bench"],
        &["eval"],
        &["check"],
        &["doctor"],
        &["help", "serve"],
    ];
    for command in commands {
        let mut program = warmdesk(folder.path());
        program.args(command);
        if command.first() != Some(&"help") {
            program.arg("--help");
        }
        let said = run(&mut program);
        assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""), "{command:?}");
        let name = if command.is_empty() { "warmdesk".to_owned() } else { command.join("_") };
        insta::assert_snapshot!(format!("help_{name}"), said.stdout);
    }
}

#[test]
fn the_version_is_the_packages() {
    let folder = tempfile::tempdir().unwrap();
    let said = run(warmdesk(folder.path()).arg("--version"));
    assert_eq!(said.stdout.trim(), concat!("warmdesk ", env!("CARGO_PKG_VERSION")));
}

#[test]
fn both_packs_pass_their_check() {
    let folder = tempfile::tempdir().unwrap();
    for language in ["zh-CN", "en"] {
        let mut check = warmdesk(folder.path());
        check.args(["check", "--language", language, "--prompts"]).arg(repository("prompts"));
        let said = run(&mut check);
        assert_eq!(said.code, Some(0), "{}", said.stdout);
        assert!(said.stdout.contains(&format!("{language}: 0 errors")), "{}", said.stdout);
    }
}

#[test]
fn the_doctor_names_everything_it_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let mut doctor = warmdesk(folder.path());
    std::fs::write(folder.path().join("warmdesk.toml"), "[server]\nport = 0\n").unwrap();
    let said = run(doctor.args(["doctor", "--data"]).arg(folder.path().join("data")));
    assert_eq!(said.code, Some(0), "{}", said.stdout);
    for name in ["processor", "memory", "settings", "pack", "data folder", "index", "model", "port"] {
        assert!(said.stdout.contains(name), "{name}: {}", said.stdout);
    }
    assert!(said.stdout.contains("warmdesk index"), "the way out of an empty index: {}", said.stdout);
    assert!(said.stdout.contains("warmdesk model pull"), "the way out of missing weights: {}", said.stdout);
    assert!(!folder.path().join("data").exists(), "a doctor changes nothing");
}

#[test]
fn the_sample_shop_is_indexed_and_searched() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let index = |flags: &[&str]| {
        let mut command = warmdesk(folder.path());
        run(command
            .arg("index")
            .args(record_files(&repository("tests/shop")))
            .args(flags)
            .arg("--data")
            .arg(&data))
    };
    let tried = index(&["--dry-run"]);
    assert_eq!(tried.code, Some(0), "{}", tried.stderr);
    assert!(tried.stdout.contains("nothing was changed"), "{}", tried.stdout);
    assert!(!data.exists());

    let done = index(&[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("generation"), "{}", done.stdout);
    let again = index(&[]);
    assert!(again.stdout.contains("0 written"), "indexing again changes nothing: {}", again.stdout);

    let search = |words: &[&str]| {
        let mut command = warmdesk(folder.path());
        let said = run(command.arg("search").args(words).args(["--json", "--data"]).arg(&data));
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        serde_json::from_str::<Value>(&said.stdout).unwrap()["hits"].as_array().unwrap().clone()
    };
    let hits = search(&["重力球奶瓶能进微波炉吗", "--limit", "5"]);
    assert!(!hits.is_empty() && hits.len() <= 5, "{hits:?}");
    assert!(hits[0]["text"].as_str().unwrap().contains("微波炉"), "{}", hits[0]);
    for field in ["id", "kind", "title", "text", "score", "why"] {
        assert!(!hits[0][field].is_null(), "{field}: {}", hits[0]);
    }
    let of = |hits: &[Value]| hits.iter().filter(|hit| hit["kind"] == "order").count();
    assert_eq!(of(&search(&["恒温睡袋订单"])), 0, "nobody in particular finds no orders");
    let own = search(&["恒温睡袋订单", "--customer", "cus_1001", "--kind", "order"]);
    assert!(own.iter().all(|hit| hit["id"] == "order:20261114008712") && !own.is_empty(), "{own:?}");
    let products = search(&["羽绒服", "--kind", "product"]);
    assert!(!products.is_empty() && products.iter().all(|hit| hit["kind"] == "product"), "{products:?}");
}
