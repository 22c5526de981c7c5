//! The record of an operation, stored under `records/`.

use gojson::{GoTime, StringInt};

record! {
    /// What became of an operation.
    pub struct Record {
        /// Number of the operation.
        "id" id: StringInt,
        /// `new`, `running`, `cancelled` or `completed`.
        "status" status: String,
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
