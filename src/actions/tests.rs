//! Actions and promises make legal moves only, in whatever order things happen.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn a_move() -> impl Strategy<Value = ActionMove> {
    proptest::sample::select(ActionMove::ALL.to_vec())
}

fn a_step() -> impl Strategy<Value = PromiseMove> {
    proptest::sample::select(PromiseMove::ALL.to_vec())
}

proptest! {
    #[test]
    fn an_action_ends_once_and_stays_as_it_ended(moves in prop::collection::vec(a_move(), 0..40)) {
        let mut state = ActionState::Requested;
        let mut confirmed = 0;
        let mut ends = 0;
        for step in moves {
            let before = state;
            match next_action(state, step) {
                Ok(after) => {
                    prop_assert!(before.is_open(), "{before:?} is over, and {step:?} moved it");
                    // Nothing goes back to before it was begun, and what is late is never on time again.
                    prop_assert!(after != ActionState::Requested);
                    prop_assert!(before != ActionState::Overdue || after == before || !after.is_open());
                    confirmed += u32::from(after == ActionState::Confirmed);
                    ends += u32::from(!after.is_open());
                    state = after;
                }
                Err(_) => prop_assert_eq!(state, before),
            }
        }
        prop_assert!(confirmed <= 1 && ends <= 1);
        // Whatever is open can still end in each of the three ways.
        for step in [ActionMove::Finish, ActionMove::Fail, ActionMove::Cancel] {
            prop_assert_eq!(next_action(state, step).is_ok(), state.is_open());
        }
    }

    #[test]
    fn a_promise_is_renegotiated_at_most_once(moves in prop::collection::vec(a_step(), 0..20)) {
        let mut state = PromiseState::Open;
        let (mut renegotiated, mut ends) = (0, 0);
        for step in moves {
            if let Ok(after) = next_promise(state, step) {
                prop_assert!(state.is_open());
                renegotiated += u32::from(after == PromiseState::Renegotiated);
                ends += u32::from(!after.is_open());
                state = after;
            }
        }
        prop_assert!(renegotiated <= 1 && ends <= 1);
        prop_assert_eq!(next_promise(state, PromiseMove::Keep).is_ok(), state.is_open());
    }
}

#[test]
fn a_result_is_plain_and_short() {
    let check = |text: &str, good: bool| {
        let result =
            ActionResult { outcome: Outcome::Done, text: Some(text.into()), order: None, parcel: None };
        assert_eq!(result.check().is_ok(), good, "{text:?}: {:?}", result.check());
    };
    check("中通 13:52 回复：滞留在武汉转运中心", true);
    check("a < b", true);
    check("", false);
    check("  ", false);
    check("一\n二", false);
    check("<b>已找到</b>", false);
    check(&"长".repeat(201), false);
}

#[test]
fn what_stands_behind_a_promise_is_written_as_its_id() {
    let check = |text: &str, expected: BackedBy| {
        assert_eq!(serde_json::from_value::<BackedBy>(json!(text)).unwrap(), expected);
        assert_eq!(serde_json::to_value(&expected).unwrap(), json!(text));
    };
    check("tkt_1", BackedBy::Ticket("tkt_1".parse().unwrap()));
    check("act_1", BackedBy::Action("act_1".parse().unwrap()));
    assert!(serde_json::from_value::<BackedBy>(json!("msg_1")).is_err());
}
