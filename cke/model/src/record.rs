//! The record of an operation, stored under `records/`.

use gojson::{GoTime, StringInt};
use jiff::Timestamp;

words! {
    /// How far an operation is.
    pub enum RecordStatus {
        /// It has begun.
        New = "new",
        /// A step of it runs.
        Running = "running",
        /// It failed, or its leader went.
        Cancelled = "cancelled",
        /// All of it is done.
        Completed = "completed",
    }
}

record! {
    /// What became of an operation.
    pub struct Record {
        /// Number of the operation.
        "id" id: StringInt,
        /// How far it is.
        "status" status: RecordStatus,
        /// Name of the operation.
        "operation" operation: String,
        /// The step that ran last.
        "command" command: RecordCommand,
        /// What was touched.
        "targets" targets: Option<Vec<String>>,
        /// What the operation found out.
        "info" info: String,
        /// Why it failed.
        "error" error: String,
        /// When it began.
        "start-at" start_at: GoTime,
        /// When it ended.
        "end-at" end_at: GoTime,
    }
}

record! {
    /// A step in a record.
    pub struct RecordCommand {
        /// Name of the step.
        "name" name: String,
        /// Its target.
        "target" target: String,
    }
}

impl Record {
    /// An operation that begins at `now`.
    #[must_use]
    pub fn new(id: i64, operation: &str, targets: Option<Vec<String>>, now: Timestamp) -> Self {
        Self {
            id: StringInt(id),
            status: RecordStatus::New,
            operation: operation.to_owned(),
            targets,
            start_at: GoTime::utc(now),
            ..Self::default()
        }
    }

    /// A step runs.
    pub fn run_step(&mut self, name: &str, target: &str) {
        self.status = RecordStatus::Running;
        self.command.name = name.to_owned();
        self.command.target = target.to_owned();
    }

    /// All is done.
    pub fn complete(&mut self, now: Timestamp) {
        self.status = RecordStatus::Completed;
        self.end_at = GoTime::utc(now);
    }

    /// It is given up.
    pub fn cancel(&mut self, now: Timestamp) {
        self.status = RecordStatus::Cancelled;
        self.end_at = GoTime::utc(now);
    }

    /// It failed.
    pub fn fail(&mut self, error: &str, now: Timestamp) {
        self.cancel(now);
        error.clone_into(&mut self.error);
    }
}
