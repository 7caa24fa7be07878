use super::*;

/// The example of the Standard Webhooks specification, so that every library for it takes our signatures.
#[test]
fn it_signs_as_the_specification_does() {
    let signer = Signer::new(&SecretString::from("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")).unwrap();
    let signature = signer.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn any_change_changes_the_signature() {
    let signer = Signer::new(&SecretString::from("a secret of the tests")).unwrap();
    let signed = signer.sign("one", 1, b"body");
    for other in
        [signer.sign("two", 1, b"body"), signer.sign("one", 2, b"body"), signer.sign("one", 1, b"bodz")]
    {
        assert_ne!(signed, other);
    }
}

#[test]
fn what_is_no_key_is_refused() {
    let refused = |secret: &str| Signer::new(&SecretString::from(secret)).unwrap_err();
    assert_eq!(refused("short"), SignatureError::TooShort(5));
    assert_eq!(refused("whsec_c2hvcnQ="), SignatureError::TooShort(5));
    assert_eq!(refused("whsec_not base64!"), SignatureError::NotBase64);
}
