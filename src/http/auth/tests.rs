use super::*;

fn secret() -> SecretString {
    SecretString::from("k".repeat(32))
}

fn customer(id: &str) -> CustomerId {
    CustomerId::new(id).unwrap()
}

/// The expected value was computed with `openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk`.
#[test]
fn a_signature_is_the_hex_hmac_of_the_id() {
    let expected = "b74ca0c07313e8be116d269692c8743606d262661f25f12d3c5de4e3ca0bc4ff";
    assert_eq!(sign_customer(&secret(), &customer("客户-1")), expected);
    assert!(verify_customer(&secret(), &customer("客户-1"), expected));
    assert!(verify_customer(&secret(), &customer("客户-1"), &expected.to_uppercase()));
}

#[test]
fn wrong_signatures_are_refused() {
    let good = sign_customer(&secret(), &customer("c-1"));
    let check = |signature: &str| {
        assert!(!verify_customer(&secret(), &customer("c-1"), signature), "accepted {signature:?}");
    };
    check("");
    check("zz");
    check(&good[..62]);
    check(&format!("{good}00"));
    check(&format!("{}é", &good[..62]));
    check(&sign_customer(&secret(), &customer("c-2")));
    check(&sign_customer(&SecretString::from("another"), &customer("c-1")));
}

#[test]
fn bearer_reads_only_bearer() {
    let check = |value: &str, expected: Result<Option<&str>, ErrorCode>| {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        assert_eq!(bearer(&headers).map_err(|error| error.code()), expected, "{value:?}");
    };
    check("Bearer abc", Ok(Some("abc")));
    check("bearer  abc ", Ok(Some("abc")));
    check("Basic abc", Err(ErrorCode::InvalidKey));
    check("abc", Err(ErrorCode::InvalidKey));
    check("Bearer ", Err(ErrorCode::InvalidKey));
    assert_eq!(bearer(&HeaderMap::new()).unwrap(), None);
}
