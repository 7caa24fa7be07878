//! The exponential and the logarithm, the same on every machine.
//!
//! The ones of the standard library are those of the system, and differ in the last bit between systems. A bit is
//! enough to make a trained model another file. Only sums, products and quotients are used here, which are exact alike
//! everywhere.

/// e to the power of `x`, to about fourteen digits. Beyond ±700 the result stays where it is there.
pub fn exponential(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let twos = (x * std::f64::consts::LOG2_E).round();
    let rest = x - twos * std::f64::consts::LN_2;
    // |rest| is at most 0.35, so that twelve terms of the series are enough.
    let mut sum = 1.0;
    for term in (1..=12).rev() {
        sum = 1.0 + sum * rest / f64::from(term);
    }
    // From -1010 to 1010: always the exponent of a normal number.
    sum * f64::from_bits(((1023 + twos as i64) as u64) << 52)
}

/// The natural logarithm of a positive normal number, to about fourteen digits.
pub fn logarithm(x: f64) -> f64 {
    let bits = x.max(f64::MIN_POSITIVE).to_bits();
    let mut twos = (bits >> 52) as i64 - 1023;
    let mut mantissa = f64::from_bits((bits & ((1 << 52) - 1)) | (1023 << 52));
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa /= 2.0;
        twos += 1;
    }
    // ln m = 2 artanh((m - 1) / (m + 1)), whose argument is at most 0.172.
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let square = ratio * ratio;
    let mut sum = 0.0;
    for term in (0..10).rev() {
        sum = sum * square + 1.0 / f64::from(2 * term + 1);
    }
    2.0 * ratio * sum + twos as f64 * std::f64::consts::LN_2
}

/// Turns scores into probabilities that sum to one, in place.
pub fn softmax(scores: &mut [f32]) {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0_f64;
    for score in scores.iter_mut() {
        let part = exponential(f64::from(*score - highest));
        sum += part;
        *score = part as f32;
    }
    for score in scores.iter_mut() {
        *score = (f64::from(*score) / sum) as f32;
    }
}
