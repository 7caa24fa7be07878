//! Names are unambiguous, and no role has what only a higher one has.

use proptest::prelude::*;

use super::*;

#[test]
fn names_are_letters_and_digits_of_any_language() {
    let check = |text: &str, expected: Result<&str, StaffError>| {
        let name = StaffName::new(text);
        assert_eq!(name.as_ref().map(StaffName::as_str), expected.as_ref().copied(), "{text:?}");
    };
    check("小林", Ok("小林"));
    check(" lin.mei-2@shop_a ", Ok("lin.mei-2@shop_a"));
    check("Ｌｉｎ", Ok("Lin"));
    check(&"长".repeat(64), Ok(&"长".repeat(64)));
    for wrong in ["", "  ", "a b", "a/b", "<b>", "a\u{0}", "a\u{200b}b", "\u{202e}nil", "a\nb"] {
        check(wrong, Err(StaffError::Name));
    }
    check(&"长".repeat(65), Err(StaffError::Name));
    check(&"a".repeat(1_000_000), Err(StaffError::Name));
    check("Assistant", Err(StaffError::Reserved("Assistant".into())));
    check("ａｄｍｉｎ", Err(StaffError::Reserved("admin".into())));
}

#[test]
fn a_display_name_is_any_text_of_one_line() {
    assert_eq!(DisplayName::new(" <b>小林</b> ").unwrap().as_str(), "<b>小林</b>");
    for wrong in ["", " ", "a\nb", "a\u{1b}[31m", &"长".repeat(65)] {
        assert_eq!(DisplayName::new(wrong), Err(StaffError::DisplayName), "{wrong:?}");
    }
}

#[test]
fn a_key_stands_for_the_role_of_its_scopes() {
    let check = |scopes: &[KeyScope], expected: Option<Role>| {
        let key = StaffKey { name: "k".into(), shop: ShopId::default(), scopes: scopes.to_vec() };
        assert_eq!(Role::of_key(&key), expected, "{scopes:?}");
    };
    check(&KeyScope::ALL, Some(Role::Admin));
    check(&[KeyScope::Admin], Some(Role::Admin));
    check(&[KeyScope::Facts, KeyScope::Desk], Some(Role::Agent));
    check(&[KeyScope::Facts, KeyScope::Events, KeyScope::Chat], None);
}

fn role() -> impl Strategy<Value = Role> {
    proptest::sample::select(Role::ALL.to_vec())
}

proptest! {
    /// Whatever a role opens, every higher role opens too; so none has a right that a higher one lacks.
    #[test]
    fn a_higher_role_has_every_right_of_a_lower_one(
        one in role(), other in role(), scope in proptest::sample::select(KeyScope::ALL.to_vec()),
    ) {
        let (lower, higher) = (one.min(other), one.max(other));
        prop_assert!(!lower.has(scope) || higher.has(scope), "{lower} has {scope:?}, {higher} does not");
    }

    /// Only an admin has a scope beyond the desk.
    #[test]
    fn below_an_admin_there_is_only_the_desk(
        role in role(), scope in proptest::sample::select(KeyScope::ALL.to_vec()),
    ) {
        prop_assert_eq!(role.has(scope), role == Role::Admin || scope == KeyScope::Desk);
    }

    /// What is accepted as a name comes back the same from its own text, and is compared without case.
    #[test]
    fn an_accepted_name_is_accepted_again(text in "\\PC{0,70}") {
        if let Ok(name) = StaffName::new(&text) {
            prop_assert_eq!(StaffName::new(name.as_str()), Ok(name.clone()));
            prop_assert!(name.as_str().chars().all(|c| !c.is_whitespace() && !c.is_control()));
        }
    }
}
