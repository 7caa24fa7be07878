//! The cards of `models/`, names, folders of cards, and what the environment says about places.

use std::{fs, path::PathBuf};

use crate::model::{
    CacheEnvironment, Catalogue, ModelChoice, ModelTask, Source, card::parse, default_card, find_card,
};

#[test]
fn the_shipped_cards_are_sound() {
    let catalogue = Catalogue::embedded().unwrap();
    assert_eq!(catalogue.cards().len(), 6);
    for task in [ModelTask::Chat, ModelTask::Embed] {
        let defaults = catalogue.cards().iter().filter(|card| card.default && card.task == task);
        assert_eq!(defaults.count(), 1, "{task:?}");
    }
    for card in catalogue.cards() {
        let weights = card.weights().unwrap();
        assert_eq!(card.verified, weights.sha256.is_some(), "{}", card.name);
        let hub = weights.sources.iter().any(|source| matches!(source, Source::Hub { .. }));
        // The embedder's file is made by its package; the hub has the model in another form.
        assert!(hub || card.task == ModelTask::Embed, "{}", card.name);
    }
    let default = default_card().unwrap();
    let weights = default.weights().unwrap();
    assert_eq!(weights.size, Some(1_117_320_768));
    let kinds: Vec<&str> = weights
        .sources
        .iter()
        .map(|source| match source {
            Source::Path { .. } => "path",
            Source::HubCache { .. } => "cache",
            Source::Hub { .. } => "hub",
            Source::Wheels { .. } => "wheels",
            Source::Wheel { .. } => "wheel",
        })
        .collect();
    assert_eq!(kinds, ["cache", "hub", "wheels"]);
}

#[test]
fn a_card_is_found_by_its_name_or_an_unambiguous_beginning() {
    let found = |name: &str| find_card(name).map(|card| card.name).map_err(|error| error.to_string());
    assert_eq!(found("qwen2.5-coder-0.5b").unwrap(), "qwen2.5-coder-0.5b-instruct-q4_k_m");
    assert_eq!(found("Qwen3-4B").unwrap(), "qwen3-4b-q4_k_m");
    for ambiguous in ["qwen2.5-coder", "qwen", "gpt", ""] {
        assert!(found(ambiguous).unwrap_err().contains("qwen3-4b-q4_k_m"), "{ambiguous}");
    }
}

#[test]
fn a_bad_card_is_refused_with_its_file_and_field() {
    let sound = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/models/qwen2.5-coder-0.5b-instruct-q4_k_m.toml"
    ))
    .unwrap();
    assert!(parse("card.toml", &sound).is_ok());
    let check = |from: &str, to: &str, expected: &str| {
        let text = sound.replace(from, to);
        assert_ne!(text, sound, "{from} is not in the card");
        let message = parse("card.toml", &text).unwrap_err().to_string();
        assert!(message.starts_with("card.toml: "), "{message}");
        assert!(message.contains(expected), "{message} should mention {expected}");
    };
    check("licence =", "license =", "license");
    check("memory_mb = 1400", "memory_mb = \"much\"", "memory_mb");
    check("sha256 = \"1d96", "sha256 = \"XX96", "sha256");
    check("size = 491400064", "", "wheels need size");
    check(
        "name = \"qwen2.5-coder-0.5b-instruct-q4_k_m.gguf\"",
        "name = \"../../etc/passwd\"",
        "plain file name",
    );
    check("name = \"qwen2.5-coder-0.5b-instruct-q4_k_m\"\n", "name = \"a/b\"\n", "name");
    check("kind = \"weights\"", "kind = \"tokenizer\"", "exactly one");
    check("kind = \"hub_cache\"", "kind = \"ftp\"", "ftp");
}

#[test]
fn a_folder_of_cards_replaces_and_completes() {
    let folder = tempfile::tempdir().unwrap();
    let own = r#"
name = "own"
title = "Our own"
default = true
architecture = "qwen2"
licence = "LicenseRef-own"
memory_mb = 1
[[files]]
kind = "weights"
name = "own.gguf"
sources = [{ kind = "path", path = "/srv/own.gguf" }]
"#;
    fs::write(folder.path().join("own.toml"), own).unwrap();
    fs::write(
        folder.path().join("again.toml"),
        own.replace("\"own\"", "\"qwen3-4b-q4_k_m\"").replace("default = true", ""),
    )
    .unwrap();
    fs::write(folder.path().join("notes.txt"), "not a card").unwrap();
    let catalogue = Catalogue::with_folder(folder.path()).unwrap();
    assert_eq!(catalogue.cards().len(), 7);
    assert_eq!(catalogue.default_card().unwrap().name, "own");
    assert_eq!(catalogue.embedder_card().unwrap().name, "multilingual-e5-small-q4");
    assert_eq!(catalogue.find("qwen3-4b").unwrap().title, "Our own");
    assert!(Catalogue::with_folder(&folder.path().join("nowhere")).is_err());
}

#[test]
fn places_follow_the_environment() {
    let environment = |pairs: &[(&str, &str)]| {
        let pairs: Vec<(String, String)> =
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        CacheEnvironment::from_lookup(move |name| {
            pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
        })
    };
    let plain = environment(&[("HOME", "/home/me"), ("HF_HUB_OFFLINE", "0"), ("XDG_CACHE_HOME", "")]);
    assert_eq!(plain.models_folder().unwrap(), PathBuf::from("/home/me/.cache/warmdesk/models"));
    assert_eq!(plain.hub_caches(), [PathBuf::from("/home/me/.cache/huggingface/hub")]);
    assert!(!plain.hub_offline);
    let full = environment(&[
        ("HOME", "/home/me"),
        ("XDG_CACHE_HOME", "/big/cache"),
        ("HF_HUB_CACHE", "/hub"),
        ("HF_HOME", "/hf"),
        ("HF_HUB_OFFLINE", "1"),
        ("HF_ENDPOINT", "https://mirror.example/ "),
    ]);
    assert_eq!(full.models_folder().unwrap(), PathBuf::from("/big/cache/warmdesk/models"));
    assert_eq!(full.hub_caches()[..2], [PathBuf::from("/hub"), PathBuf::from("/hf/hub")]);
    assert_eq!(full.hub_token_file().unwrap(), PathBuf::from("/hf/token"));
    assert_eq!(full.hub_endpoint.as_deref(), Some("https://mirror.example"));
    assert!(full.hub_offline);
    assert_eq!(environment(&[]).models_folder(), None);
}

#[test]
fn model_flags_are_told_apart() {
    let check = |flag: &str, expected: &str| {
        assert!(format!("{:?}", ModelChoice::from_flag(flag)).starts_with(expected), "{flag}");
    };
    check("none", "None");
    check("", "Default");
    check("qwen3-4b", "Local");
}
