//! How deep a document nests, told before it is parsed: the parser calls itself for every level, and a few hundred levels
//! would end the whole process by an overflow of the stack. Limits of the executor come after the parser, too late.

/// Levels that a document may have. The deepest questions of common tools have some 15, with arguments a few more.
const MOST: usize = 64;

/// Does the document nest deeper than the parser can bear?
pub(super) fn too_deep(text: &str) -> bool {
    let mut depth = 0usize;
    let mut rest = text;
    while let Some(at) = rest.find(['"', '#', '{', '[', '(', '}', ']', ')']) {
        let (found, after) = rest[at..].split_at(1);
        rest = match found {
            "\"" => past_string(after),
            "#" => past(after, "\n"),
            "{" | "[" | "(" => {
                depth += 1;
                after
            }
            _ => {
                depth = depth.saturating_sub(1);
                after
            }
        };
        if depth > MOST {
            return true;
        }
    }
    false
}

/// What follows a string whose opening quote was read. Brackets inside are text.
fn past_string(text: &str) -> &str {
    if let Some(block) = text.strip_prefix("\"\"") {
        return past_block(block);
    }
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            // A string ends with its line; the parser refuses it, and what follows counts again.
            '"' | '\n' | '\r' => return &text[at + 1..],
            _ => {}
        }
    }
    ""
}

/// What follows a block string: its end is three quotes, but for those that a backslash stands before.
fn past_block(text: &str) -> &str {
    let mut rest = text;
    while let Some(at) = rest.find("\"\"\"") {
        let escaped = rest[..at].ends_with('\\');
        rest = &rest[at + 3..];
        if !escaped {
            return rest;
        }
    }
    ""
}

fn past<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, after)| after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_whatever_brackets_make_it() {
        for (open, close) in [("{a", "}"), ("{a(b:[", "])}"), ("{a(b:{c:", "})}")] {
            let nested = |levels: usize| open.repeat(levels) + &close.repeat(levels);
            assert!(!too_deep(&nested(20)), "{open}");
            assert!(too_deep(&nested(100)), "{open}");
        }
        let many = "{ a(b: [1]) { c } }".repeat(1000);
        assert!(!too_deep(&many), "wide is not deep");
    }

    #[test]
    fn brackets_in_strings_and_comments_neither_add_nor_hide() {
        for text in [
            format!("{{ a(b: \"{}\") }}", "[".repeat(100)),
            format!("{{ a(b: \"\\\"{}\") }}", "[".repeat(100)),
            format!(
                "{{ a(b: \"\"\"{} \\\"\"\" {}\"\"\") }}",
                "[".repeat(100),
                "[".repeat(100)
            ),
            format!("# {}\n{{ a }}", "[".repeat(100)),
        ] {
            assert!(!too_deep(&text), "{text}");
        }
        for level in ["[\"]\" ", "[\"\"\"]\"\"\" ", "[# ]\n", "[\"\\\\\" "] {
            assert!(too_deep(&format!("{{ a(b: {}", level.repeat(100))), "{level}");
        }
    }
}
