use std::collections::HashSet;

use super::*;

#[test]
fn codes_are_unique_and_are_what_the_json_says() {
    let mut seen = HashSet::new();
    for code in ErrorCode::ALL {
        assert!(seen.insert(code.as_str()), "{} is there twice", code.as_str());
        assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        assert!(code.status().is_client_error() || code.status().is_server_error(), "{}", code.as_str());
        assert!(code.meaning().trim().ends_with('.'), "{} has no meaning", code.as_str());
    }
}

#[test]
fn the_cause_of_a_fault_stays_inside() {
    let error = ApiError::from(PortError::Internal(anyhow::anyhow!("disk I/O error in /var/lib/secret")));
    let body = serde_json::to_string(&error.body()).unwrap();
    assert!(!body.contains("secret"), "{body}");
    assert!(body.contains("\"internal\""), "{body}");
}

#[test]
fn json_faults_are_told_apart() {
    let check = |text: &str, expected: ErrorCode| {
        let error = serde_json::from_str::<ErrorBody>(text).expect_err(text);
        assert_eq!(ApiError::from(error).code(), expected, "{text}");
    };
    check("{", ErrorCode::MalformedJson);
    check("", ErrorCode::MalformedJson);
    check("{\"error\": {\"message\": \"\\ud83d\"}}", ErrorCode::MalformedJson);
    check("{\"error\": 7}", ErrorCode::InvalidField);
    check("{}", ErrorCode::InvalidField);
}

#[test]
fn what_is_not_found_has_a_code_of_its_own() {
    let check = |thing: &'static str, expected: ErrorCode| {
        assert_eq!(ApiError::from(PortError::NotFound(thing)).code(), expected, "{thing}");
    };
    check("conversation", ErrorCode::ConversationNotFound);
    check("ticket", ErrorCode::TicketNotFound);
    check("product", ErrorCode::RecordNotFound);
    check("order", ErrorCode::RecordNotFound);
    check("record", ErrorCode::RecordNotFound);
    check("anything else", ErrorCode::NotFound);
}
