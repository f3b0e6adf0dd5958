//! "Did you mean": the known word closest to what was written.

/// The word of `known` closest to `written`, if it is close enough to be a slip of the pen.
pub(super) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Two neighbours in the wrong order are two changes, the commonest slip.
    let tolerated = if written.chars().count() < 4 {
        1
    } else {
        (written.chars().count() / 3).max(2)
    };
    known
        .into_iter()
        .map(|word| (distance(written, word), word))
        .filter(|(distance, _)| *distance <= tolerated)
        .min()
        .map(|(_, word)| word)
}

/// Help for a word that is not among `known`: the nearest one, or all of them when there are few.
pub(super) fn suggestion(written: &str, known: &[&str]) -> Option<String> {
    match nearest(written, known.iter().copied()) {
        Some(word) => Some(format!("did you mean `{word}`?")),
        None if known.is_empty() => None,
        None => Some(format!("known are {}", listed(known))),
    }
}

/// `` `a`, `b` and `c` ``
pub(super) fn listed(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// Levenshtein distance, one row at a time.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.chars().enumerate() {
        let mut diagonal = i;
        let mut previous = i + 1;
        let mut next = vec![previous];
        for (b, above) in right.iter().zip(row.iter().skip(1)) {
            previous = (diagonal + usize::from(a != *b)).min(previous + 1).min(above + 1);
            diagonal = *above;
            next.push(previous);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let known = ["listen", "public_url", "body_max"];
        for (written, expected) in [
            ("lissten", Some("listen")),
            ("listn", Some("listen")),
            ("public-url", Some("public_url")),
            ("bodymax", Some("body_max")),
            ("istlen", Some("listen")),
            ("colour", None),
            ("a", None),
        ] {
            assert_eq!(nearest(written, known), expected, "{written}");
        }
    }

    #[test]
    fn distance_is_a_metric_on_words() {
        let words = ["", "a", "abc", "acb", "listen", "silent"];
        for (a, b) in words.iter().flat_map(|a| words.iter().map(move |b| (a, b))) {
            assert_eq!(distance(a, b), distance(b, a), "{a} {b}");
            assert_eq!(distance(a, b) == 0, a == b, "{a} {b}");
        }
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
