//! A program of an image that is run once on a node.

use crate::engine::Engine;
use crate::health::Probes;
use crate::shell::join;
use cke_model::Node;
use neco_ssh::{Error, NodeAddress, Runner};

impl<R: Runner, P: Probes> Engine<R, P> {
    /// Runs a program of an image to its end, in a container of its own; `options` are those of `docker run`.
    ///
    /// # Errors
    /// When it does not end well, with what it said.
    pub async fn run_once(
        &self,
        node: &Node,
        image: &str,
        options: &[String],
        program: &[String],
    ) -> Result<(), Error> {
        let address = NodeAddress::new(&node.address, &node.user);
        let deadline = self.options.long_deadline;
        let command = command(image, options, program);
        let output = self.runner.run(&address, &command, None, deadline).await?;
        output.successful(&address).map(drop)
    }
}

fn command(image: &str, options: &[String], program: &[String]) -> String {
    let docker = ["docker", "run", "--log-driver=journald"].into_iter();
    let options = options.iter().map(String::as_str);
    let program = program.iter().map(String::as_str);
    join(docker.chain(options).chain([image]).chain(program))
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn options_come_before_the_image_and_the_program_after_it() {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            command(
                "etcd:3",
                &words("--rm --entrypoint=etcdutl"),
                &["snapshot".to_owned(), "a b".to_owned()]
            ),
            "docker run --log-driver=journald --rm --entrypoint=etcdutl etcd:3 snapshot 'a b'"
        );
    }
}
