//! Does this come where it belongs? Each class of reply has its own order of goals (service practice §3.3).

use crate::turn::types::{Draft, Goal, GuardReason, ReplyClass};

use super::Verdict;

/// What was said before in this reply, and what the order depends on. The default is a text that stands alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct GoalOrder<'a> {
    /// The class of the reply.
    pub class: ReplyClass,
    /// The goals said so far in this reply.
    pub said: &'a [Goal],
    /// Whether the customer is upset.
    pub upset: bool,
    /// Whether the records prove a breach of ours.
    pub breach: bool,
    /// Whether comfort or amends were said earlier in this matter, or the reply begins with a part of it.
    pub comforted: bool,
    /// Whether the order is looked at; a text that belongs to no reply has none.
    pub in_reply: bool,
}

impl GoalOrder<'_> {
    fn has_said(&self, goals: &[Goal]) -> bool {
        self.said.iter().any(|said| goals.contains(said))
    }
}

/// What tells the customer something; comfort that comes after it comes too late.
const FACTS: [Goal; 8] = [
    Goal::Answer,
    Goal::Verdict,
    Goal::Explain,
    Goal::Act,
    Goal::Commit,
    Goal::Collect,
    Goal::Alternative,
    Goal::Recommend,
];

/// Checks the goal of a draft against what was said before it.
pub(super) fn check(draft: &Draft, order: &GoalOrder<'_>) -> Verdict {
    if !order.in_reply {
        return Ok(());
    }
    match fault(draft.goal, order) {
        Some(fault) => Err((GuardReason::GoalOrder, fault.to_owned())),
        None => Ok(()),
    }
}

fn fault(goal: Goal, order: &GoalOrder<'_>) -> Option<&'static str> {
    if order.has_said(&[Goal::Handoff]) && !matches!(goal, Goal::Commit | Goal::Handoff) {
        return Some("nothing follows a handoff but its promise");
    }
    match goal {
        Goal::Greet if order.said.iter().any(|said| *said != Goal::Greet) => {
            Some("a greeting comes first or not at all")
        }
        Goal::Volunteer if order.has_said(&[Goal::Volunteer]) => Some("one thing is volunteered at most"),
        Goal::Apologize if !order.breach => Some("no record proves a breach to apologise for"),
        // What the records prove is owned up to whether or not anybody is upset.
        Goal::Soothe if order.class == ReplyClass::Field && !order.upset => {
            Some("a calm question is answered, not comforted")
        }
        Goal::Soothe | Goal::Apologize => comfort_fault(order),
        Goal::Explain if order.class == ReplyClass::Breach && !makes_amends(order) => {
            Some("amends come before reasons where we are at fault")
        }
        Goal::Volunteer | Goal::Recommend | Goal::Alternative | Goal::Explain | Goal::Close
            if order.class == ReplyClass::Danger =>
        {
            Some("nothing else is said where health or safety is at stake")
        }
        _ => None,
    }
}

fn comfort_fault(order: &GoalOrder<'_>) -> Option<&'static str> {
    if order.has_said(&[Goal::Verdict]) {
        return Some("comfort after a verdict sounds like an excuse");
    }
    order.has_said(&FACTS).then_some("comfort comes before the facts")
}

fn makes_amends(order: &GoalOrder<'_>) -> bool {
    let amends = [Goal::Apologize, Goal::Soothe, Goal::Acknowledge, Goal::Act, Goal::Commit];
    order.comforted || order.has_said(&amends)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(class: ReplyClass, upset: bool, said: &[Goal], goal: Goal, right: bool) {
        let breach = class == ReplyClass::Breach;
        let order = GoalOrder { class, said, upset, breach, comforted: false, in_reply: true };
        assert_eq!(fault(goal, &order).is_none(), right, "{class:?} upset {upset}: {said:?} then {goal:?}");
    }

    #[test]
    fn each_class_has_its_order() {
        use Goal::*;
        use ReplyClass::*;
        check(Field, false, &[], Answer, true);
        check(Field, false, &[], Soothe, false);
        check(Field, true, &[], Soothe, true);
        check(Field, true, &[Answer], Soothe, false);
        check(Field, false, &[Answer], Volunteer, true);
        check(Field, false, &[Answer, Volunteer], Volunteer, false);
        check(Breach, false, &[], Explain, false);
        check(Breach, false, &[Apologize], Explain, true);
        check(Breach, false, &[Commit], Apologize, false);
        check(Breach, true, &[Soothe, Commit], Alternative, true);
        check(Trouble, true, &[Answer], Soothe, false);
        check(Trouble, true, &[], Apologize, false);
        check(Refusal, true, &[Verdict], Soothe, false);
        check(Refusal, true, &[Verdict], Alternative, true);
        check(Dispute, true, &[Soothe], Handoff, true);
        check(Dispute, true, &[Handoff], Commit, true);
        check(Dispute, true, &[Handoff], Answer, false);
        check(Danger, true, &[Soothe], Answer, true);
        check(Danger, true, &[Soothe, Answer], Recommend, false);
        check(Danger, true, &[Soothe, Answer], Handoff, true);
        check(Hesitant, false, &[Answer], Greet, false);
        check(Hesitant, false, &[Greet], Answer, true);
    }

    /// Wherever a scenario of a shipped pack comforts first, each of its facts is said before the comfort: the comfort that
    /// comes too late is always refused, and never while it is on time.
    #[test]
    fn facts_before_comfort_are_refused_in_every_scenario() {
        use crate::pack::load::{PackFiles, load};
        const CLASSES: [ReplyClass; 6] = [
            ReplyClass::Hesitant,
            ReplyClass::Breach,
            ReplyClass::Trouble,
            ReplyClass::Refusal,
            ReplyClass::Dispute,
            ReplyClass::Danger,
        ];
        let mut planted = 0;
        for language in ["zh-CN", "en"] {
            let pack = load(&PackFiles::embedded(language).unwrap()).unwrap().pack;
            for scenario in &pack.scenarios {
                let goals: Vec<Goal> = scenario.goals.iter().map(|plan| plan.goal).collect();
                let comforts = [Goal::Soothe, Goal::Apologize];
                let Some(at) = goals.iter().position(|goal| comforts.contains(goal)) else { continue };
                for fact in goals[at..].iter().filter(|goal| FACTS.contains(goal)) {
                    for class in CLASSES {
                        let said = [*fact];
                        let order = |said| GoalOrder {
                            class,
                            said,
                            upset: true,
                            breach: true,
                            comforted: false,
                            in_reply: true,
                        };
                        assert!(
                            fault(goals[at], &order(&said)).is_some(),
                            "{}: {class:?} {fact:?}",
                            scenario.id
                        );
                        assert_eq!(fault(goals[at], &order(&[])), None, "{}: {class:?}", scenario.id);
                        planted += 1;
                    }
                }
            }
        }
        assert!(planted > 500, "{planted}");
    }

    #[test]
    fn what_was_comforted_before_may_be_explained() {
        let order = GoalOrder {
            class: ReplyClass::Breach,
            breach: true,
            comforted: true,
            in_reply: true,
            ..GoalOrder::default()
        };
        assert_eq!(fault(Goal::Explain, &order), None);
    }

    #[test]
    fn a_text_that_stands_alone_has_no_order() {
        let draft = crate::turn::guard::tests::draft(crate::turn::types::By::Wording, "这件事确实添了麻烦。");
        let draft = Draft { goal: Goal::Soothe, ..draft };
        assert_eq!(super::check(&draft, &GoalOrder::default()), Ok(()));
    }
}
