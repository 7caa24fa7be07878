//! The `warmdesk` program: hands over to the command line and turns its result into an exit code.

use std::process::ExitCode;

/// Tensor operations and HTTP buffers allocate constantly; mimalloc measurably shortens both.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    warmdesk::cli::run()
}
