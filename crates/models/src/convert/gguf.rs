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
        // would overflow candle's arithmetic. Of an empty tensor candle cannot make blocks.
        let values = info.shape.dims().iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim));
        if values.is_none_or(|values| values == 0 || values / 4 > bytes.len()) {
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

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;

    /// A file with a matrix of `columns` columns in Q4_1, a Q8_0 matrix and a vector.
    fn model(columns: usize, metadata: &[(&str, &Value)]) -> Vec<u8> {
        let values: Vec<f32> = (0..4 * columns).map(|index| (index as f32 * 0.37).sin()).collect();
        let matrix = Tensor::from_vec(values, (4, columns), &Device::Cpu).unwrap();
        let narrow = QTensor::quantize(&matrix, GgmlDType::Q4_1).unwrap();
        let done = QTensor::quantize(&matrix, GgmlDType::Q8_0).unwrap();
        let vector =
            QTensor::quantize(&Tensor::ones(columns, DType::F32, &Device::Cpu).unwrap(), GgmlDType::F32)
                .unwrap();
        let mut out = Cursor::new(Vec::new());
        gguf_file::write(&mut out, metadata, &[("w", &narrow), ("e", &done), ("b", &vector)]).unwrap();
        out.into_inner()
    }

    fn requantised(bytes: &[u8]) -> Result<Vec<u8>, ConvertError> {
        let mut out = Cursor::new(Vec::new());
        requantise(bytes, &mut out)?;
        Ok(out.into_inner())
    }

    fn tensor(bytes: &[u8], name: &str) -> QTensor {
        let mut file = Cursor::new(bytes);
        Content::read(&mut file).unwrap().tensor(&mut file, name, &Device::Cpu).unwrap()
    }

    #[test]
    fn matrices_become_q8_0_and_the_rest_stays() {
        let tokens = Value::Array(vec![Value::String("a".into()), Value::String("Ġb".into())]);
        let source = model(64, &[("tokenizer.ggml.tokens", &tokens), ("general.file_type", &Value::U32(3))]);
        let result = requantised(&source).unwrap();
        for (name, format) in [("w", GgmlDType::Q8_0), ("e", GgmlDType::Q8_0), ("b", GgmlDType::F32)] {
            let (before, after) = (tensor(&source, name), tensor(&result, name));
            assert_eq!((after.dtype(), after.shape()), (format, before.shape()));
            let distance =
                (before.dequantize(&Device::Cpu).unwrap() - after.dequantize(&Device::Cpu).unwrap()).unwrap();
            let distance =
                distance.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar::<f32>().unwrap();
            assert!(distance <= if name == "w" { 0.6 / 127.0 } else { 0.0 }, "{name}: {distance}");
        }
        let metadata = Content::read(&mut Cursor::new(&result)).unwrap().metadata;
        assert_eq!(metadata["general.file_type"].to_u32().unwrap(), MOSTLY_Q8_0);
        assert_eq!(metadata["tokenizer.ggml.tokens"].to_vec().unwrap()[1].to_string().unwrap(), "Ġb");
        assert_eq!(requantised(&source).unwrap(), result, "the same bytes again");
    }

    #[test]
    fn damaged_files_are_errors() {
        let whole = model(32, &[("general.name", &Value::String("tiny".into()))]);
        let data = Content::read(&mut Cursor::new(&whole)).unwrap().tensor_data_offset as usize;
        for length in (0..data).chain([data, whole.len() - 64]) {
            requantised(&whole[..length]).unwrap_err();
        }
        // Each field of the header in turn claims something absurd; none may panic or fill the memory.
        for place in 0..data - 8 {
            let mut forged = whole.clone();
            forged[place..place + 8].fill(0xff);
            let _ = requantised(&forged);
            forged[place..place + 8].fill(0);
            let _ = requantised(&forged);
        }
        let aligned = model(32, &[("general.alignment", &Value::U32(0))]);
        assert!(requantised(&aligned).unwrap_err().to_string().contains("alignment"));
    }
}
