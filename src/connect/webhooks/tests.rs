use super::public::is_public;
use super::*;

#[test]
fn only_addresses_of_the_open_internet_are_public() {
    let check = |address: &str, expected: bool| {
        assert_eq!(is_public(address.parse().unwrap()), expected, "{address}");
    };
    for inside in [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.8.8.8",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:db8::1",
        "2001::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
    ] {
        check(inside, false);
    }
    for outside in [
        "1.1.1.1",
        "100.63.0.1",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "192.0.1.1",
        "198.17.0.1",
        "223.5.5.5",
        "2400:3200::1",
        "2606:4700:4700::1111",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ] {
        check(outside, true);
    }
}

#[test]
fn a_target_is_an_address_that_leads_outside() {
    let check = |url: &str, allow_private: bool, expected: Result<&str, TargetError>| {
        let target = Target::new(url, allow_private);
        assert_eq!(target.as_ref().map(Target::as_str), expected.as_ref().copied(), "{url}");
    };
    let private = |host: &str| Err(TargetError::Private(host.to_owned()));
    check("https://shop.example/hook?x=1", false, Ok("https://shop.example/hook?x=1"));
    check("http://8.8.8.8:9000/", false, Ok("http://8.8.8.8:9000/"));
    check("http://127.0.0.1:9000/", false, private("127.0.0.1"));
    check("http://127.0.0.1:9000/", true, Ok("http://127.0.0.1:9000/"));
    check("http://[::1]/", false, private("[::1]"));
    check("http://[::ffff:7f00:1]/", false, private("[::ffff:7f00:1]"));
    // As browsers read numbers.
    check("http://2130706433/", false, private("127.0.0.1"));
    check("http://0x7f.1/", false, private("127.0.0.1"));
    check("http://0177.0.0.1/", false, private("127.0.0.1"));
    check("http://localhost/", false, private("localhost"));
    check("http://LOCALHOST./", false, private("localhost."));
    check("http://shop.localhost/", false, private("shop.localhost"));
    for none in
        ["", "shop.example", "ftp://shop.example/", "file:///etc/passwd", "https://", "javascript:alert(1)"]
    {
        check(none, true, Err(TargetError::NoAddress));
    }
    check("https://me:hush@shop.example/", true, Err(TargetError::Password));
    check(&format!("https://shop.example/{}", "x".repeat(LONGEST_URL)), true, Err(TargetError::TooLong));
}

/// Vectors computed with `hmac.new(key, f"{id}.{time}.".encode() + body, "sha256")` of Python.
#[test]
fn secrets_that_are_made_here_sign_as_any_library_does() {
    let secret = Signer::written(b"0123456789abcdef0123456789abcdef");
    let signer = Signer::new(&secret).unwrap();
    let body = r#"{"event":"message_created","id":"whd_1","message":{"text":"到哪了"}}"#;
    assert_eq!(
        signer.sign("whd_1", 1_763_604_720, body.as_bytes()),
        "v1,aZFQ48/SmqdkTYjeszD2wmoUpgT1LM2/J3MJtpnDpYU="
    );
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_gone_to() {
    use reqwest::dns::Resolve;
    let looked_up = public::PublicOnly.resolve("localhost".parse().unwrap()).await;
    let why = looked_up.err().expect("it leads to this machine").to_string();
    assert!(why.contains("localhost") && why.contains("webhooks.allow_private"), "{why}");
}
