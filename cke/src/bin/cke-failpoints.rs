//! `cke` with places where tests make it fail.

fn main() -> std::process::ExitCode {
    cke::main()
}
