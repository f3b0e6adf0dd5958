//! Bounds of expressions, each with its reason.

/// Bytes of one expression. The longest that ships has about 300; parsing takes time and stack in proportion.
pub(super) const SOURCE_MAX: usize = 2_000;
/// Brackets inside brackets. Deeper expressions cannot be read, and the parser recurses for each.
pub(super) const NESTING_MAX: usize = 16;
/// Operators, names and values inside one another after parsing; `a + b + c` counts two.
pub(super) const DEPTH_MAX: usize = 60;
/// Tokens between brackets in a row. A chain of operators nests in the parser without any bracket.
pub(super) const TOKENS_MAX: usize = 400;
/// Steps of one evaluation, counting copied values by size. Mapping 500 lines of ten fields takes 30,000; a
/// million takes some tens of milliseconds.
pub(super) const FUEL: u64 = 1_000_000;
/// Compiled expressions kept. A definition has about a hundred; beyond this they are compiled again when used.
pub(super) const PROGRAMS_MAX: usize = 20_000;
/// Stack of the parser's thread: four times what the deepest allowed expression takes without optimisation.
pub(super) const STACK_BYTES: usize = 16 * 1024 * 1024;
