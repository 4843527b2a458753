//! Signatures of the manifest, in the format of minisign (Ed25519).

use std::fs;
use std::path::Path;

use minisign_verify::{PublicKey, Signature};

use crate::manifest::Manifest;
use crate::{StoreError, shipped};

/// The signature beside a manifest in a set.
pub(crate) const FILE: &str = "manifest.toml.minisig";
/// The signature that comes with the program, of the manifest that is in it.
const SHIPPED: &str = "models/manifest.toml.minisig";

/// The key that manifests must be signed with; nothing is checked without one.
#[derive(Debug, Default)]
pub(crate) struct Key(Option<PublicKey>);

impl Key {
    /// The key in base64, as in the second line of a `minisign.pub`; none when that is empty.
    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Self(None));
        }
        PublicKey::from_base64(text)
            .map(|key| Self(Some(key)))
            .map_err(|error| StoreError::Key(error.to_string()))
    }

    /// Checks the manifest of `folder`. Without a signature there, the one that comes with the program counts.
    /// Gives the signature, if one was asked for.
    pub(crate) fn check(&self, manifest: &Manifest, folder: &Path) -> Result<Option<String>, StoreError> {
        let Some(key) = &self.0 else { return Ok(None) };
        let fault = |reason: String| StoreError::Signature { folder: folder.to_owned(), reason };
        let text = match fs::read_to_string(folder.join(FILE)) {
            Ok(text) => text,
            Err(_) => {
                let shipped = shipped::read(SHIPPED).map_err(|_| fault("it is not signed".to_owned()))?;
                String::from_utf8(shipped).map_err(|error| fault(error.to_string()))?
            }
        };
        Signature::decode(&text)
            .and_then(|signature| key.verify(manifest.text().as_bytes(), &signature, false))
            .map_err(|error| fault(format!("its signature is not one of models.public_key ({error})")))?;
        Ok(Some(text))
    }
}
