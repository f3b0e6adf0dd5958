//! The `amends` binary: command line and composition root, nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    amends::cli::main()
}
