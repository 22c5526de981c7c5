//! Machines: search, registration and what may change of them; their keys and boots.

use crate::{Client, Error};
use http::Method;
use sabakan_model::boot_log::BootTimeline;
use sabakan_model::{GoTime, Machine, MachineSpec};

impl Client {
    /// Machines that match all of `params`, which are names and values of the query as the API has them.
    ///
    /// # Errors
    /// 404 when none matches, 400 for a parameter that is not understood.
    pub async fn machines(&self, params: &[(&str, &str)]) -> Result<Vec<Machine>, Error> {
        let request = self.request(Method::GET, self.url(&["machines"])?);
        self.read_json(if params.is_empty() {
            request
        } else {
            request.query(params)
        })
        .await
    }

    /// Registers machines: all or none.
    ///
    /// # Errors
    /// 409 when one of them, or a rack's boot server, exists already; 400 when one is not valid.
    pub async fn register(&self, specs: &[MachineSpec]) -> Result<(), Error> {
        self.send_json(Method::POST, &["machines"], &specs).await
    }

    /// Deletes a retired machine.
    ///
    /// # Errors
    /// 404 when there is none, 500 when it is not retired.
    pub async fn remove_machine(&self, serial: &str) -> Result<(), Error> {
        self.delete(&["machines", serial]).await
    }

    /// The state of a machine, as the server says it.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn state(&self, serial: &str) -> Result<Vec<u8>, Error> {
        self.get_bytes(&["state", serial]).await
    }

    /// Puts a machine into a state.
    ///
    /// # Errors
    /// 404 when there is none, 400 when there is no such state or disk keys remain, 500 when the transition is forbidden.
    pub async fn set_state(&self, serial: &str, state: &str) -> Result<(), Error> {
        self.send_bytes(Method::PUT, &["state", serial], state.into()).await
    }

    /// Adds or replaces a label.
    ///
    /// # Errors
    /// 404 when there is no such machine, 400 when name or value are not valid.
    pub async fn put_label(&self, serial: &str, name: &str, value: &str) -> Result<(), Error> {
        self.send_bytes(Method::PUT, &["labels", serial, name], value.into())
            .await
    }

    /// Removes a label.
    ///
    /// # Errors
    /// 404 when there is no such machine or label.
    pub async fn delete_label(&self, serial: &str, name: &str) -> Result<(), Error> {
        self.delete(&["labels", serial, name]).await
    }

    /// Sets the retire date.
    ///
    /// # Errors
    /// 404 when there is no such machine.
    pub async fn set_retire_date(&self, serial: &str, date: GoTime) -> Result<(), Error> {
        self.send_bytes(Method::PUT, &["retire-date", serial], date.to_string().into())
            .await
    }

    /// A disk key.
    ///
    /// # Errors
    /// 404 when there is none: only then may a disk be formatted.
    pub async fn crypt(&self, serial: &str, disk: &str) -> Result<Vec<u8>, Error> {
        self.get_bytes(&["crypts", serial, disk]).await
    }

    /// Stores a disk key, once.
    ///
    /// # Errors
    /// 409 when there is one, 404 when there is no such machine.
    pub async fn put_crypt(&self, serial: &str, disk: &str, key: Vec<u8>) -> Result<(), Error> {
        self.send_bytes(Method::PUT, &["crypts", serial, disk], key).await
    }

    /// Deletes all disk keys of a retiring machine.
    ///
    /// # Errors
    /// 404 when there is no such machine, 500 when it is not retiring.
    pub async fn delete_crypts(&self, serial: &str) -> Result<(), Error> {
        self.delete(&["crypts", serial]).await
    }

    /// The time-line of a machine's latest boot.
    ///
    /// # Errors
    /// 404 when nothing was seen of it, or the server keeps no boot log.
    pub async fn boot_log(&self, serial: &str) -> Result<BootTimeline, Error> {
        self.get_json(&["boot-log", serial]).await
    }

    /// The latest boots of all machines, or of those that are stuck.
    ///
    /// # Errors
    /// 404 when the server keeps no boot log.
    pub async fn boot_logs(&self, stuck: bool) -> Result<Vec<BootTimeline>, Error> {
        let mut url = self.url(&["boot-log"])?;
        url.set_query(stuck.then_some("stuck"));
        self.read_json(self.request(Method::GET, url)).await
    }
}
