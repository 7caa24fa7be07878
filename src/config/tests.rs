//! The example file and the defaults are the same thing, and bad files say where they are bad.

use super::*;

const EXAMPLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/warmdesk.example.toml"));

#[test]
fn the_example_states_exactly_the_defaults() {
    // Settings without a default are commented out in the example; the rest must be equal to the defaults.
    let example: Config = toml::from_str(EXAMPLE).unwrap();
    assert_eq!(example, Config::default());
}

#[test]
fn the_example_mentions_every_setting() {
    let filled = Config {
        shop: ShopConfig { name: Some("n".into()), assistant: Some("a".into()), ..ShopConfig::default() },
        server: ServerConfig { secure_cookie: Some(true), ..ServerConfig::default() },
        model: ModelConfig {
            name: Some("m".into()),
            remote_url: Some("u".into()),
            remote_model: Some("m".into()),
            ..ModelConfig::default()
        },
        connect: ConnectConfig {
            orders: OrdersConfig {
                url: Some("u".into()),
                token_file: Some("t".into()),
                secret_file: Some("s".into()),
                ..OrdersConfig::default()
            },
            actions: ActionsConfig {
                url: Some("u".into()),
                token_file: Some("t".into()),
                secret_file: Some("s".into()),
                ..ActionsConfig::default()
            },
        },
        ..Config::default()
    };
    let toml::Value::Table(sections) = toml::Value::try_from(&filled).unwrap() else { panic!("a table") };
    let is_table = |value: &toml::Value| value.is_table();
    // `[connect]` holds only sections of its own.
    let sections = sections.into_iter().flat_map(|(name, fields)| match fields {
        toml::Value::Table(inner) if inner.values().all(is_table) => {
            inner.into_iter().map(|(under, fields)| (format!("{name}.{under}"), fields)).collect()
        }
        fields => vec![(name, fields)],
    });
    for (section, fields) in sections {
        assert!(EXAMPLE.contains(&format!("[{section}]")), "[{section}] is missing");
        for field in fields.as_table().unwrap().keys() {
            let stated =
                EXAMPLE.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{field} =")));
            assert!(stated, "{section}.{field} is missing");
        }
    }
}

#[test]
fn bad_files_are_refused_with_their_place() {
    let check = |text: &str, expected: &str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warmdesk.toml");
        std::fs::write(&path, text).unwrap();
        let message = Config::read(&path).unwrap_err().to_string();
        assert!(message.contains(expected), "{text:?} gave {message:?}");
    };
    check("[server]\nprot = 1\n", "line 2");
    check("[server]\nport = 'x'\n", "line 2");
    check("[shop]\ntimezone = 'Mars/Olympus'\n", "shop.timezone");
    check("[model]\ntemperature = 2.0\n", "model.temperature");
    check("[model]\nremote_url = 'http://localhost:1'\n", "remote_model");
    check("[proof]\nwrong_per_order = 0\n", "proof.wrong_per_order");
    check("[proof]\nlock_hours = 9000\n", "proof.lock_hours");
    check("[connect.orders]\ntimeout_milliseconds = 30000\n", "connect.orders.timeout_milliseconds");
    check("[connect.orders]\nfailures = 0\n", "connect.orders.max_parallel");
    check("[connect.orders]\nkinds = ['product']\n", "connect.orders.kinds");
    check("[connect.orders]\nkinds = []\n", "connect.orders.kinds");
    check("[connect.orders]\nkinds = ['nonsense']\n", "line 2");
    check("[webhooks]\ntimeout_seconds = 0\n", "webhooks.timeout_seconds");
    check("[connect.actions]\nmost_attempts = 0\n", "connect.actions.most_attempts");
    check("[connect.actions]\ntimeout_milliseconds = 0\n", "connect.actions.timeout_milliseconds");
    check("[connect.actions]\nfirst_pause_seconds = 0\n", "connect.actions.first_pause_seconds");
    check("[promises]\nput_off_minutes = 0\n", "promises.put_off_minutes");
    check("[desk]\nremind_minutes = 50000\n", "desk.remind_minutes");
    check("[desk]\nagent_gone_seconds = 2\n", "desk.agent_gone_seconds");
    check("[desk]\nwait_place_seconds = 90000\n", "desk.wait_place_seconds");
    check("[desk]\nwaiting_per_person = 50000\n", "desk.waiting_per_person");
    check("[desk]\nassignment = 'nobody'\n", "line 2");
    check("nonsense", "not valid");
}
