//! Log and Store of Amends on sled and in memory, with codec and conformance suite.
