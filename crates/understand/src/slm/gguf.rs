//! A GGUF file whose shape is checked before anything large is allocated.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;

use candle_core::Device;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::quantized::gguf_file::{Content, TensorInfo, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use carvoice_core::engine::EngineError;

use super::dimensions::Dimensions;

/// Name of the model in error messages and in `models/manifest.toml`.
pub const MODEL: &str = "smollm2-135m";

/// Bytes read at a time from the front of the file, which is mostly short strings.
const BUFFER: usize = 1 << 16;

/// Bytes that several threads can read at once.
pub trait Source: Sync {
    /// How many there are.
    ///
    /// # Errors
    /// When that cannot be known.
    fn size(&self) -> io::Result<u64>;

    /// Fills `buffer` with the bytes from `offset` on.
    ///
    /// # Errors
    /// When they end before, or reading fails.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()>;
}

impl Source for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buffer, offset)
    }
}

impl Source for Vec<u8> {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = self.get(start..).and_then(|bytes| bytes.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// An opened model file.
pub struct Gguf<S = File> {
    source: S,
    metadata: Metadata,
    dimensions: Dimensions,
    size: u64,
}

impl Gguf {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`EngineError::Model`] when it is missing, not GGUF, cut short, of a family that is not
    /// supported, or when its metadata and tensors do not fit together.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let file = File::open(path).map_err(|error| broken(format!("{}: {error}", path.display())))?;
        Self::read(file)
    }
}

impl<S: Source> Gguf<S> {
    /// Like [`Gguf::open`] for anything that holds the bytes of a file.
    ///
    /// # Errors
    /// As [`Gguf::open`].
    pub fn read(source: S) -> Result<Self, EngineError> {
        let size = source.size().map_err(broken)?;
        let mut front = BufReader::with_capacity(BUFFER, Front { source: &source, size, at: 0 });
        let content =
            Content::read(&mut front).map_err(|error| broken(format!("not a whole GGUF file: {error}")))?;
        let metadata = Metadata(content);
        let dimensions = Dimensions::read(&metadata)?;
        let gguf = Self { source, metadata, dimensions, size };
        gguf.check_tensors()?;
        Ok(gguf)
    }

    /// Dimensions of the model.
    #[must_use]
    pub fn dimensions(&self) -> &Dimensions {
        &self.dimensions
    }

    /// What the file tells of itself.
    #[must_use]
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Whether there is a tensor of this name.
    #[must_use]
    pub fn has_tensor(&self, name: &str) -> bool {
        self.metadata.tensor_shape(name).is_some()
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// When it is missing or the file ends in it.
    pub fn tensor(&self, name: &str) -> Result<QTensor, EngineError> {
        let (kind, data) = (self.format(name)?, self.data(name)?);
        let shape = self.metadata.tensor_shape(name).unwrap_or_default().to_vec();
        qtensor_from_ggml(kind, &data, shape, &Device::Cpu)
            .map_err(|error| broken(format!("tensor {name}: {error}")))
    }

    /// The format of a tensor.
    ///
    /// # Errors
    /// When it is missing.
    pub fn format(&self, name: &str) -> Result<GgmlDType, EngineError> {
        Ok(self.metadata.info(name)?.ggml_dtype)
    }

    /// The bytes of a tensor.
    ///
    /// # Errors
    /// As [`Gguf::tensor`].
    pub fn data(&self, name: &str) -> Result<Vec<u8>, EngineError> {
        let info = self.metadata.info(name)?;
        let (start, length) = self.extent(name, info)?;
        let mut data = vec![0; length];
        self.source.read_at(&mut data, start).map_err(|error| broken(format!("tensor {name}: {error}")))?;
        Ok(data)
    }

    /// Every tensor the model needs is there, has the right shape and lies within the file, and there is none
    /// that the graph would leave out.
    fn check_tensors(&self) -> Result<(), EngineError> {
        let d = &self.dimensions;
        let mut expected = vec![
            ("token_embd.weight".to_owned(), vec![d.vocabulary, d.hidden]),
            ("output_norm.weight".to_owned(), vec![d.hidden]),
        ];
        for layer in 0..d.layers {
            let full = |name: &str| format!("blk.{layer}.{name}.weight");
            expected.extend(d.norms().into_iter().map(|(name, width)| (full(name), vec![width])));
            expected
                .extend(d.projections().filter_map(|name| Some((full(name), d.projection(name)?.to_vec()))));
        }
        let optional = [
            ("output.weight", vec![d.vocabulary, d.hidden]),
            ("rope_freqs.weight", vec![d.rotary.width / 2]),
            ("rope_factors_short.weight", vec![d.rotary.width / 2]),
            ("rope_factors_long.weight", vec![d.rotary.width / 2]),
        ];
        let present = optional.into_iter().filter(|(name, _)| self.has_tensor(name));
        expected.extend(present.map(|(name, shape)| (name.to_owned(), shape)));
        for (name, shape) in &expected {
            let info = self.metadata.info(name)?;
            if info.shape.dims() != shape {
                return Err(broken(format!("tensor {name} is {:?}, expected {shape:?}", info.shape.dims())));
            }
            self.extent(name, info)?;
        }
        let known: HashSet<&str> = expected.iter().map(|(name, _)| name.as_str()).collect();
        let mut strange: Vec<&str> =
            self.metadata.tensor_names().filter(|name| !known.contains(name)).collect();
        strange.sort_unstable();
        match strange.first() {
            Some(name) => Err(broken(format!("tensor {name} belongs to no {} model", d.architecture.name()))),
            None => Ok(()),
        }
    }

    /// Where the bytes of a tensor begin and how many they are.
    fn extent(&self, name: &str, info: &TensorInfo) -> Result<(u64, usize), EngineError> {
        let (values, block) = (info.shape.elem_count(), info.ggml_dtype.block_size());
        if !values.is_multiple_of(block) {
            return Err(broken(format!("tensor {name} of {values} values is cut into blocks of {block}")));
        }
        let length = values / block * info.ggml_dtype.type_size();
        let start = self.metadata.0.tensor_data_offset.saturating_add(info.offset);
        let end = start.saturating_add(length as u64);
        if end > self.size {
            return Err(broken(format!(
                "the file is cut short: tensor {name} would end at byte {end} of {}",
                self.size
            )));
        }
        Ok((start, length))
    }
}

/// What a file tells of itself.
pub struct Metadata(Content);

impl Metadata {
    /// Whether there is an entry of this name.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.0.metadata.contains_key(key)
    }

    /// A text.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn string(&self, key: &str) -> Result<&str, EngineError> {
        self.value(key)?
            .to_string()
            .map(String::as_str)
            .map_err(|_| broken(format!("metadata {key} is not text")))
    }

    /// A list of texts.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn strings(&self, key: &str) -> Result<Vec<&str>, EngineError> {
        let wrong = || broken(format!("metadata {key} is not a list of strings"));
        let values = self.value(key)?.to_vec().map_err(|_| wrong())?;
        values.iter().map(|value| value.to_string().map(String::as_str).map_err(|_| wrong())).collect()
    }

    /// A list of numbers.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn numbers(&self, key: &str) -> Result<Vec<f64>, EngineError> {
        let wrong = || broken(format!("metadata {key} is not a list of numbers"));
        let values = self.value(key)?.to_vec().map_err(|_| wrong())?;
        values.iter().map(|value| number(value).ok_or_else(wrong)).collect()
    }

    /// A list of yes and no; none when it is missing or something else.
    #[must_use]
    pub fn flags(&self, key: &str) -> Option<Vec<bool>> {
        self.0.metadata.get(key)?.to_vec().ok()?.iter().map(|value| value.to_bool().ok()).collect()
    }

    /// Yes or no; no when it is missing.
    ///
    /// # Errors
    /// When it is something else.
    pub fn flag(&self, key: &str) -> Result<bool, EngineError> {
        let Some(value) = self.0.metadata.get(key) else { return Ok(false) };
        value.to_bool().map_err(|_| broken(format!("metadata {key} is {value:?}, expected true or false")))
    }

    /// A number.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn number(&self, key: &str) -> Result<f64, EngineError> {
        let value = self.value(key)?;
        number(value).ok_or_else(|| broken(format!("metadata {key} is {value:?}, expected a number")))
    }

    /// A number above 0.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn positive(&self, key: &str) -> Result<f32, EngineError> {
        let value = self.number(key)? as f32;
        if value.is_finite() && value > 0.0 {
            return Ok(value);
        }
        Err(broken(format!("metadata {key} is {value}, expected a positive number")))
    }

    /// A whole number from 1 to `most`.
    ///
    /// # Errors
    /// When it is missing or something else.
    pub fn size(&self, key: &str, most: usize) -> Result<usize, EngineError> {
        let value = self.number(key)?;
        if value.fract() == 0.0 && (1.0..=most as f64).contains(&value) {
            return Ok(value as usize);
        }
        Err(broken(format!("metadata {key} is {value}, expected 1 to {most}")))
    }

    /// The shape of a tensor: rows, then values in a row.
    #[must_use]
    pub fn tensor_shape(&self, name: &str) -> Option<&[usize]> {
        self.0.tensor_infos.get(name).map(|info| info.shape.dims())
    }

    fn tensor_names(&self) -> impl Iterator<Item = &str> {
        self.0.tensor_infos.keys().map(String::as_str)
    }

    fn info(&self, name: &str) -> Result<&TensorInfo, EngineError> {
        self.0.tensor_infos.get(name).ok_or_else(|| broken(format!("tensor {name} is missing")))
    }

    fn value(&self, key: &str) -> Result<&Value, EngineError> {
        self.0.metadata.get(key).ok_or_else(|| broken(format!("metadata {key} is missing")))
    }
}

/// The file is of no use: [`EngineError::Model`] for [`MODEL`].
pub(crate) fn broken(reason: impl std::fmt::Display) -> EngineError {
    EngineError::model(MODEL, reason)
}

fn number(value: &Value) -> Option<f64> {
    match *value {
        Value::U8(value) => Some(value.into()),
        Value::I8(value) => Some(value.into()),
        Value::U16(value) => Some(value.into()),
        Value::I16(value) => Some(value.into()),
        Value::U32(value) => Some(value.into()),
        Value::I32(value) => Some(value.into()),
        Value::U64(value) => Some(value as f64),
        Value::I64(value) => Some(value as f64),
        Value::F32(value) => Some(value.into()),
        Value::F64(value) => Some(value),
        _ => None,
    }
}

/// Reads a source from its beginning. Asking for the position, which candle does before every string, costs
/// nothing here and a system call on a file.
struct Front<'a, S> {
    source: &'a S,
    size: u64,
    at: u64,
}

impl<S: Source> Read for Front<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let length = buffer.len().min(left);
        self.source.read_at(&mut buffer[..length], self.at)?;
        self.at += length as u64;
        Ok(length)
    }
}

impl<S: Source> Seek for Front<'_, S> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(offset) => self.size.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.at.checked_add_signed(offset),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
