//! The index of boot images: which there are, who has them, and which names are used up.

use crate::GoTime;
use crate::json::Strict;
use serde::{Deserialize, Serialize};

/// Most images in an index.
pub const MAX_IMAGES: usize = 5;
/// Most URLs of one image.
pub const MAX_IMAGE_URLS: usize = 10;
/// Most names in the list of deleted images.
pub const MAX_DELETED: usize = 10;

record! {
    /// A kernel with its initial root file system.
    pub struct Image {
        /// Name, unique in its index and not to be used again after deletion.
        "id" id: String,
        /// When it was uploaded.
        "date" date: GoTime,
        /// Bytes of its files together.
        "size" size: i64,
        /// Where servers may pull it from.
        "urls" urls: Option<Vec<String>>,
        /// Whether the answering server has it; without meaning in etcd.
        "exists" exists: bool,
    }
}

/// True for what may name an image: letters, digits, `.` and `-`, and not only dots (it becomes a directory).
#[must_use]
pub fn is_valid_image_id(id: &str) -> bool {
    let body = |b: u8| b.is_ascii_alphanumeric() || b == b'.' || b == b'-';
    !id.is_empty() && id.len() <= 255 && id.bytes().all(body) && id.bytes().any(|b| b != b'.')
}

/// True for what may name an operating system: lower case letters, digits and `.`, and not only dots.
#[must_use]
pub fn is_valid_image_os(os: &str) -> bool {
    let body = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.';
    !os.is_empty() && os.len() <= 255 && os.bytes().all(body) && os.bytes().any(|b| b != b'.')
}

/// Images of one operating system, the newest last.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ImageIndex(pub Vec<Image>);

impl ImageIndex {
    /// The image with that name.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&Image> {
        self.0.iter().find(|image| image.id == id)
    }

    /// Adds `image` as the newest and returns the names of those that no longer fit. One that is there already keeps its
    /// entry and becomes the newest: uploading again is how an operator goes back to it.
    pub fn append(&mut self, image: Image) -> Vec<String> {
        if let Some(at) = self.0.iter().position(|i| i.id == image.id) {
            let entry = self.0.remove(at);
            self.0.push(entry);
            return Vec::new();
        }
        self.0.push(image);
        let surplus = self.0.len().saturating_sub(MAX_IMAGES);
        self.0.drain(..surplus).map(|image| image.id).collect()
    }

    /// Takes an image out; `None` when there is none of that name.
    pub fn remove(&mut self, id: &str) -> Option<Image> {
        let at = self.0.iter().position(|image| image.id == id)?;
        Some(self.0.remove(at))
    }

    /// Notes that `url` has the image too. `false`: nothing to change (unknown image, known URL, or enough URLs).
    pub fn add_url(&mut self, id: &str, url: &str) -> bool {
        let Some(image) = self.0.iter_mut().find(|image| image.id == id) else {
            return false;
        };
        add_url(&mut image.urls, url, MAX_IMAGE_URLS)
    }
}

/// Adds `url` to a list with room for `max`; `false` when it is known or there is no room.
pub(crate) fn add_url(urls: &mut Option<Vec<String>>, url: &str, max: usize) -> bool {
    let urls = urls.get_or_insert_default();
    let adds = urls.len() < max && !urls.iter().any(|u| u == url);
    if adds {
        urls.push(url.to_owned());
    }
    adds
}

/// Names that may not be used again, the latest last; `null` as long as nothing was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeletedImages(pub Option<Vec<String>>);

impl DeletedImages {
    /// True when the name is used up.
    #[must_use]
    pub fn contains(&self, id: &str) -> bool {
        self.0.iter().flatten().any(|deleted| deleted == id)
    }

    /// Adds names, keeping the latest [`MAX_DELETED`].
    pub fn extend(&mut self, ids: impl IntoIterator<Item = String>) {
        let mut ids = ids.into_iter().peekable();
        if ids.peek().is_none() {
            return;
        }
        let list = self.0.get_or_insert_default();
        list.extend(ids);
        list.drain(..list.len().saturating_sub(MAX_DELETED));
    }
}

impl Strict for ImageIndex {
    fn first_unknown(&self) -> Option<String> {
        self.0.first_unknown()
    }
}

#[cfg(test)]
mod tests;
