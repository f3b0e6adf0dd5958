//! Sizes of memory and bodies: "512KiB", "2MiB".

use super::problem::Code;
use super::setting::{Mistake, Node, Setting, quoted};

/// Units, largest first, with their length in bytes.
const UNITS: &[(&str, u64)] = &[("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

impl Size {
    /// The number of bytes, as the platform counts memory.
    pub fn bytes(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Setting for Size {
    const KIND: &'static str = "size (`512KiB`, `2MiB`)";

    fn read(node: &Node<'_>) -> Result<Self, Mistake> {
        let wanted = "write a size in quotes, with its unit: \"512KiB\", \"2MiB\", \"1GiB\"";
        let text = node.text("a size in quotes, with its unit: \"2MiB\"")?;
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let factor = UNITS
            .iter()
            .find(|(name, _)| *name == unit.trim())
            .map(|(_, bytes)| *bytes);
        let number = number.parse::<u64>().ok();
        number
            .zip(factor)
            .and_then(|(number, factor)| number.checked_mul(factor))
            .map(Self)
            .ok_or_else(|| Mistake::new(Code::BadValue, format!("`{text}` is not a size"), wanted))
    }

    fn blank() -> Self {
        Self(0)
    }

    fn show(&self) -> String {
        quoted(&Self::show_magnitude(self.0))
    }

    fn magnitude(&self) -> Option<u64> {
        Some(self.0)
    }

    fn show_magnitude(magnitude: u64) -> String {
        let whole = UNITS
            .iter()
            .find(|(_, bytes)| magnitude >= *bytes && magnitude.is_multiple_of(*bytes));
        match whole {
            Some((unit, bytes)) => format!("{}{unit}", magnitude / bytes),
            None => "0B".to_owned(),
        }
    }
}
