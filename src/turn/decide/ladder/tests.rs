use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// The words of the Chinese desk.
static WORDS: LazyLock<String> = LazyLock::new(|| {
    let file = crate::web::file("desk/words-zh.js").expect("the desk has words");
    String::from_utf8(file.bytes.into_owned()).unwrap()
});

/// Whether the Chinese desk has words for a reason, as `desk/traced.js` reads it.
fn is_told(why: &str) -> bool {
    let points = why.split_once(' ').filter(|(points, _)| points.starts_with(['+', '-']));
    let reason = points.map_or(why, |(_, reason)| reason);
    let strength = reason.split_once(' ').map_or("", |(_, strength)| strength);
    let is_feeling = strength.len() == 4 && strength.parse::<f32>().is_ok();
    let is_contact = reason.starts_with("the same matter for the ") && reason.ends_with("th time: a person");
    let has_words =
        || [format!("\"{reason}\": \""), format!(" {reason}: \"")].iter().any(|entry| WORDS.contains(entry));
    is_feeling || is_contact || has_words()
}

/// A message without anything that counts.
fn calm() -> Signals {
    Signals { same_scenario: true, ..Signals::default() }
}

fn felt(label: EmotionLabel, intensity: f32) -> Signals {
    Signals { label, intensity, ..calm() }
}

#[track_caller]
fn check(points: u32, signals: &Signals, tier: Tier, left: u32) {
    let ladder = step(&Position { points, ..Position::default() }, signals);
    assert_eq!((ladder.tier, ladder.position.points), (tier, left), "{points} {signals:?}: {:?}", ladder.why);
}

#[test]
fn points_of_the_moment_follow_the_table() {
    for (label, intensity, expected) in [
        (EmotionLabel::Anxious, 0.49, 0),
        (EmotionLabel::Anxious, 0.5, 1),
        (EmotionLabel::Dissatisfied, 0.69, 1),
        (EmotionLabel::Angry, 0.7, 2),
        (EmotionLabel::Hesitant, 0.9, 0),
        (EmotionLabel::Disappointed, 0.9, 0),
        (EmotionLabel::Urgent, 0.9, 0),
        (EmotionLabel::Pleased, 0.9, 0),
    ] {
        assert_eq!(
            current_points(&felt(label, intensity), &mut Vec::new()),
            expected,
            "{label:?} {intensity}"
        );
    }
    let insulted = Signals { abusive: true, ..felt(EmotionLabel::Angry, 0.9) };
    assert_eq!(current_points(&insulted, &mut Vec::new()), 3, "insults count instead of the intensity");
}

#[test]
fn points_of_the_episode_follow_the_table() {
    let one = |set: fn(&mut Signals)| {
        let mut signals = calm();
        set(&mut signals);
        signals
    };
    check(0, &one(|it| it.rejected = true), Tier::Standard, 1);
    check(0, &one(|it| it.sarcastic = true), Tier::Standard, 1);
    check(0, &one(|it| it.repeated = true), Tier::Standard, 1);
    check(0, &one(|it| it.prodded = true), Tier::Standard, 1);
    check(0, &one(|it| it.waited = true), Tier::Standard, 1);
    check(0, &one(|it| it.contact = 2), Tier::Proactive, 2);
    check(0, &one(|it| it.contact = 3), Tier::Handoff, 2);
    check(0, &one(|it| it.breach = true), Tier::Proactive, 2);
    check(3, &one(|it| it.accepted = true), Tier::Standard, 1);
    check(1, &one(|it| it.accepted = true), Tier::Standard, 0);
    check(4, &calm(), Tier::Soothing, 4);
    check(6, &calm(), Tier::Handoff, 6);
}

#[test]
fn a_breach_counts_once() {
    let breach = Signals { breach: true, ..calm() };
    let first = step(&Position::default(), &breach);
    let second = step(&first.position, &breach);
    assert_eq!((first.position.points, second.position.points), (2, 2));
}

/// The tiers of the five acceptance dialogues, as the table gives them.
#[test]
fn the_acceptance_dialogues_have_their_tiers() {
    let walk = |name: &str, steps: &[(Signals, Tier)]| {
        let mut position = Position::default();
        for (number, (signals, expected)) in steps.iter().enumerate() {
            let ladder = step(&position, signals);
            assert_eq!(ladder.tier, *expected, "{name} {}: {:?}", number + 1, ladder.why);
            position = ladder.position;
        }
    };
    use EmotionLabel::{Angry, Anxious, Calm, Dissatisfied};
    use Tier::{Proactive, Soothing, Standard};
    let new = |signals: Signals| Signals { same_scenario: false, ..signals };
    let rejects = |signals: Signals| Signals { rejected: true, ..signals };
    walk(
        "a stalled parcel",
        &[
            (new(felt(Calm, 0.1)), Standard),
            (Signals { breach: true, ..new(felt(Anxious, 0.5)) }, Proactive),
            (Signals { breach: true, ..rejects(felt(Dissatisfied, 0.65)) }, Soothing),
            (felt(Angry, 0.8), Soothing),
            // A person takes over and gives it back.
            (Signals { accepted: true, ..felt(Dissatisfied, 0.5) }, Proactive),
            (felt(Calm, 0.3), Standard),
        ],
    );
    walk(
        "opened formula",
        &[
            (new(felt(Calm, 0.1)), Standard),
            (new(felt(EmotionLabel::Disappointed, 0.3)), Standard),
            (rejects(felt(Dissatisfied, 0.55)), Proactive),
            (new(felt(Dissatisfied, 0.6)), Proactive),
            (Signals { danger: true, ..new(felt(Anxious, 0.7)) }, Soothing),
            (felt(Calm, 0.1), Soothing),
        ],
    );
    walk(
        "a price that fell",
        &[
            (Signals { sarcastic: true, ..new(felt(Dissatisfied, 0.6)) }, Proactive),
            (rejects(felt(Dissatisfied, 0.7)), Soothing),
            (new(rejects(felt(Dissatisfied, 0.75))), Soothing),
            (new(felt(Dissatisfied, 0.7)), Soothing),
            (Signals { accepted: true, ..new(felt(Dissatisfied, 0.55)) }, Proactive),
        ],
    );
    walk(
        "a wrong item",
        &[
            (new(felt(Dissatisfied, 0.6)), Standard),
            (felt(Dissatisfied, 0.6), Standard),
            (Signals { breach: true, ..felt(Dissatisfied, 0.6) }, Proactive),
            (felt(Anxious, 0.7), Soothing),
            (rejects(new(felt(Angry, 0.85))), Soothing),
            (Signals { accepted: true, ..felt(Dissatisfied, 0.65) }, Proactive),
            (felt(Dissatisfied, 0.5), Proactive),
        ],
    );
}

#[test]
fn what_does_not_help_twice_is_not_tried_a_third_time() {
    // Acceptance of one thing and rejection of the next keep the points level; the tier must rise all the same.
    let stale = Position { points: 0, tier: Tier::Standard, failures: 1, ..Position::default() };
    let again = step(&stale, &Signals { prodded: true, ..calm() });
    assert_eq!(again.tier, Tier::Proactive, "{:?}", again.why);
    let soothed = Position { points: 3, tier: Tier::Soothing, ..Position::default() };
    let failed = step(&soothed, &Signals { rejected: true, ..calm() });
    assert_eq!(failed.tier, Tier::Handoff, "comfort is not said a second time: {:?}", failed.why);
    let another = step(&soothed, &Signals { rejected: true, same_scenario: false, ..calm() });
    assert_eq!(another.tier, Tier::Soothing, "a new side of the matter is answered first");
}

fn labels() -> impl Strategy<Value = EmotionLabel> {
    proptest::sample::select(vec![
        EmotionLabel::Calm,
        EmotionLabel::Hesitant,
        EmotionLabel::Anxious,
        EmotionLabel::Dissatisfied,
        EmotionLabel::Angry,
        EmotionLabel::Disappointed,
        EmotionLabel::Urgent,
        EmotionLabel::Pleased,
    ])
}

fn any_signals() -> impl Strategy<Value = Signals> {
    (labels(), 0.0_f32..=1.0, proptest::collection::vec(any::<bool>(), 10), 0_u32..5).prop_map(
        |(label, intensity, set, contact)| Signals {
            label,
            intensity,
            abusive: set[0],
            sarcastic: set[1],
            rejected: set[2],
            repeated: set[3],
            prodded: set[4],
            waited: set[5],
            accepted: set[6],
            contact,
            breach: set[7],
            danger: set[8],
            same_scenario: set[9],
        },
    )
}

fn any_position() -> impl Strategy<Value = Position> {
    let tiers = vec![Tier::Standard, Tier::Proactive, Tier::Soothing, Tier::Handoff];
    (0_u32..12, any::<bool>(), proptest::sample::select(tiers), 0_u32..3, any::<bool>()).prop_map(
        |(points, breach_counted, tier, failures, danger)| Position {
            points,
            breach_counted,
            tier,
            failures,
            danger,
        },
    )
}

proptest! {
    #[test]
    fn the_same_always_leads_to_the_same(position in any_position(), signals in any_signals()) {
        prop_assert_eq!(step(&position, &signals), step(&position, &signals));
    }

    #[test]
    fn nothing_bad_ever_lowers_it(position in any_position(), signals in any_signals(), which in 0_usize..9) {
        // Danger fixes the tier, so it is looked at apart.
        let position = Position { danger: false, ..position };
        let signals = Signals { danger: false, ..signals };
        let mut worse = signals.clone();
        match which {
            0 => worse.abusive = true,
            1 => worse.sarcastic = true,
            2 => worse.rejected = true,
            3 => worse.repeated = true,
            4 => worse.prodded = true,
            5 => worse.waited = true,
            6 => worse.contact += 1,
            7 => worse.breach = true,
            _ => worse.intensity = (worse.intensity + 0.3).min(1.0),
        }
        let (mild, hard) = (step(&position, &signals), step(&position, &worse));
        prop_assert!(hard.tier >= mild.tier, "{signals:?} → {worse:?}: {:?}, {:?}", mild, hard);
        prop_assert!(hard.position.points >= mild.position.points);
    }

    #[test]
    fn more_points_before_never_lower_it(position in any_position(), signals in any_signals(), more in 1_u32..5) {
        let position = Position { danger: false, ..position };
        let signals = Signals { danger: false, ..signals };
        let higher = Position { points: position.points + more, ..position.clone() };
        prop_assert!(step(&higher, &signals).tier >= step(&position, &signals).tier);
    }

    #[test]
    fn acceptance_never_raises_it(position in any_position(), signals in any_signals()) {
        let without = Signals { accepted: false, ..signals.clone() };
        let with = Signals { accepted: true, ..signals };
        let (without, with) = (step(&position, &without), step(&position, &with));
        // Where the points fall into the tier in which answers failed before, the failures count; never by more.
        prop_assert!(with.position.points <= without.position.points);
        prop_assert!(with.tier <= without.tier || with.why.iter().any(|why| why.contains("did not help")));
    }

    #[test]
    fn acceptance_alone_steps_down(points in 0_u32..12, tier in 0_u32..4) {
        let position = Position { points, tier: tier_of(tier * 2), ..Position::default() };
        let accepted = step(&position, &Signals { accepted: true, ..calm() });
        prop_assert_eq!(accepted.position.points, points.saturating_sub(2));
        prop_assert_eq!(accepted.tier, tier_of(points.saturating_sub(2)));
    }

    #[test]
    fn every_point_has_its_reason(position in any_position(), signals in any_signals()) {
        let ladder = step(&position, &signals);
        let added: u32 = ladder
            .why
            .iter()
            .filter_map(|why| why.strip_prefix('+')?.split(' ').next()?.parse::<u32>().ok())
            .sum();
        let moment = current_points(&signals, &mut Vec::new());
        let kept = position.points + added - moment;
        let taken = if signals.accepted { kept.saturating_sub(2) } else { kept };
        prop_assert_eq!(taken, ladder.position.points);
    }

    #[test]
    fn the_desk_has_words_for_every_reason(position in any_position(), signals in any_signals()) {
        for why in step(&position, &signals).why {
            prop_assert!(is_told(&why), "{why}");
        }
    }

    #[test]
    fn danger_stays_soothing(position in any_position(), signals in any_signals()) {
        let position = Position { danger: true, ..position };
        prop_assert_eq!(step(&position, &signals).tier, Tier::Soothing);
    }
}
