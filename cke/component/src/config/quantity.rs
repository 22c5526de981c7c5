//! Quantities of Kubernetes: `64Ki`, `1.5G`, `100m`, `1e3`.

use serde_json::Value;

/// Whether two quantities are the same amount, however they are written. What does not parse is compared as text.
pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (amount(a), amount(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

/// Whether the value is a quantity.
pub(super) fn is_quantity(value: &Value) -> bool {
    amount(value).is_some()
}

/// In units of 10^-9, the smallest that Kubernetes keeps.
fn amount(value: &Value) -> Option<i128> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<i128> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at_checked(end)?;
    let (negative, digits) = match number.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let mantissa: i128 = format!("0{whole}{fraction}").parse().ok()?;
    let decimals = i32::try_from(fraction.len()).ok()?;
    let scaled = scale(mantissa, suffix, decimals)?;
    Some(if negative { -scaled } else { scaled })
}

/// `mantissa / 10^decimals`, times what the suffix says, in units of 10^-9 and rounded up.
fn scale(mantissa: i128, suffix: &str, decimals: i32) -> Option<i128> {
    let (binary, decimal): (i128, i32) = match suffix {
        "Ki" => (1 << 10, 0),
        "Mi" => (1 << 20, 0),
        "Gi" => (1 << 30, 0),
        "Ti" => (1_i128 << 40, 0),
        "Pi" => (1_i128 << 50, 0),
        "Ei" => (1_i128 << 60, 0),
        "n" => (1, -9),
        "u" => (1, -6),
        "m" => (1, -3),
        "" => (1, 0),
        "k" => (1, 3),
        "M" => (1, 6),
        "G" => (1, 9),
        "T" => (1, 12),
        "P" => (1, 15),
        "E" => (1, 18),
        _ => (1, suffix.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    let product = mantissa.checked_mul(binary)?;
    let power = decimal.checked_add(9)?.checked_sub(decimals)?;
    let factor = 10_i128.checked_pow(power.unsigned_abs())?;
    if power >= 0 {
        return product.checked_mul(factor);
    }
    Some(product / factor + i128::from(product % factor != 0))
}

#[cfg(test)]
mod tests {
    use super::same;
    use serde_json::json;

    #[test]
    fn compares_amounts() {
        assert!(same(&json!("0"), &json!(0)));
        assert!(same(&json!("1Ki"), &json!("1024")));
        assert!(same(&json!("1.5G"), &json!("1500M")));
        assert!(same(&json!("100m"), &json!("0.1")));
        assert!(same(&json!("1e3"), &json!("1k")));
        assert!(!same(&json!("1G"), &json!("1Gi")));
        assert!(!same(&json!("-1"), &json!("1")));
        assert!(same(&json!("what"), &json!("what")));
        assert!(!same(&json!("what"), &json!("0")));
        assert!(!same(&json!("1e99"), &json!("0")));
    }
}
