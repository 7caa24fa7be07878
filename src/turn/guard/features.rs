//! What does a clause speak of, as numbers that can be counted against another clause's?

use super::fold::is_han;
use super::values::{Found, Value};

/// Characters that carry no matter of their own.
const IDLE: &str = "的了是在有和与或也都就还呢哦啊呀吧吗嘛您你我们这那个请亲给为把被从到对要将可以能";

/// Character pairs of Chinese text without idle characters, and the ids and measures in it, as sorted numbers.
pub(super) fn features(folded: &str, found: &[Found]) -> Vec<u64> {
    let mut pairs = Vec::new();
    let mut previous: Option<char> = None;
    for character in folded.chars() {
        let counts = is_han(character) && !IDLE.contains(character);
        if counts && let Some(before) = previous {
            pairs.push(u64::from(u32::from(before)) << 32 | u64::from(u32::from(character)));
        }
        if !character.is_whitespace() {
            previous = counts.then_some(character);
        }
    }
    for one in found {
        match &one.value {
            Value::Id(id) => pairs.push(hash(id)),
            Value::Measure(amount, measure) => pairs.push(hash(&format!("{}{measure:?}", amount.0))),
            _ => {}
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// FNV-1a, with a bit set that no character pair has.
fn hash(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    hash | 1 << 63
}

/// How many features two sorted lists share.
pub(super) fn shared(one: &[u64], other: &[u64]) -> usize {
    let (mut left, mut right, mut count) = (0, 0, 0);
    while left < one.len() && right < other.len() {
        match one[left].cmp(&other[right]) {
            std::cmp::Ordering::Less => left += 1,
            std::cmp::Ordering::Greater => right += 1,
            std::cmp::Ordering::Equal => {
                count += 1;
                left += 1;
                right += 1;
            }
        }
    }
    count
}
