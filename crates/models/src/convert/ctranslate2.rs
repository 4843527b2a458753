//! Reads the `model.bin` of CTranslate2, binary version 6: a list of named, little-endian, unaligned
//! variables, then a list of aliases. Every length in the file is checked against what is left of it.

use std::collections::BTreeMap;

use half::f16;

use super::ConvertError;

/// The one binary version that is understood.
const BINARY_VERSION: u32 = 6;
/// Type number of a half-precision variable.
const F16: u8 = 4;
/// Type number of a 16-bit integer variable.
const I16: u8 = 2;

/// One named variable. Data is row-major.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variable<'a> {
    dims: [usize; 3],
    rank: usize,
    kind: u8,
    data: &'a [u8],
}

impl<'a> Variable<'a> {
    /// Extent of each dimension, slowest first.
    pub(super) fn dims(&self) -> &[usize] {
        self.dims.get(..self.rank).unwrap_or_default()
    }

    /// The raw half-precision values, two bytes each.
    pub(super) fn halves(&self) -> Result<&'a [u8], ConvertError> {
        if self.kind == F16 {
            Ok(self.data)
        } else {
            Err(ConvertError::Input(format!("type {}, expected f16", self.kind)))
        }
    }

    /// The variable as one 16-bit integer.
    pub(super) fn scalar(&self) -> Option<i16> {
        if self.kind != I16 {
            return None;
        }
        self.data.try_into().ok().map(i16::from_le_bytes)
    }

    /// Part `index` of `count` equal parts along the first dimension.
    pub(super) fn part(&self, index: usize, count: usize) -> Option<Self> {
        let rows = self.dims().first()?;
        if count == 0 || rows % count != 0 || index >= count {
            return None;
        }
        let bytes = self.data.len() / count;
        let mut part = *self;
        *part.dims.first_mut()? = rows / count;
        part.data = self.data.get(index * bytes..(index + 1) * bytes)?;
        Some(part)
    }

    /// True when every value is zero, of either sign.
    pub(super) fn is_zero(&self) -> bool {
        self.kind == F16 && self.data.chunks_exact(2).all(|value| half(value) == f16::ZERO)
    }
}

/// The half-precision number in the first two bytes of `bytes`.
pub(super) fn half(bytes: &[u8]) -> f16 {
    bytes.first_chunk().map_or(f16::ZERO, |bytes| f16::from_le_bytes(*bytes))
}

/// A parsed file.
#[derive(Debug)]
pub(super) struct Archive<'a> {
    /// Name of the architecture, for example `WhisperSpec`.
    pub(super) architecture: &'a str,
    /// Revision of the architecture's layout.
    pub(super) revision: u32,
    variables: BTreeMap<&'a str, Variable<'a>>,
}

impl<'a> Archive<'a> {
    /// Parses a whole file.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, ConvertError> {
        let mut file = Reader { rest: bytes };
        let version = file.u32()?;
        if version != BINARY_VERSION {
            return Err(ConvertError::Input(format!(
                "CTranslate2 binary version {version}, expected {BINARY_VERSION}"
            )));
        }
        let architecture = file.string()?;
        let revision = file.u32()?;
        let mut variables = BTreeMap::new();
        for _ in 0..file.u32()? {
            let name = file.string()?;
            let variable =
                file.variable().map_err(|error| ConvertError::Input(format!("variable {name}: {error}")))?;
            variables.insert(name, variable);
        }
        for _ in 0..file.u32()? {
            file.string()?;
            file.string()?;
        }
        if !file.rest.is_empty() {
            return Err(ConvertError::Input(format!(
                "{} bytes after the end of the CTranslate2 model",
                file.rest.len()
            )));
        }
        Ok(Self { architecture, revision, variables })
    }

    /// The variable called `name`.
    pub(super) fn get(&self, name: &str) -> Result<Variable<'a>, ConvertError> {
        self.variables
            .get(name)
            .copied()
            .ok_or_else(|| ConvertError::Input(format!("variable {name} is missing")))
    }

    /// How many of `{side}/layer_0`, `{side}/layer_1`, … there are.
    pub(super) fn layers(&self, side: &str) -> usize {
        let has = |layer: &usize| {
            let prefix = format!("{side}/layer_{layer}/");
            self.variables.range(prefix.as_str()..).next().is_some_and(|(name, _)| name.starts_with(&prefix))
        };
        (0..self.variables.len()).take_while(has).count()
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ConvertError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| {
            ConvertError::Input(format!(
                "the CTranslate2 model is truncated: {count} bytes needed, {} left",
                self.rest.len()
            ))
        })?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ConvertError> {
        self.take(N)?.try_into().map_err(ConvertError::input)
    }

    fn u32(&mut self) -> Result<u32, ConvertError> {
        self.array().map(u32::from_le_bytes)
    }

    /// A string: its length with the closing zero, the bytes, the zero.
    fn string(&mut self) -> Result<&'a str, ConvertError> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(length.into())?;
        let text = bytes
            .strip_suffix(&[0])
            .ok_or_else(|| ConvertError::input("a name does not end with a zero byte"))?;
        std::str::from_utf8(text).map_err(ConvertError::input)
    }

    fn variable(&mut self) -> Result<Variable<'a>, ConvertError> {
        let [rank] = self.array()?;
        let rank = usize::from(rank);
        let mut dims = [1; 3];
        let used = dims
            .get_mut(..rank)
            .ok_or_else(|| ConvertError::Input(format!("{rank} dimensions, at most 3 are known")))?;
        for dim in used {
            *dim = usize::try_from(self.u32()?).map_err(ConvertError::input)?;
        }
        let [kind] = self.array()?;
        let width = match kind {
            0 | 3 => 4,
            1 => 1,
            I16 | F16 | 5 => 2,
            other => return Err(ConvertError::Input(format!("unknown type {other}"))),
        };
        let declared = usize::try_from(self.u32()?).map_err(ConvertError::input)?;
        let expected = dims.iter().try_fold(width, |product: usize, dim| product.checked_mul(*dim));
        if expected != Some(declared) {
            return Err(ConvertError::Input(format!("{declared} bytes do not fit its shape")));
        }
        Ok(Variable { dims, rank, kind, data: self.take(declared)? })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A file with these variables: name, dimensions, type, data.
    pub(crate) fn file(variables: &[(&str, &[u32], u8, Vec<u8>)]) -> Vec<u8> {
        let string = |text: &str| [&(text.len() as u16 + 1).to_le_bytes(), text.as_bytes(), &[0]].concat();
        let mut bytes = [&6_u32.to_le_bytes()[..], &string("WhisperSpec"), &3_u32.to_le_bytes()].concat();
        bytes.extend((variables.len() as u32).to_le_bytes());
        for (name, dims, kind, data) in variables {
            bytes.extend(string(name));
            bytes.push(dims.len() as u8);
            bytes.extend(dims.iter().flat_map(|dim| dim.to_le_bytes()));
            bytes.push(*kind);
            bytes.extend((data.len() as u32).to_le_bytes());
            bytes.extend(data);
        }
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(string("alias"));
        bytes.extend(string("a"));
        bytes
    }

    fn small() -> Vec<u8> {
        let halves: Vec<u8> = (0..6).flat_map(|value| f16::from_f32(value as f32).to_le_bytes()).collect();
        file(&[("a", &[3, 2], F16, halves), ("heads", &[], I16, 8_i16.to_le_bytes().to_vec())])
    }

    #[test]
    fn variables_are_read() {
        let bytes = small();
        let archive = Archive::parse(&bytes).unwrap();
        assert_eq!((archive.architecture, archive.revision), ("WhisperSpec", 3));
        assert_eq!(archive.get("heads").unwrap().scalar(), Some(8));
        let middle = archive.get("a").unwrap().part(1, 3).unwrap();
        assert_eq!(middle.dims(), [1, 2]);
        assert_eq!(
            middle.halves().unwrap().chunks(2).map(half).collect::<Vec<_>>(),
            [f16::from_f32(2.0), f16::from_f32(3.0)]
        );
        assert!(archive.get("a").unwrap().part(0, 2).is_none());
        assert!(archive.get("b").unwrap_err().to_string().contains("variable b is missing"));
    }

    #[test]
    fn damaged_files_are_errors() {
        let whole = small();
        for length in 0..whole.len() {
            Archive::parse(&whole[..length]).unwrap_err();
        }
        Archive::parse(&[whole.as_slice(), &[0]].concat()).unwrap_err();
        for place in 0..whole.len() - 4 {
            let mut forged = whole.clone();
            forged[place..place + 4].fill(0xff);
            let _ = Archive::parse(&forged);
        }
        let wide = file(&[("a", &[u32::MAX, u32::MAX, u32::MAX], F16, vec![0; 2])]);
        assert!(Archive::parse(&wide).unwrap_err().to_string().contains("variable a"));
        let deep = file(&[("a", &[1, 1, 1, 1], F16, vec![0; 2])]);
        assert!(Archive::parse(&deep).unwrap_err().to_string().contains("4 dimensions"));
    }
}
