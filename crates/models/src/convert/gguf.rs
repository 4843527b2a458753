//! Requantises a GGUF language model to Q8_0, the block format whose dot product candle computes with
//! vector instructions on every machine. Metadata, and with it the tokenizer, is kept.

use std::borrow::Cow;
use std::io::{Cursor, Seek, Write};

use candle_core::quantized::gguf_file::{self, Content, Value};
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{Device, Tensor};
use half::f16;

use super::ConvertError;

/// Values in one Q8_0 block, which share a scale.
const BLOCK: usize = 32;
/// `general.file_type` of a file whose matrices are Q8_0, as llama.cpp numbers it.
const MOSTLY_Q8_0: u32 = 7;
/// Metadata that moves the tensors inside the file. candle divides by it unchecked and writes without it.
const ALIGNMENT: &[u8] = b"general.alignment";

/// Writes `bytes` with every matrix in Q8_0. Vectors, and matrices that are Q8_0 already, stay as they are.
/// Metadata and tensors are written in the order of their names: candle reads them into a hash map.
pub(super) fn requantise<W: Write + Seek>(bytes: &[u8], out: &mut W) -> Result<(), ConvertError> {
    if bytes.windows(ALIGNMENT.len()).any(|window| window == ALIGNMENT) {
        return Err(ConvertError::input("GGUF files with an alignment of their own are not supported"));
    }
    let mut source = Cursor::new(bytes);
    let mut content = Content::read(&mut source).map_err(ConvertError::input)?;
    if let Some(kind) = content.metadata.get_mut("general.file_type") {
        *kind = Value::U32(MOSTLY_Q8_0);
    }
    let mut tensors = Vec::new();
    for (name, info) in &content.tensor_infos {
        // No format needs less than a quarter of a byte per value; more values than that are a lie that
        // would overflow candle's arithmetic.
        let values = info.shape.dims().iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
        if values.is_none_or(|values| values / 4 > bytes.len()) {
            return Err(ConvertError::Input(format!("tensor {name}: its shape does not fit the file")));
        }
        let tensor = content.tensor(&mut source, name, &Device::Cpu).and_then(to_q8_0);
        let tensor = tensor.map_err(|error| ConvertError::Input(format!("tensor {name}: {error}")))?;
        tensors.push((name.as_str(), tensor));
    }
    tensors.sort_by_key(|(name, _)| *name);
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (*name, tensor)).collect();
    let mut metadata: Vec<(&str, &Value)> =
        content.metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
    metadata.sort_by_key(|(key, _)| *key);
    gguf_file::write(out, &metadata, &tensors)
        .map_err(|error| ConvertError::Output(std::io::Error::other(error)))
}

/// `tensor` itself, or its values in Q8_0.
fn to_q8_0(tensor: QTensor) -> candle_core::Result<QTensor> {
    if tensor.rank() < 2 || tensor.dtype() == GgmlDType::Q8_0 {
        return Ok(tensor);
    }
    let values: Tensor = tensor.dequantize(&Device::Cpu)?;
    let values = values.flatten_all()?.to_vec1::<f32>()?;
    let storage = QStorage::from_data(Cow::Owned(quantise(&values)), &Device::Cpu, GgmlDType::Q8_0)?;
    QTensor::new(storage, tensor.shape())
}

/// Q8_0 blocks: a half-precision scale, then 32 signed bytes.
///
/// Own code instead of candle's, which rounds ties differently on Arm: the result must be the same
/// everywhere.
fn quantise(values: &[f32]) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(values.len() / BLOCK * (BLOCK + 2));
    for block in values.chunks_exact(BLOCK) {
        let peak = block.iter().fold(0_f32, |peak, value| peak.max(value.abs()));
        let scale = peak / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        blocks.extend(f16::from_f32(scale).to_le_bytes());
        blocks.extend(block.iter().flat_map(|value| ((value * inverse).round() as i8).to_le_bytes()));
    }
    blocks
}
