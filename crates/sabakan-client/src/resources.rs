//! Images, assets, ignition templates and the audit log, except for uploads of files.

use crate::request::transport;
use crate::{Client, Error};
use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use http::Method;
use jiff::civil::Date;
use sabakan_model::{Asset, IgnitionTemplate, ImageIndex};

impl Client {
    /// The images of an operating system, the newest last.
    ///
    /// # Errors
    /// 400 for a name that cannot be one.
    pub async fn images(&self, os: &str) -> Result<ImageIndex, Error> {
        self.get_json(&["images", os]).await
    }

    /// Deletes an image; its id cannot be used again.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn delete_image(&self, os: &str, id: &str) -> Result<(), Error> {
        self.delete(&["images", os, id]).await
    }

    /// Names of all assets.
    ///
    /// # Errors
    /// When the server has none to give.
    pub async fn assets(&self) -> Result<Vec<String>, Error> {
        let names: Option<Vec<String>> = self.get_json(&["assets"]).await?;
        Ok(names.unwrap_or_default())
    }

    /// What is known about an asset.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn asset(&self, name: &str) -> Result<Asset, Error> {
        self.get_json(&["assets", name, "meta"]).await
    }

    /// Deletes an asset.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn delete_asset(&self, name: &str) -> Result<(), Error> {
        self.delete(&["assets", name]).await
    }

    /// Ids of a role's ignition templates, the newest last; `None` as the server's `null` when there are none.
    ///
    /// # Errors
    /// 400 for a name that cannot be a role.
    pub async fn ignition_ids(&self, role: &str) -> Result<Option<Vec<String>>, Error> {
        self.get_json(&["ignitions", role]).await
    }

    /// An ignition template.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn ignition(&self, role: &str, id: &str) -> Result<IgnitionTemplate, Error> {
        self.get_json(&["ignitions", role, id]).await
    }

    /// Adds an ignition template.
    ///
    /// # Errors
    /// 409 when the id is taken, 400 when it does not render.
    pub async fn put_ignition(&self, role: &str, id: &str, template: &IgnitionTemplate) -> Result<(), Error> {
        self.send_json(Method::PUT, &["ignitions", role, id], template).await
    }

    /// Deletes an ignition template.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn delete_ignition(&self, role: &str, id: &str) -> Result<(), Error> {
        self.delete(&["ignitions", role, id]).await
    }

    /// The audit log as lines of JSON, from the day `since` to before the day `until` (UTC).
    ///
    /// # Errors
    /// When the server cannot read it; also inside the stream, when the connection breaks.
    pub async fn logs(
        &self,
        since: Option<Date>,
        until: Option<Date>,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + use<>, Error> {
        let day = |date: Date| format!("{:04}{:02}{:02}", date.year(), date.month(), date.day());
        let params = [("since", since), ("until", until)];
        let params: Vec<_> = params
            .into_iter()
            .filter_map(|(name, date)| Some((name, day(date?))))
            .collect();
        let request = self.request(Method::GET, self.url(&["logs"])?);
        let response = self
            .send(if params.is_empty() {
                request
            } else {
                request.query(&params)
            })
            .await?;
        let url = response.url().to_string();
        Ok(response
            .bytes_stream()
            .map_err(move |e| transport(Method::GET, url.clone(), e)))
    }
}
