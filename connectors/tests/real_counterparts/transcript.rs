//! What was asked and answered, as text.

use serde_json::Value as Json;

/// One line per question.
#[derive(Debug, Default)]
pub(crate) struct Transcript {
    lines: Vec<String>,
}

impl Transcript {
    pub(crate) fn note(&mut self, question: &str, answer: &Json) {
        self.lines.push(format!("{question} -> {answer}"));
    }

    /// # Panics
    /// If the text differs from what was expected, with the first line that does and the whole text.
    pub(crate) fn compare(&self, expect: &str) {
        let expect: Vec<&str> = expect.lines().collect();
        let found: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        if found == expect {
            return;
        }
        let same = found
            .iter()
            .zip(&expect)
            .take_while(|(found, expect)| found == expect)
            .count();
        panic!(
            "line {} differs\n expected {}\n found    {}\nthe whole:\n{}\n",
            same + 1,
            expect.get(same).unwrap_or(&"nothing"),
            found.get(same).unwrap_or(&"nothing"),
            found.join("\n"),
        );
    }
}
