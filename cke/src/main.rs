//! The command `cke`.

fn main() -> std::process::ExitCode {
    cke::main()
}
