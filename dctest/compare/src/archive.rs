//! A tar archive in memory, as images are uploaded.

/// The archive of these members, by name and content, in their order.
///
/// # Errors
/// When a name does not fit a tar's header.
pub fn tar<'a>(members: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> anyhow::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(content.len())?);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, name, content)?;
    }
    Ok(tar.into_inner()?)
}
